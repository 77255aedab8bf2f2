"""Can one tell from what was recorded whether a label is missing? If so, it is not missing at random.

The opposite does not follow: whether a wave went unmarked because of the very value that is missing (its amplitude
was too small) cannot be seen in a table in which that value is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.errors import InputError
from abr_model.missingness.rates import require_columns
from abr_model.schema import AGE, COLUMNS_BY_NAME, FMP, HEARING_LOSS, INTENSITY, POLARITY, RATE, RESIDUAL_NOISE

KNOWN_BEFORE = tuple(c.name for c in (AGE, INTENSITY, RATE, HEARING_LOSS, POLARITY))
"""What is set or known before a recording is made."""
KNOWN_BEFORE_AND_QUALITY = (*KNOWN_BEFORE, FMP.name, RESIDUAL_NOISE.name)
"""And how it came out: no longer a cause that was there beforehand."""

FEWEST = 50
FEWEST_PATIENTS = 10
MOST_RECORDINGS = 25_000
"""Larger cohorts are judged by whole patients drawn at random until there are as many recordings."""
REPEATS = 3
"""Permutations per variable and fold."""


@dataclass(frozen=True)
class Predictability:
    """How well it can be told whether ``label`` is missing, in patients that the models have not seen.

    Parameters
    ----------
    label, variables
        What was predicted, and from what.
    auc, low, high
        Gradient boosting: mean area under the ROC curve over the folds and its 95 % interval. 0.5: no better than
        by lot; 1: always right.
    linear_auc, linear_low, linear_high
        The same of a logistic regression, as the yardstick: where it is as good, the dependence is a simple one.
    importance
        ``variable``, ``drop``, ``low``, ``high``: how much the AUC falls in unseen patients when the values of that
        variable are shuffled; largest first. Variables that say the same share their importance.
    fold_auc
        [folds] areas of gradient boosting.
    missing_share
        Share of the recordings in which the label is missing.
    recordings, patients, of_recordings
        Used, and how many recordings there were.
    """

    label: str
    variables: tuple[str, ...]
    auc: float
    low: float
    high: float
    linear_auc: float
    linear_low: float
    linear_high: float
    importance: pd.DataFrame
    fold_auc: np.ndarray
    missing_share: float
    recordings: int
    patients: int
    of_recordings: int


def predictability(
    table: pd.DataFrame,
    label: str,
    variables: Sequence[str] = KNOWN_BEFORE,
    *,
    folds: int = 5,
    seed: int = 0,
    most_recordings: int = MOST_RECORDINGS,
    progress: Callable[[float], None] | None = None,
) -> Predictability:
    """How predictable it is that ``label`` is missing, cross-validated by patient.

    Gradient boosting (scikit-learn's ``HistGradientBoostingClassifier``, which takes missing values as they are) and
    a logistic regression (medians for missing values, and whether they were missing). No patient is in the training
    and the test part of a fold.

    Parameters
    ----------
    table
        A cohort's table.
    label
        Column of the table.
    variables
        Columns to predict from; those that are the same in all recordings are passed over.
    folds, seed
        Of the cross-validation.
    most_recordings
        Draw whole patients until there are as many recordings.
    progress
        Called with the part done, 0 to 1.

    Raises
    ------
    InputError
        No such column, the label among the variables, no variable that varies, or too few recordings or patients
        with or without the label.
    """
    require_columns(table, (label, *variables))
    if label in variables:
        raise InputError("a label cannot be predicted from itself", column=label)
    rows = _whole_patients(table, most_recordings, seed)
    part = table.iloc[rows]
    target = part[label].isna().to_numpy()
    patient = pd.factorize(part["patient_id"])[0]
    _enough(label, target, patient, folds)
    used = tuple(name for name in variables if _varies(part[name]))
    if not used:
        raise InputError("none of the variables varies, so nothing can be told from them", value=", ".join(variables))
    features, classes = _features(part, used)
    scores, linear, drops = _cross_validated(features, classes, target, patient, folds, seed, progress)
    share_tested = 1 / (folds - 1)  # recordings tested per recording trained on
    auc, low, high = _interval(scores, share_tested)
    linear_auc, linear_low, linear_high = _interval(linear, share_tested)
    return Predictability(
        label, used, auc, low, high, linear_auc, linear_low, linear_high, _importance(used, drops, share_tested),
        scores, float(target.mean()), len(part), int(patient.max()) + 1, len(table),
    )  # fmt: skip


def _cross_validated(features, classes, target, patient, folds, seed, progress):
    """AUC of both models in each fold [F], and the drop of the first's for each variable [F, V]."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    chance = np.random.default_rng(seed)
    splits = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(features, target, patient)
    scores, linear, drops = [], [], []
    for fold, (train, test) in enumerate(splits):
        if len(np.unique(target[test])) < 2 or len(np.unique(target[train])) < 2:
            raise InputError("the label is missing in too few patients to be tested in all folds")
        boosted = _boosted(classes, seed).fit(features[train], target[train])
        straight = _logistic(classes).fit(features[train], target[train])
        scores.append(roc_auc_score(target[test], boosted.predict_proba(features[test])[:, 1]))
        linear.append(roc_auc_score(target[test], straight.predict_proba(features[test])[:, 1]))
        drop = []
        for variable in range(features.shape[1]):
            shuffled = features[test].copy()
            again = []
            for _ in range(REPEATS):
                shuffled[:, variable] = chance.permutation(features[test, variable])
                again.append(roc_auc_score(target[test], boosted.predict_proba(shuffled)[:, 1]))
            drop.append(scores[-1] - np.mean(again))
        drops.append(drop)
        if progress is not None:
            progress((fold + 1) / folds)
    return np.array(scores), np.array(linear), np.array(drops)


def _boosted(classes: list[int], seed: int):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=80, max_leaf_nodes=15, learning_rate=0.1, categorical_features=classes, early_stopping=False,
        random_state=seed,
    )  # fmt: skip


