"""Physiology of a cohort against published pass bands, cell by cell, each with its n.

Works on any table with the columns of a cohort: recordings as a clinic marked them, the true responses of the
simulator (:mod:`abr_model.realism.experiment`), generated recordings with their labels.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd

import abr_model.realism.pass_bands as bands
from abr_model.realism.check import FEWEST, NOT_HERE, TOO_FEW, TOO_UNCERTAIN, Check
from abr_model.realism.ears import AGE_BANDS, AGE_WORDS, MATURE_YEARS, SLOWEST_FAST_RATE, normal_ears, of_age, paired
from abr_model.realism.pass_bands import PassBand
from abr_model.realism.sampling_error import PatientBootstrap, error_of_share, error_over_patients
from abr_model.schema import RESIDUAL_NOISE, WAVES

AS_MARKED = "Physiology, as marked in this cohort"
TRUE_RESPONSES = "Physiology, true responses"
LEVELS = (80.0, 60.0, 40.0, 20.0)
SLOW, FAST = 10.0, 100.0
SURE = 1.96
"""Standard errors by which a number must be outside of its band to be called so."""


def check_physiology(
    table: pd.DataFrame, group: str = AS_MARKED, prefix: str = "marked", *, sweeps_set: bool = False
) -> list[Check]:
    """Every pass band that applies to normal ears, measured on the labels of ``table``.

    A cell with fewer than 10 ears is "too few". It is "too uncertain" where it is outside of the band by less than
    1.96 standard errors over patients (of a hundred small cells some are outside by chance), or inside with a standard
    error of more than a quarter of the band's width (it may be inside by chance).

    Parameters
    ----------
    table
        A cohort's table, or one with the same columns.
    group
        Heading of the rows.
    prefix
        Start of their keys: the same checks are made of several tables.
    sweeps_set
        The number of sweeps was set by an experiment and not by an operator who watches the noise.
    """
    ears = normal_ears(table)
    by_age = {band: of_age(ears, ages) for band, ages in AGE_BANDS.items()}
    cells = _Cells(group, prefix)
    unpaired = len(ears) > 0 and not ears["subject"].duplicated().any()
    for band, part in by_age.items():
        _slopes(cells, part, band, unpaired)
    for band, part in by_age.items():
        if band != "newborn":
            _monotony(cells, part, band)
    _order(cells, ears)
    _interpeak(cells, by_age)
    _newborn_delay(cells, by_age["newborn"], of_age(ears, MATURE_YEARS))
    _rate(cells, ears)
    _sex(cells, by_age["adults"])
    for band in ("adults", "children", "infants"):
        _amplitudes(cells, by_age[band], band)
    for level in LEVELS:
        _detectability(cells, ears, level)
    _noise(cells, table, sweeps_set)
    return cells.checks


class _Cells:
    """Collects the checks of one table."""

    def __init__(self, group: str, prefix: str):
        self.group, self.prefix, self.checks = group, prefix, []

    def add(
        self, band: PassBand, cell: str, words: str, values, patients, statistic: Callable, of: str = "ears",
        note: str = "", judged: bool = True,
    ) -> None:  # fmt: skip
        """A check of ``statistic`` over ``values`` [n] of ``patients`` [n]."""
        values = np.asarray(values, dtype=np.float64)
        measured = statistic(values) if len(values) else np.nan
        error = error_over_patients(values, patients, statistic) if len(values) >= FEWEST else None
        if error is not None and band.unit == "%":
            error = max(error, 100 * error_of_share(measured / 100, len(values)))
        self.put(band, cell, words, measured, error, len(values), of, note, judged)

    def put(
        self, band: PassBand, cell: str, words: str, measured: float, error: float | None, n: int, of: str = "ears",
        note: str = "", judged: bool = True,
    ) -> None:  # fmt: skip
        """A check whose number and error are known."""
        untold = "" if n >= FEWEST else TOO_FEW if n else NOT_HERE
        untold = untold or (TOO_UNCERTAIN if _uncertain(band, measured, error) else "")
        name = f"{band.name}, {words}" if words else band.name
        key = "_".join(part for part in (self.prefix, band.key, cell) if part)
        limits = {"low": band.low, "high": band.high} if judged else {}
        self.checks.append(
            Check(key, name, self.group, float(measured), band.unit, n=n, of=of, error=error, note=note,
                  source=band.source, untold=untold if judged else "", **limits)
        )  # fmt: skip


def _uncertain(band: PassBand, measured: float, error: float | None) -> bool:
    """Whether the error leaves open on which side of a limit the number is."""
    width = band.high - band.low
    if error is None or width == 0:
        return False
    if not np.isfinite(error):  # a single patient
        return True
    outside = max(band.low - measured, measured - band.high)
    return outside <= SURE * error if outside > 0 else error > width / 4


def _slope_of_means(cells: _Cells, ears: pd.DataFrame, band: str, slope: PassBand, first: float, second: float) -> None:
    """For recordings of which no two are of one ear, as generated ones."""
    loud, soft = _at(ears, first), _at(ears, second)
    n, words = min(len(loud), len(soft)), AGE_WORDS[band]
    difference, error = _difference(soft, loud) if n else (np.nan, np.nan)
    scale = 10 / (first - second)
    note = f"{len(loud)} and {len(soft)} different ears: those without a wave at the lower level are left out"
    cells.put(slope, band, words, scale * difference, scale * error, n, note=note)


def _slopes(cells: _Cells, ears: pd.DataFrame, band: str, unpaired: bool) -> None:
    for (first, second), slope in zip(pairwise(LEVELS), bands.V_SLOPES, strict=True):
        if unpaired:
            _slope_of_means(cells, ears, band, slope, first, second)
            continue
        pairs = paired(ears, first, second, "latency_V")
        per_10_db = 10 * (pairs["second"] - pairs["first"]) / (first - second)
        cells.add(slope, band, AGE_WORDS[band], per_10_db, pairs["patient_id"], np.mean, note="same ear at both levels")


def _monotony(cells: _Cells, ears: pd.DataFrame, band: str) -> None:
    """Over the levels of each ear, those closer than 20 dB to the last one passed over: a cursor is not set finer."""
    seen = ears.dropna(subset="latency_V").sort_values(["subject", "level"], ascending=[True, False])
    falls, patients = [], []
    for _, ear in seen.groupby("subject"):
        latencies = _apart(ear["level"].to_numpy(), ear["latency_V"].to_numpy(), 20.0)
        if len(latencies) > 1:
            falls.append(100.0 * bool(np.all(np.diff(latencies) > 0)))
            patients.append(ear["patient_id"].iloc[0])
    cells.add(bands.V_MONOTONY, band, AGE_WORDS[band], falls, patients, np.mean, note="levels at least 20 dB apart")


def _apart(levels: np.ndarray, values: np.ndarray, least: float) -> np.ndarray:
    """Values at falling levels, leaving out those closer than ``least`` to the level before."""
    kept, last = [], np.inf
    for level, value in zip(levels, values, strict=True):
        if last - level >= least:
            kept.append(value)
            last = level
    return np.array(kept)


def _order(cells: _Cells, ears: pd.DataFrame) -> None:
    waves = ears[[f"latency_{w}" for w in WAVES]].to_numpy()
    several = np.isfinite(waves).sum(axis=1) > 1
    order = np.array([np.all(np.diff(w[np.isfinite(w)]) > 0) for w in waves[several]], dtype=float)
    cells.add(bands.ORDER, "", "", 100 * order, ears["patient_id"][several], np.mean, of="ears × levels")


def _interpeak(cells: _Cells, by_age: dict[str, pd.DataFrame]) -> None:
    adults = by_age["adults"]
    for band, first, second in ((bands.I_III, "I", "III"), (bands.III_V, "III", "V")):
        gap = _interval(adults, first, second)
        inside = 100 * ((gap["gap"] >= 1.5) & (gap["gap"] <= 2.5)).astype(float)
        cells.add(band, "adults", "adults", inside, gap["patient_id"], np.mean, of="ears × levels")
    loud = {name: _interval(part[part["level"].between(70, 90)], "I", "V") for name, part in by_age.items()}
    note = "70–90 dB"
    for name, band in (("adults", bands.I_V), ("newborn", bands.I_V_NEWBORN)):
        gap = _per_ear(loud[name])
        cells.add(band, name, AGE_WORDS[name], gap["gap"], gap["patient_id"], np.mean, note=note)
    gap = _per_ear(loud["adults"])
    cells.add(bands.I_V_SD, "adults", "adults", gap["gap"], gap["patient_id"], _sd, note=note)


def _interval(ears: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    gap = (ears[f"latency_{second}"] - ears[f"latency_{first}"]).dropna()
    return pd.DataFrame({"patient_id": ears["patient_id"], "subject": ears["subject"], "gap": gap}).dropna()


def _per_ear(gap: pd.DataFrame) -> pd.DataFrame:
    return gap.groupby("subject").agg(patient_id=("patient_id", "first"), gap=("gap", "mean"))


def _newborn_delay(cells: _Cells, newborn: pd.DataFrame, mature: pd.DataFrame) -> None:
    young, grown = (_at(part, 80.0) for part in (newborn, mature))
    n = min(len(young), len(grown))
    difference, error = _difference(young, grown) if n else (np.nan, None)
    note = f"{len(young)} ears to 4 weeks, {len(grown)} ears of 3 to 44 years, when wave V is mature"
    cells.put(bands.NEWBORN_DELAY, "", "", difference, error, n, note=note)


def _difference(first: pd.DataFrame, second: pd.DataFrame) -> tuple[float, float]:
    """First − second mean of wave V latency of two groups of ears, and its standard error."""
    errors = [error_over_patients(part["latency_V"], part["patient_id"]) for part in (first, second)]
    return first["latency_V"].mean() - second["latency_V"].mean(), float(np.hypot(*errors))


def _sex(cells: _Cells, adults: pd.DataFrame) -> None:
    """Women − men at the same level and rate: slope of latency on sex, both without the mean of their cell."""
    seen = adults[adults["level"].between(40, 90) & adults["sex"].isin(["female", "male"])].dropna(subset="latency_V")
    woman = (seen["sex"] == "female").astype(float)
    cell = [seen["level"], seen["rate"]]
    x = (woman - woman.groupby(cell).transform("mean")).to_numpy()
    y = (seen["latency_V"] - seen["latency_V"].groupby(cell).transform("mean")).to_numpy()
    n = int(seen.groupby("sex")["subject"].nunique().reindex(["female", "male"]).fillna(0).min())
    note = "same level (40–90 dB) and rate; ears of the smaller group"
    if not (x**2).sum() > 0:
        cells.put(bands.SEX, "adults", "adults", np.nan, None, n, note=note)
        return
    error = PatientBootstrap.of(seen["patient_id"]).error_of_slope(x, y)
    cells.put(bands.SEX, "adults", "adults", float((x @ y) / (x @ x)), error, n, note=note)


def _at(ears: pd.DataFrame, level: float) -> pd.DataFrame:
    return ears[np.isclose(ears["level"], level)].dropna(subset="latency_V")


def _rate(cells: _Cells, ears: pd.DataFrame) -> None:
    slow = ears["rate"].between(0.8 * SLOW, 1.2 * SLOW)
    fast = ears["rate"].between(0.8 * FAST, 1.2 * FAST)
    adults = ears[ears["age"] >= 18].assign(rate=np.select([slow, fast], [SLOW, FAST], np.nan)[ears["age"] >= 18])
    pairs = paired(adults, SLOW, FAST, "latency_V", by="rate")
    shift = pairs["second"] - pairs["first"]
    cells.add(
        bands.RATE, "adults", "adults", shift, pairs["patient_id"], np.mean, note="same ear and level at both rates"
    )


def _amplitudes(cells: _Cells, ears: pd.DataFrame, band: str) -> None:
    loud = ears[ears["level"].between(70, 80)]
    both = loud[(loud["amplitude_I"] > 0) & loud["amplitude_V"].notna()]
    ratio = (both["amplitude_V"] / both["amplitude_I"]).groupby(both["subject"]).mean()
    patients = both.groupby("subject")["patient_id"].first()
    judged = band != "infants"
    note = "" if judged else "the band comes from adults and school children; newborns' wave V is small beside I"
    cells.add(bands.V_TO_I, band, AGE_WORDS[band], ratio, patients, np.median, note=note, judged=judged)
    for level in (70.0, 80.0):
        part = loud[np.isclose(loud["level"], level)].dropna(subset="amplitude_V")
        words = f"{AGE_WORDS[band]}, {level:g} dB"
        cells.add(bands.V_SPREAD, f"{band}_{level:g}", words, part["amplitude_V"], part["patient_id"], _spread)


def _detectability(cells: _Cells, ears: pd.DataFrame, level: float) -> None:
    part = ears[np.isclose(ears["level"], level) & ~(ears["rate"] > SLOWEST_FAST_RATE)]
    if not len(part):
        cells.put(bands.DETECTABILITY, f"{level:g}", f"{level:g} dB", np.nan, None, 0)
        return
    weight = part["repeats"].to_numpy()
    seen = {wave: part[f"marked_{wave}"].to_numpy() for wave in WAVES}
    shares = {wave: 100 * np.average(marked, weights=weight) for wave, marked in seen.items()}
    lead, first, second = min((shares[a] - shares[b], a, b) for a, b in (("V", "III"), ("III", "I")))
    # A weighted mean is the slope of its weighted values on the weights, through the origin.
    root = np.sqrt(weight)
    error = 100 * PatientBootstrap.of(part["patient_id"]).error_of_slope(root, root * (seen[first] - seen[second]))
    note = ", ".join(f"{wave} {share:.0f} %" for wave, share in reversed(shares.items()))
    cells.put(bands.DETECTABILITY, f"{level:g}", f"{level:g} dB", lead, error, len(part), note=note)


def _noise(cells: _Cells, table: pd.DataFrame, sweeps_set: bool) -> None:
    """Slope of log residual noise on log sweeps within each patient's visit.

    Only an experiment that sets the sweeps can tell: in a clinic noisy patients are given more of them.
    """
    known = table[[RESIDUAL_NOISE.name, "sweeps_accepted"]].dropna()
    known = known[(known > 0).all(axis=1)]
    if len(known) < FEWEST:
        cells.put(bands.NOISE_SLOPE, "", "", np.nan, None, len(known), of="recordings")
        return
    logs = np.log(known.astype(float))
    who = [table.loc[known.index, "patient_id"], table.loc[known.index, "age_years"].fillna(-1)]
    logs -= logs.groupby(who).transform("mean")
    x, y = logs["sweeps_accepted"], logs[RESIDUAL_NOISE.name]
    slope = float((x * y).sum() / (x**2).sum()) if (x**2).sum() > 0 else np.nan
    note = "" if sweeps_set else "not judged: the operator stops when the noise is low, so noisy recordings are longer"
    cells.put(bands.NOISE_SLOPE, "", "", slope, None, len(known), "recordings", note, judged=sweeps_set)


def _sd(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _spread(values: np.ndarray) -> float:
    return _sd(values) / float(np.mean(values)) if len(values) > 1 else float("nan")
