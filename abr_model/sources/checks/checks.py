"""What is suspicious about an import, checked before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from abr_model.cohort import Cohort
from abr_model.schema import COLUMN_NAMES
from abr_model.sources.checks.findings import Finding
from abr_model.sources.checks.known_imports import KnownImport
from abr_model.sources.checks.label_checks import label_findings
from abr_model.sources.checks.table_checks import table_findings
from abr_model.sources.checks.trace_checks import trace_findings
from abr_model.sources.report import ImportReport

_SEVERITIES = ("problem", "look", "fine")
_COMPARED = tuple(name for name in COLUMN_NAMES if name not in ("recording_id", "patient_id"))


def check_import(
    cohort: Cohort, report: ImportReport | None = None, known: Iterable[KnownImport] = ()
) -> list[Finding]:
    """Everything that can be checked of a cohort that was just imported; problems first.

    Parameters
    ----------
    cohort
        As :func:`abr_model.sources.reading.read_recordings` returns it. Corrections that were applied are read from
        its provenance, so that an offered one is the whole value to give.
    report
        Of that import: refused duplicates and zeros that became missing are findings too.
    known
        What was imported before.
    """
    details = cohort.provenance.details
    traces = trace_findings(cohort, details.get("unit"))
    labels = label_findings(cohort, _applied(details), report.wave_v if report else None)
    if any(finding.code == "unit" and finding.severity == "problem" for finding in traces):
        labels = [finding for finding in labels if finding.code != "amplitude_unit"]  # follows from the former
    findings = [
        *labels,
        *traces,
        *table_findings(cohort, details.get("mapping")),
        *(_of_report(cohort, report) if report else []),
        *_seen_before(cohort, known),
    ]
    return sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))


def _applied(details: dict) -> dict:
    """Corrections that were made, and the sampling rate if the person stated it (a mapping is the person's word)."""
    stated = details.get("given", {}).get("sampling_rate_hz") or details.get("mapping", {}).get("sampling_rate_hz")
    return {**details.get("corrections", {}), "sampling_rate_hz": stated}


def _of_report(cohort: Cohort, report: ImportReport) -> list[Finding]:
    findings = []
    total = report.recordings_read + report.recordings_refused
    duplicates = int(report.refused["reason"].str.startswith("duplicate").sum()) if len(report.refused) else 0
    if duplicates:
        said = f"{duplicates:,} of {total:,} recordings were there twice and were read once"
        findings.append(Finding("duplicates", "look", said, duplicates, total))
    if total and report.recordings_refused > 0.2 * total:
        said = f"{report.recordings_refused:,} of {total:,} recordings were refused: is each column the right one?"
        findings.append(Finding("refused", "look", said, report.recordings_refused, total))
    if report.zeros_as_missing:
        zeros = sum(report.zeros_as_missing.values())
        said = f"{zeros:,} zeros that cannot be measurements were read as missing"
        findings.append(Finding("zeros_as_missing", "fine", said, zeros, zeros))
    return findings


def _seen_before(cohort: Cohort, known: Iterable[KnownImport]) -> list[Finding]:
    """The same files, the same traces with other values, other traces of the same patients."""
    details = cohort.provenance.details
    digests = {*details.get("files_sha256", []), cohort.provenance.source_sha256} - {None}
    findings, n = [], len(cohort)
    mine = cohort.table.set_index("recording_id")
    for before in known:
        what = f"{before.title!r} ({before.recordings:,} recordings)"
        if digests & before.files_sha256:
            said = f"the same file was imported before: it is in {what}"
            findings.append(Finding("imported_before", "look", said, n, n))
            continue
        theirs = before.table().set_index("recording_id")
        common = mine.index.intersection(theirs.index)
        if len(common):
            changed = _changed(mine.loc[common], theirs.loc[common])
            rows = np.flatnonzero(cohort.table["recording_id"].isin(common))
            said = f"{len(common):,} of {n:,} recordings are in {what} already"
            if changed:
                said += f", {changed:,} of them with other values: a changed file, or read in another way"
            findings.append(Finding("recordings_known", "look", said, len(common), n, rows))
            continue
        same = cohort.table["patient_id"].isin(theirs["patient_id"])
        if same.any():
            rows = np.flatnonzero(same)
            patients = cohort.table["patient_id"][same].nunique()
            said = f"{patients:,} patients are in {what} too, with other traces: new ones, or changed ones"
            findings.append(Finding("patients_known", "look", said, len(rows), n, rows))
    return findings


def _changed(mine, theirs) -> int:
    """Recordings with a value that differs; a column that one of the two does not have is not compared."""
    names = [name for name in _COMPARED if name in mine and name in theirs]
    different = np.zeros(len(mine), dtype=bool)
    for name in names:
        a, b = mine[name], theirs[name]
        same = (a.to_numpy() == b.to_numpy()) | (a.isna().to_numpy() & b.isna().to_numpy())
        different |= ~np.asarray(same, dtype=bool)
    return int(different.sum())