def _logistic(classes: list[int]):
    from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer  # noqa: F401
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True), StandardScaler()
    )
    one_hot = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=-1), OneHotEncoder(handle_unknown="ignore", drop="if_binary")
    )
    columns = ColumnTransformer(
        [("classes", one_hot, classes)], remainder=numbers, sparse_threshold=0, verbose_feature_names_out=False
    )
    return make_pipeline(columns, LogisticRegression(max_iter=500))


def _features(table: pd.DataFrame, variables: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """[N, V] numbers (a class is its number, NaN is missing), and which variables are classes."""
    columns, classes = [], []
    for i, name in enumerate(variables):
        values = table[name]
        if COLUMNS_BY_NAME[name].kind == "number":
            columns.append(values.to_numpy(float))
            continue
        classes.append(i)
        codes = pd.factorize(values, sort=True)[0].astype(float)
        codes[codes < 0] = np.nan
        columns.append(codes)
    return np.column_stack(columns), classes


def _varies(values: pd.Series) -> bool:
    return values.nunique(dropna=False) > 1


def _whole_patients(table: pd.DataFrame, most: int, seed: int) -> np.ndarray:
    if len(table) <= most:
        return np.arange(len(table))
    patient, found = pd.factorize(table["patient_id"])
    order = np.random.default_rng(seed).permutation(len(found))
    counts = np.bincount(patient, minlength=len(found))[order]
    drawn = order[: max(1, int(np.searchsorted(np.cumsum(counts), most, side="right")))]
    return np.flatnonzero(np.isin(patient, drawn))


def _enough(label: str, target: np.ndarray, patient: np.ndarray, folds: int) -> None:
    for words, mask in (("missing", target), ("known", ~target)):
        recordings, patients = int(mask.sum()), len(np.unique(patient[mask]))
        if recordings < FEWEST or patients < max(FEWEST_PATIENTS, folds):
            raise InputError(
                f"the label is {words} too rarely for this",
                column=label,
                value=f"{recordings:,} recordings of {patients:,} patients",
                allowed=f"{FEWEST} recordings of {max(FEWEST_PATIENTS, folds)} patients or more",
            )


def _interval(values: np.ndarray, share_tested: float) -> tuple[float, float, float]:
    """Mean over folds and its 95 % interval, widened because folds share training data.

    Nadeau & Bengio 2003, Machine Learning 52, 239–281: the variance of the mean is (1/folds + tested/trained)·s².
    """
    from scipy.stats import t

    mean = float(values.mean())
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 / len(values) + share_tested))
    return mean, max(0.0, mean - half), min(1.0, mean + half)


def _importance(variables: tuple[str, ...], drops: np.ndarray, share_tested: float) -> pd.DataFrame:
    # A drop lies between −1 and 1; half of it plus a half is an area again, with the same interval.
    rows = [
        (name, *(2 * edge - 1 for edge in _interval((drop + 1) / 2, share_tested)))
        for name, drop in zip(variables, drops.T, strict=True)
    ]
    table = pd.DataFrame(rows, columns=["variable", "drop", "low", "high"])
    return table.sort_values("drop", ascending=False, ignore_index=True, kind="stable")
