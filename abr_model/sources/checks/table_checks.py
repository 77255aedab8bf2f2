"""Checks of an import's table: zeros that mean missing, odd conditions, patients that contradict themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.schema import AGE, COLUMNS_BY_NAME, INTENSITY, LATENCIES, RATE, RESIDUAL_NOISE, latency_column
from abr_model.sources.checks.findings import Correction, Finding

NEVER_ZERO = (*(c.name for c in LATENCIES), RESIDUAL_NOISE.name, "sweeps_accepted")
_PLAUSIBLE_NOISE_NV = 1.0
_USUAL_RATES = (5.0, 100.0)
_LEVEL_STEP_DB = 5.0
_AGES_APART = 5.0
"""A patient seen over more years than this may be two patients, or one with a mistyped age."""
_FEWEST = 30


def table_findings(cohort: Cohort, mapping: dict | None) -> list[Finding]:
    """What the table of ``cohort`` shows; ``mapping`` is the one that was given, as in the provenance."""
    table = cohort.table
    return [
        *_zeros(table, mapping),
        *_ages(table, mapping),
        *_levels(table),
        *_rates(table),
        *_noise(table),
        *_patients(table),
    ]


def _zeros(table: pd.DataFrame, mapping: dict | None) -> list[Finding]:
    """Zeros in columns where 0 cannot be a measurement."""
    findings = []
    for name in NEVER_ZERO:
        rows = np.flatnonzero(table[name].to_numpy() == 0)
        if len(rows):
            column, of = COLUMNS_BY_NAME[name], int(table[name].notna().sum())
            said = f"{column.in_sentence} is 0 in {len(rows):,} of {of:,} recordings, which cannot be: 0 for missing?"
            findings.append(Finding("zeros", "problem", said, len(rows), of, rows, _zero_is_missing(name, mapping)))
    return findings


def _ages(table: pd.DataFrame, mapping: dict | None) -> list[Finding]:
    age = table[AGE.name].to_numpy()
    known = int(np.isfinite(age).sum())
    newborns = np.flatnonzero(age == 0)
    findings = []
    if len(newborns):
        said = f"{len(newborns):,} recordings have age 0: newborns, unless the clinic writes 0 for an unknown age"
        if len(newborns) == known and known > 1:
            said = f"all {known:,} ages are 0: newborns, or does the clinic write 0 for an unknown age?"
        mend = _zero_is_missing(AGE.name, mapping)
        findings.append(Finding("age_zero", "look", said, len(newborns), known, newborns, mend))
    elif known and table["patient_id"][np.isfinite(age)].nunique() > 5 and np.nanmin(age) == np.nanmax(age):
        said = f"all {known:,} recordings of several patients have the same age, {np.nanmin(age):g} years"
        findings.append(Finding("age_same", "look", said, known, known))
    return findings


def _zero_is_missing(name: str, mapping: dict | None) -> Correction | None:
    """With a mapping, zeros of a column can be told to be missing."""
    if mapping is None:
        return None
    values = {column: tuple(codes) for column, codes in mapping.get("missing_values", {}).items()}
    values[name] = (*values.get(name, ()), "0")
    return Correction("missing_values", values, f"zeros become missing in {COLUMNS_BY_NAME[name].in_sentence}")


def _levels(table: pd.DataFrame) -> list[Finding]:
    level = table[INTENSITY.name].to_numpy()
    known = np.isfinite(level)
    findings = []
    odd = np.flatnonzero(known & (np.abs(level / _LEVEL_STEP_DB - np.rint(level / _LEVEL_STEP_DB)) > 1e-6))
    if len(odd) > 0.2 * known.sum():
        said = (
            f"{len(odd):,} of {known.sum():,} levels are no multiple of 5 dB: are they dB nHL? (peSPL, or a scale "
            "of your own, needs an offset)"
        )
        findings.append(Finding("level_scale", "look", said, len(odd), int(known.sum()), odd))
    latency = table[latency_column("V")].to_numpy()
    both = known & np.isfinite(latency)
    if both.sum() >= _FEWEST and np.ptp(level[both]) > 20:
        ranks = pd.DataFrame({"level": level[both], "latency": latency[both]}).rank()
        r, n = float(ranks["level"].corr(ranks["latency"])), int(both.sum())
        said = f"wave V comes earlier at higher levels (rank correlation {r:.2f}, {n:,} recordings), as it should"
        if r <= -0.2:
            findings.append(Finding("level_latency", "fine", said, n, n))
        else:
            said = (
                f"wave V does not come earlier at higher levels (rank correlation {r:+.2f}, {n:,} recordings) – are "
                "the columns of level and latency the right ones?"
            )
            findings.append(Finding("level_latency", "problem" if r > 0.2 else "look", said, n, n))
    return findings


def _rates(table: pd.DataFrame) -> list[Finding]:
    rate = table[RATE.name].to_numpy()
    odd = np.flatnonzero((rate < _USUAL_RATES[0]) | (rate > _USUAL_RATES[1]))
    if not len(odd):
        return []
    known = int(np.isfinite(rate).sum())
    said = f"{len(odd):,} of {known:,} stimulus rates lie outside {_USUAL_RATES[0]:g} to {_USUAL_RATES[1]:g} per second"
    return [Finding("rate", "look", said, len(odd), known, odd)]


def _noise(table: pd.DataFrame) -> list[Finding]:
    noise = table[RESIDUAL_NOISE.name]
    noise = noise[noise > 0]
    if not len(noise) or noise.median() >= _PLAUSIBLE_NOISE_NV:
        return []
    n = len(noise)
    said = f"residual noise was read as nV, but its median is {noise.median():.3g}: it may be in µV"
    mend = Correction("residual_noise_unit", "µV", "residual noise is then a thousand times larger")
    return [Finding("noise_unit", "problem", said, n, n, correction=mend)]


def _patients(table: pd.DataFrame) -> list[Finding]:
    patient = table["patient_id"]
    n, patients = len(table), patient.nunique()
    findings = []
    sexes = table.groupby(patient)["sex"].transform("nunique").to_numpy()
    ages = table.groupby(patient)[AGE.name].transform(lambda a: a.max() - a.min()).to_numpy()
    for code, which, what in (
        ("two_sexes", sexes > 1, "both sexes"),
        ("ages_apart", ages > _AGES_APART, f"ages more than {_AGES_APART:g} years apart"),
    ):
        rows = np.flatnonzero(which)
        if len(rows):
            several = patient.iloc[rows].nunique()
            said = f"{several:,} of {patients:,} patients have {what}: one number for two people, or a mistyped cell?"
            findings.append(Finding(code, "look", said, len(rows), n, rows))
    if n >= _FEWEST and patients == n:
        said = f"each of the {n:,} recordings is of another patient: is the patient's column the right one?"
        findings.append(Finding("patients", "look", said, n, n))
    elif n >= 500 and patients == 1:
        said = f"all {n:,} recordings are of one patient: is the patient's column the right one?"
        findings.append(Finding("patients", "look", said, n, n))
    return findings
