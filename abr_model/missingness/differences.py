"""Value against missing: how recordings that lack a label differ from those that have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.missingness.rates import require_columns
from abr_model.schema import (
    AGE,
    COLUMNS_BY_NAME,
    FMP,
    HEARING_LOSS,
    INTENSITY,
    LABEL_NAMES,
    POLARITY,
    RATE,
    RESIDUAL_NOISE,
)

COMPARED = (
    *(c.name for c in (AGE, INTENSITY, RATE, FMP, RESIDUAL_NOISE)),
    "sweeps_accepted",
    *LABEL_NAMES,
    HEARING_LOSS.name,
    POLARITY.name,
    "ear",
    "sex",
)
FEWEST = 20
"""A comparison needs as many known values on either side."""
FEWEST_PATIENTS = 5
RESAMPLES = 500
_Z = 1.959964

# Upper ends of "negligible", "small", "medium"; above them an effect is "large".
DELTA_SIZES = (0.147, 0.33, 0.474)
V_SIZES = (0.1, 0.3, 0.5)
_WORDS = ("negligible", "small", "medium", "large")


@dataclass(frozen=True)
class Differences:
    """What differs between recordings without a label and those with it.

    Parameters
    ----------
    label
        Column whose being missing is looked at.
    missing, present
        Recordings on either side.
    table
        One row a variable, largest effect first: ``variable``, ``measure`` ("δ" for numbers, "V" for classes),
        ``effect``, ``low``, ``high`` (95 %), ``strength`` (in words), ``missing_n``, ``present_n`` (known values),
        ``missing_median``, ``present_median`` (numbers), ``category``, ``missing_share``, ``present_share``
        (classes: the one whose share differs most).
    left_out
        Variables that could not be compared, with the reason.
    """

    label: str
    missing: int
    present: int
    table: pd.DataFrame
    left_out: dict[str, str]


def differences(
    table: pd.DataFrame, label: str, variables: Sequence[str] = COMPARED, *, resamples: int = RESAMPLES, seed: int = 0
) -> Differences:
    """Compare each variable between the recordings in which ``label`` is missing and those in which it is known.

    Numbers: medians and Cliff's δ; δ > 0 where the values are higher when the label is missing. Classes: shares and
    Cramér's V. Intervals take account of recordings coming from the same patient.

    Parameters
    ----------
    table
        A cohort's table.
    label
        Column of the table.
    variables
        Columns to compare; ``label`` itself and columns missing in the same recordings are passed over.
    resamples, seed
        Bootstrap of patients for Cramér's V.

    Raises
    ------
    InputError
        No such column, or the label is missing in all recordings or in none.
    """
    require_columns(table, (label, *variables))
    lacks = table[label].isna().to_numpy()
    if not lacks.any() or lacks.all():
        where = "all recordings" if lacks.any() else "no recording"
        raise InputError(f"the label is missing in {where}, so there is nothing to compare", column=label)
    patient = pd.factorize(table["patient_id"])[0]
    drawn = _patients_drawn(int(patient.max()) + 1, resamples, seed)
    rows, left_out = [], {}
    for name in variables:
        known = table[name].notna().to_numpy()
        if name == label or (not (known & lacks).any() and not (~known & ~lacks).any()):
            continue  # the label itself, or a value that is there exactly where the label is
        few = _too_few(known, lacks, patient)
        if few:
            left_out[name] = few
        elif COLUMNS_BY_NAME[name].kind == "number":
            rows.append(_of_numbers(name, table[name].to_numpy(float), known, lacks, patient))
        else:
            rows.append(_of_classes(name, table[name], known, lacks, patient, drawn))
    compared = pd.DataFrame(rows, columns=_COLUMNS)
    order = np.argsort(-compared["effect"].abs().to_numpy(float), kind="stable")
    return Differences(
        label, int(lacks.sum()), int((~lacks).sum()), compared.iloc[order].reset_index(drop=True), left_out
    )


def cliffs_delta(
    first: np.ndarray, second: np.ndarray, first_cluster: np.ndarray, second_cluster: np.ndarray
) -> tuple[float, float, float]:
    """Cliff's δ of two samples and its 95 % interval, with observations clustered (by patient).

    δ = P(a > b) − P(a < b) for a of the first and b of the second sample: 1 if all of the first are larger, 0 if
    neither tends to be (Cliff 1993, Psychological Bulletin 114, 494–509). δ = 2·AUC − 1; the variance is that of an
    AUC of clustered data (Obuchowski 1997, Biometrics 53, 567–578), the interval symmetric in the AUC's logit.

    Parameters
    ----------
    first, second
        [n], [m] values, none missing.
    first_cluster, second_cluster
        [n], [m] whole numbers from 0 on: whose the values are; one cluster may be in both samples.

    Returns
    -------
    tuple
        δ, low, high. The interval is NaN where the samples do not overlap or there is one cluster only.
    """
    _, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    n, m = len(first), len(second)
    counts_first = np.bincount(place[:n], minlength=place.max() + 1)
    counts_second = np.bincount(place[n:], minlength=place.max() + 1)
    above = (np.cumsum(counts_second) - counts_second / 2) / m  # of each value: share of the second sample below it
    below = 1 - (np.cumsum(counts_first) - counts_first / 2) / n
    auc = float(counts_first @ above / n)
    clusters = int(max(first_cluster.max(), second_cluster.max())) + 1
    apart = np.bincount(first_cluster, above[place[:n]] - auc, minlength=clusters) / n
    apart += np.bincount(second_cluster, below[place[n:]] - auc, minlength=clusters) / m
    used = len(np.union1d(first_cluster, second_cluster))
    if used < 2 or not 0 < auc < 1:
        return 2 * auc - 1, np.nan, np.nan
    error = np.sqrt(used / (used - 1) * (apart**2).sum())
    logit, half = np.log(auc / (1 - auc)), _Z * error / (auc * (1 - auc))
    low, high = (1 / (1 + np.exp(-edge)) for edge in (logit - half, logit + half))
    return 2 * auc - 1, 2 * low - 1, 2 * high - 1


def cramers_v(counts: np.ndarray) -> float:
    """Cramér's V of a [..., K, 2] table of counts, corrected for bias (Bergsma 2013, J Korean Stat Soc 42, 323–328).

    0: the shares are the same on both sides; 1: one side says which class it is. Classes that do not occur count as
    none.
    """
    counts = np.asarray(counts, dtype=float)
    total = counts.sum(axis=(-2, -1))
    rows, columns = counts.sum(axis=-1, keepdims=True), counts.sum(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = rows * columns / total[..., None, None]
        phi2 = np.nansum(np.where(expected > 0, (counts - expected) ** 2 / expected, 0), axis=(-2, -1)) / total
        k, r = (rows > 0).sum(axis=(-2, -1)), (columns > 0).sum(axis=(-2, -1))
        corrected = np.maximum(0, phi2 - (k - 1) * (r - 1) / (total - 1))
        k, r = k - (k - 1) ** 2 / (total - 1), r - (r - 1) ** 2 / (total - 1)
        v = np.sqrt(corrected / np.minimum(k - 1, r - 1))
    return np.where(np.isfinite(v), np.minimum(v, 1), 0.0)[()]


def effect_size(effect: float, measure: str) -> str:
    """ "negligible", "small", "medium" or "large".

    δ: 0.147, 0.33, 0.474 (Romano et al. 2006, Florida Association of Institutional Research); V with two columns:
    0.1, 0.3, 0.5 (Cohen 1988, Statistical Power Analysis, chapter 7).
    """
    return _WORDS[int(np.searchsorted(DELTA_SIZES if measure == "δ" else V_SIZES, abs(effect), side="right"))]


_COLUMNS = (
    "variable", "measure", "effect", "low", "high", "strength", "missing_n", "present_n", "missing_median",
    "present_median", "category", "missing_share", "present_share",
)  # fmt: skip


def _too_few(known, lacks, patient) -> str:
    for side, mask in (("missing", known & lacks), ("known", known & ~lacks)):
        if mask.sum() < FEWEST:
            number = int(mask.sum())
            return f"{number or 'no'} known value{'' if number == 1 else 's'} where the label is {side}"
        if len(np.unique(patient[mask])) < FEWEST_PATIENTS:
            return f"fewer than {FEWEST_PATIENTS} patients where the label is {side}"
    return ""


def _of_numbers(name, values, known, lacks, patient) -> tuple:
    without, having = known & lacks, known & ~lacks
    delta, low, high = cliffs_delta(values[without], values[having], patient[without], patient[having])
    return (
        name, "δ", delta, low, high, effect_size(delta, "δ"), int(without.sum()), int(having.sum()),
        float(np.median(values[without])), float(np.median(values[having])), None, np.nan, np.nan,
    )  # fmt: skip


def _patients_drawn(patients: int, resamples: int, seed: int) -> np.ndarray:
    """[resamples, patients] how often each patient is drawn; float32, so that counts are one matrix product."""
    share = np.full(patients, 1 / patients)
    return np.random.default_rng(seed).multinomial(patients, share, size=resamples).astype(np.float32)


def _of_classes(name, values, known, lacks, patient, drawn: np.ndarray) -> tuple:
    present = set(values[known].unique())
    classes = [c for c in COLUMNS_BY_NAME[name].classes if c in present] or sorted(present)
    codes = pd.Categorical(values, categories=classes).codes[known].astype(int)
    patients, cells = drawn.shape[1], 2 * len(classes)
    cell = patient[known] * cells + 2 * codes + ~lacks[known]
    counts = np.bincount(cell, minlength=patients * cells).reshape(patients, cells)
    whole = counts.sum(axis=0).reshape(len(classes), 2)
    effect = float(cramers_v(whole))
    again = cramers_v((drawn @ counts.astype(np.float32)).reshape(-1, len(classes), 2))
    low, high = np.quantile(again, [0.025, 0.975])
    shares = whole / whole.sum(axis=0)
    most = int(np.argmax(np.abs(shares[:, 0] - shares[:, 1])))
    return (
        name, "V", effect, float(low), float(high), effect_size(effect, "V"), int(whole[:, 0].sum()),
        int(whole[:, 1].sum()), np.nan, np.nan, classes[most], float(shares[most, 0]), float(shares[most, 1]),
    )  # fmt: skip
