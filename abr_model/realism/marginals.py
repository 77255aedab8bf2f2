"""Who was recorded and how: age, level, rate and hearing-loss class, within the sampling error of such a clinic.

The published clinic is one draw of 2,043 patients, the cohort is another. Allowed is what two clinics drawn from one
population differ by, 95 of 100 times: 1.96 √2 standard errors. The error is that of the cohort, over patients, whose
recordings go together (20 of them are no 20 independent ages); a quantile's is read through the distribution (Woodruff
1952), because levels and completed years come in steps.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from abr_model.realism.check import SELECTED_ONLY, Check, around
from abr_model.realism.published import PUBLISHED_BY, class_share, published_clinic
from abr_model.realism.sampling_error import TWO_CLINICS_95, PatientBootstrap, error_of_share
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES, INTENSITY, RATE

MARGINALS = "Age, level, rate and hearing loss"
CONDITION_WORDS = (
    (AGE.name, "Age, completed years", "years"),
    (INTENSITY.name, "Level", "dB nHL"),
    (RATE.name, "Rate", "/s"),
)


def completed_years(age) -> np.ndarray:
    """Age as the clinic published it."""
    return np.floor(np.asarray(age, dtype=np.float64))


def marginals(table: pd.DataFrame, whole_clinic: bool = True) -> list[Check]:
    """Checks of the marginal distributions of a cohort's table.

    ``whole_clinic`` False reports them without judging: the recordings are a selection, the published numbers are of
    all recordings.
    """
    export = published_clinic()["export"]
    bootstrap = PatientBootstrap.of(table["patient_id"])
    checks = []
    for column, words, unit in CONDITION_WORDS:
        values = table[column].to_numpy(dtype=np.float64)
        values = completed_years(values) if column == AGE.name else values
        checks += _distribution(column, words, unit, values, export[column], bootstrap)
    age_missing = table[AGE.name].isna()
    checks.append(
        _share("age_missing", "Age missing", age_missing, export["missing"]["age"] / export["recordings"], bootstrap)
    )
    level = table[INTENSITY.name].dropna()
    checks.append(
        Check("levels", "Level, different values", MARGINALS, float(level.nunique()) if len(level) else np.nan,
              **around(export[INTENSITY.name]["distinct_levels"], 0), n=len(level), source=PUBLISHED_BY)
    )  # fmt: skip
    rate = table[RATE.name]
    for at in ("33.1", "39.1"):
        there = np.isclose(rate, float(at)).astype(float)
        share = np.where(rate.notna(), there, np.nan)
        checks.append(_share(f"rate_{at}", f"Rate {at} /s", share, export[RATE.name][f"share_{at}"], bootstrap))
    known = table[HEARING_LOSS.name].notna()
    for hearing in HEARING_LOSSES:
        flags = np.where(known, table[HEARING_LOSS.name] == hearing.code, np.nan).astype(float)
        checks.append(_share(f"class_{hearing.code}", hearing.label, flags, class_share(hearing.code), bootstrap))
    return checks if whole_clinic else [replace(check, untold=SELECTED_ONLY) for check in checks]


def _distribution(column: str, words: str, unit: str, values: np.ndarray, theirs: dict, bootstrap) -> list[Check]:
    """Mean, SD and quartiles."""
    known = values[np.isfinite(values)]
    more = {"group": MARGINALS, "unit": unit, "n": len(known), "source": PUBLISHED_BY}
    if not len(known):
        return [Check(f"{column}_mean", f"{words}, mean", measured=np.nan, **around(theirs["mean"], 0), **more)]
    checks = []
    for key, name, value, error in (
        ("mean", "mean", known.mean(), bootstrap.error_of_mean(values)),
        ("sd", "SD", known.std(), bootstrap.error_of_sd(values)),
    ):
        limits = around(theirs[key], TWO_CLINICS_95 * error)
        checks.append(
            Check(f"{column}_{key}", f"{words}, {name}", measured=float(value), error=error, **limits, **more)
        )
    for percent in (25, 50, 75):
        value = float(np.quantile(known, percent / 100))
        low, high = bootstrap.quantile_interval(values, percent / 100, TWO_CLINICS_95)
        published = float(theirs[f"p{percent}"])
        # The published quantile must lie in the interval about ours; said the other way round, as for the other rows.
        limits = {"published": published, "low": published - (high - value), "high": published + (value - low)}
        checks.append(Check(f"{column}_p{percent}", f"{words}, {percent} % quantile", measured=value, **limits, **more))
    return checks


def _share(key: str, name: str, flags, published: float, bootstrap: PatientBootstrap) -> Check:
    flags = np.asarray(flags, dtype=np.float64)
    known = flags[np.isfinite(flags)]
    value, error = np.nan, 0.0
    if len(known):
        value = 100 * float(known.mean())
        error = 100 * max(bootstrap.error_of_mean(flags), error_of_share(value / 100, bootstrap.patients))
    limits = around(100 * published, TWO_CLINICS_95 * error)
    return Check(key, name, MARGINALS, value, "%", error=error, **limits, n=len(known), source=PUBLISHED_BY)
