"""A cohort beside the published clinic, row by row.

Every number that the original clinic published is worked out in the same way from a cohort. Rows with a tolerance are
met or not met; those published without one are reported (:mod:`abr_model.realism.also_published`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.preparation import SelectionRules
from abr_model.realism.also_published import also_published
from abr_model.realism.check import SELECTED_ONLY, Check, around, percent
from abr_model.realism.kept import Kept, keep
from abr_model.realism.marginals import marginals
from abr_model.realism.published import PUBLISHED_BY, published_clinic, published_trace, wave_v_marked
from abr_model.realism.sampling_error import PatientBootstrap
from abr_model.recordings import Recordings
from abr_model.schema import (
    FMP,
    HEARING_LOSS,
    HEARING_LOSSES,
    LABEL_NAMES,
    POLARITY,
    WAVES,
    amplitude_column,
    latency_column,
)

SELECTION = "Selection"
MARKS = "Marked waves"
LABELS = "Latency and amplitude after selection"
TRACE = "Average trace after selection"

WHOLE_LABELS = (
    "marks beyond the 13.3 ms that the network sees count: the published numbers come from the clinic's label "
    "columns, which reach 18.5 ms; only training leaves such marks out"
)
LATENCY_WITHIN_MS, AMPLITUDE_WITHIN_UV = 0.1, 0.04
LATENCY_SD_WITHIN, AMPLITUDE_SD_WITHIN = 0.20, 0.25
"""Of the published SD."""
TRACE_LIMITS = {"mean": (0.98, 0.02), "sd": (0.95, 0.03)}
"""Least correlation, largest root mean square difference in µV."""


def compare(cohort: Recordings, rules: SelectionRules | None = None, *, kept: Kept | None = None) -> list[Check]:
    """Every published statistic of the original clinic beside the cohort's.

    Parameters
    ----------
    cohort
        Recordings of any kind, in memory or in a file. What it lacks (Fmp, labels) makes rows "not in this cohort".
    rules
        What is kept, see :func:`abr_model.realism.kept.keep`.
    kept
        What is kept, where that was worked out before.

    Returns
    -------
    list of Check
        :func:`abr_model.realism.check.as_frame` makes a table of them.
    """
    table = cohort.table
    kept = kept or keep(cohort, rules)
    return [
        *_selection(table, kept),
        *_marks(table, kept),
        *_labels(table, kept),
        *_trace(kept),
        *marginals(table, whole_clinic=kept.by_fmp),
        *also_published(table, kept),
    ]


def _selection(table: pd.DataFrame, kept: Kept) -> list[Check]:
    export = published_clinic()["export"]
    fmp = table[FMP.name].to_numpy(dtype=np.float64)
    alternating = (table[POLARITY.name] == "alternating").to_numpy(dtype=bool)
    checks = []
    for key, above, flags, published, note in (
        (
            "kept",
            "1.0",
            kept.rows,
            export["fmp"]["share_above_1_with_all_selection_rules"],
            "alternating polarity, conditions known",
        ),
        (
            "kept_above_2",
            "2.0",
            (fmp > 2) & alternating,
            export["fmp"]["above_2_alternate"] / export["recordings"],
            "alternating polarity; the published count does not ask whether the age is known",
        ),
    ):
        here = percent(flags) if kept.by_fmp else np.nan
        limits, n = around(100 * published, 2.0), len(table)
        name = f"Kept with Fmp above {above}"
        checks.append(Check(key, name, SELECTION, here, "%", **limits, n=n, note=note, source=PUBLISHED_BY))
    median = float(np.nanmedian(fmp)) if kept.by_fmp else np.nan
    limits, n = around(export["fmp"]["median"], 0.1), int(np.isfinite(fmp).sum())
    checks.append(Check("fmp_median", "Fmp, median", SELECTION, median, **limits, n=n, source=PUBLISHED_BY))
    return checks


def _marks(table: pd.DataFrame, kept: Kept) -> list[Check]:
    clinic = published_clinic()
    export = clinic["export"]
    labelled = table[list(LABEL_NAMES)].notna().any(axis=None)
    marked = {wave: table[latency_column(wave)].notna().to_numpy() for wave in WAVES}
    everyone = np.ones(len(table), dtype=bool)
    rows = [
        (f"marked_{w}", f"Wave {w} marked", w, everyone, export["latency_ms"][w]["n"] / export["recordings"], 2.0, "")
        for w in WAVES
    ]
    for hearing in HEARING_LOSSES:
        of_class = (table[HEARING_LOSS.name] == hearing.code).to_numpy(dtype=bool)
        name = f"Wave V marked, {hearing.label.lower()}"
        rows.append((f"marked_V_{hearing.code}", name, "V", of_class, wave_v_marked(hearing.code), 6.0, ""))
    present = clinic["selected"]["latency_ms"]["V"]["present"]
    rows.append(("marked_V_kept", "Wave V marked, after selection", "V", kept.rows, present, 2.0, WHOLE_LABELS))
    bootstrap = PatientBootstrap.of(table["patient_id"])
    return [
        Check(
            key,
            name,
            MARKS,
            percent(marked[wave][among]) if labelled else np.nan,
            "%",
            **around(100 * published, within),
            n=int(among.sum()),
            error=100 * bootstrap.error_of_mean(np.where(among, marked[wave], np.nan)) if among.any() else None,
            note=note,
            untold="" if kept.by_fmp or among is kept.rows else SELECTED_ONLY,
            source=PUBLISHED_BY,
        )
        for key, name, wave, among, published, within, note in rows
    ]


def _labels(table: pd.DataFrame, kept: Kept) -> list[Check]:
    """Latency and amplitude of the marked waves of the kept recordings.

    The published numbers come from the export's label columns, whose latencies reach 18.5 ms, so marks beyond the
    network's window count here, although :func:`abr_model.preparation.select` hides them from training.
    """
    published = published_clinic()["selected"]
    checks = []
    for quantity, stored, column_of, unit, mean_within, sd_within in (
        ("latency", "latency_ms", latency_column, "ms", LATENCY_WITHIN_MS, LATENCY_SD_WITHIN),
        ("amplitude", "amplitude_uv", amplitude_column, "µV", AMPLITUDE_WITHIN_UV, AMPLITUDE_SD_WITHIN),
    ):
        for wave in WAVES:
            theirs = published[stored][wave]
            values = table[column_of(wave)].to_numpy(dtype=np.float64)[kept.rows]
            values = values[np.isfinite(values)]
            some = len(values) > 1
            note = "; ".join(n for n in (kept.note, WHOLE_LABELS if wave == "V" and unit == "ms" else "") if n)
            more = {"unit": unit, "n": len(values), "note": note, "source": PUBLISHED_BY}
            name, mean, sd = f"Wave {wave} {quantity}", theirs["mean"], theirs["sd"]
            checks += [
                Check(
                    f"{quantity}_{wave}_mean",
                    f"{name}, mean",
                    LABELS,
                    float(values.mean()) if some else np.nan,
                    **around(mean, mean_within),
                    **more,
                ),
                Check(
                    f"{quantity}_{wave}_sd",
                    f"{name}, SD",
                    LABELS,
                    float(values.std()) if some else np.nan,
                    **around(sd, sd_within * sd),
                    **more,
                ),
            ]
    return checks


def _trace(kept: Kept) -> list[Check]:
    """Mean and SD over the kept recordings at each of the 200 published samples."""
    mean, sd, _ = published_trace()
    checks = []
    for key, name, theirs, ours in (("mean", "Mean trace", mean, kept.mean), ("sd", "SD trace", sd, kept.sd)):
        r = rms = np.nan
        if ours is not None:
            r = float(np.corrcoef(theirs, ours)[0, 1])
            rms = float(np.sqrt(np.mean((theirs - ours) ** 2)))
        least, most = TRACE_LIMITS[key]
        more = {"n": kept.n, "note": kept.note, "source": PUBLISHED_BY}
        difference = f"{name}: root mean square difference"
        checks += [
            Check(f"trace_{key}_r", f"{name}: correlation", TRACE, r, low=least, high=np.inf, published=1.0, **more),
            Check(f"trace_{key}_rmse", difference, TRACE, rms, "µV", low=-np.inf, high=most, published=0.0, **more),
        ]
    return checks
