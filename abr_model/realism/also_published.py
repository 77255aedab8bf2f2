"""Published statistics of the original clinic that nobody set a tolerance for: reported beside the cohort's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from abr_model.realism.check import Check, percent
from abr_model.realism.kept import Kept
from abr_model.realism.marginals import CONDITION_WORDS, completed_years
from abr_model.realism.published import PUBLISHED_BY, published_clinic
from abr_model.schema import AGE, FMP, POLARITY, WAVES, amplitude_column, latency_column

ALSO = "Also published, without a tolerance"
STATISTICS = {"mean": ("mean", np.mean), "sd": ("SD", np.std)}


def also_published(table: pd.DataFrame, kept: Kept) -> list[Check]:
    """Counts, quality, labels of all recordings, conditions after selection, spread of the samples."""
    rows = [*_counts(table), *_quality(table), *_labels(table), *_conditions(table, kept), *_samples(table, kept)]
    return [
        Check(key, name, ALSO, float(here), unit, published=float(theirs), n=int(n), note=note, source=PUBLISHED_BY)
        for key, name, unit, theirs, here, n, note in rows
    ]


def _counts(table: pd.DataFrame) -> Iterator[tuple]:
    export, n = published_clinic()["export"], len(table)
    per_patient = table.groupby("patient_id").size()
    yield "recordings", "Recordings", "", export["recordings"], n, n, ""
    yield "patients", "Patients", "", export["patients"], len(per_patient), n, ""
    for statistic, note in (
        ("mean", "the published mean is not its own 55,237 recordings over 2,043 patients, which is 27.0"),
        ("median", ""),
        ("min", ""),
        ("max", ""),
    ):
        theirs, here = export["recordings_per_patient"][statistic], getattr(per_patient, statistic)()
        name = f"Recordings per patient, {statistic}"
        yield f"per_patient_{statistic}", name, "", theirs, here, len(per_patient), note


def _quality(table: pd.DataFrame) -> Iterator[tuple]:
    export = published_clinic()["export"]
    alternating = (table[POLARITY.name].dropna() == "alternating").to_numpy(dtype=bool)
    theirs = 100 * export["polarity"]["Alternate"] / export["recordings"]
    yield "alternating", "Alternating polarity", "%", theirs, percent(alternating), len(alternating), ""
    fmp = table[FMP.name].dropna().to_numpy()
    for statistic, of in (("mean", np.mean), ("max", np.max)):
        here = of(fmp) if len(fmp) else np.nan
        yield f"fmp_{statistic}", f"Fmp, {statistic}", "", export["fmp"][statistic], here, len(fmp), ""


def _labels(table: pd.DataFrame) -> Iterator[tuple]:
    export = published_clinic()["export"]
    for quantity, stored, column_of, unit in (
        ("latency", "latency_ms", latency_column, "ms"),
        ("amplitude", "amplitude_uv", amplitude_column, "µV"),
    ):
        for wave in WAVES:
            values = table[column_of(wave)].dropna().to_numpy()
            for statistic, (words, of) in STATISTICS.items():
                name = f"Wave {wave} {quantity}, all recordings, {words}"
                here = of(values) if len(values) else np.nan
                theirs = export[stored][wave][statistic]
                yield f"all_{quantity}_{wave}_{statistic}", name, unit, theirs, here, len(values), ""
    amplitude = table[amplitude_column("V")].dropna().to_numpy()
    theirs = 100 * export["amplitude_uv"]["V"]["negative"] / export["latency_ms"]["V"]["n"]
    yield "negative_V", "Wave V amplitude below 0", "%", theirs, percent(amplitude < 0), len(amplitude), ""


def _conditions(table: pd.DataFrame, kept: Kept) -> Iterator[tuple]:
    selected = published_clinic()["selected"]
    for column, words, unit in CONDITION_WORDS:
        values = table[column][kept.rows].dropna().to_numpy()
        values = completed_years(values) if column == AGE.name else values
        for statistic, (statistic_words, of) in STATISTICS.items():
            here = of(values) if len(values) else np.nan
            name = f"{words}, after selection, {statistic_words}"
            yield f"kept_{column}_{statistic}", name, unit, selected[column][statistic], here, len(values), kept.note


def _samples(table: pd.DataFrame, kept: Kept) -> Iterator[tuple]:
    theirs = published_clinic()["export"]["first_200_samples_uv"]["sd"]
    note = "" if np.isfinite(kept.samples_sd) else "published at 15 kHz"
    yield "samples_sd", "First 200 samples, all recordings, SD", "µV", theirs, kept.samples_sd, len(table), note
    name, note = "Wave V marked within 13.3 ms, after selection", "what training sees; not published"
    yield "seen_V", name, "%", np.nan, 100 * kept.seen_v, kept.n, note
