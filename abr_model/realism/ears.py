"""Normal ears at each level: the cells that physiology is checked in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.realism.check import FEWEST
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE, WAVES, amplitude_column, latency_column

NEWBORN_YEARS = 28 / 365.25
"""The neonatal period."""
AGE_BANDS = {
    "newborn": (0.0, NEWBORN_YEARS),
    "infants": (NEWBORN_YEARS, 1.0),
    "children": (1.0, 18.0),
    "adults": (18.0, np.inf),
}
AGE_WORDS = {
    "newborn": "newborn (to 4 weeks)",
    "infants": "4 weeks to 1 year",
    "children": "1 to 17 years",
    "adults": "adults",
}
MATURE_YEARS = (3.0, 45.0)
"""Wave V is mature from the third year and does not yet age (Gorga 1989, Jerger & Hall 1980; physiology notes 4)."""
LEVEL_WITHIN_DB = 2.5
"""A recording belongs to the nearest level on a 5 dB grid."""
SLOWEST_FAST_RATE = 60.0
"""Rates above this count as fast: their latencies are not mixed with a clinic's usual 10 to 50 /s."""


def normal_ears(table: pd.DataFrame) -> pd.DataFrame:
    """One row per ear, visit, rate and level of the ears with normal hearing; repeats are averaged.

    Parameters
    ----------
    table
        A cohort's table, or one with the same columns.

    Returns
    -------
    DataFrame
        ``patient_id``, ``ear``, ``age``, ``sex``, ``rate``, ``level`` (5 dB grid); ``latency_I`` … and
        ``amplitude_V`` (means over the marked repeats, NaN where none is marked); ``marked_I`` … (share of repeats),
        ``repeats``; ``subject``: number of the ear at its visit and rate.
    """
    normal = table[
        (table[HEARING_LOSS.name] == "normal").to_numpy(dtype=bool) & table[INTENSITY.name].notna().to_numpy()
    ]
    values = pd.DataFrame(
        {
            "patient_id": normal["patient_id"],
            "ear": normal["ear"].fillna("not said"),
            "age": normal[AGE.name].fillna(-1.0),
            "sex": normal["sex"].fillna("not said"),
            "rate": normal[RATE.name].fillna(-1.0),
            "level": (normal[INTENSITY.name] / (2 * LEVEL_WITHIN_DB)).round() * 2 * LEVEL_WITHIN_DB,
        }
    )
    for wave in WAVES:
        values[f"latency_{wave}"] = normal[latency_column(wave)]
        values[f"amplitude_{wave}"] = normal[amplitude_column(wave)]
        values[f"marked_{wave}"] = normal[latency_column(wave)].notna().astype(float)
    values["repeats"] = 1.0
    by = ["patient_id", "ear", "age", "sex", "rate"]
    values["subject"] = values.groupby(by, sort=False).ngroup()
    grouped = values.groupby([*by, "subject", "level"], sort=False)
    ears = grouped.mean()
    ears["repeats"] = grouped["repeats"].sum()
    return ears.reset_index().replace({"age": {-1.0: np.nan}, "rate": {-1.0: np.nan}})


def of_age(ears: pd.DataFrame, ages: tuple[float, float]) -> pd.DataFrame:
    """The ears of these years of age (upper end excluded), tested at a clinic's usual rates."""
    low, high = ages
    return ears[(ears["age"] >= low) & (ears["age"] < high) & ~(ears["rate"] > SLOWEST_FAST_RATE)]


def paired(ears: pd.DataFrame, first: float, second: float, value: str, by: str = "level") -> pd.DataFrame:
    """``value`` of the same ear at two levels (or rates): columns ``patient_id``, ``first``, ``second``.

    Pairing keeps who has a wave at all out of the difference: at low levels the late ears drop out.
    """
    keys = ["patient_id", "ear", "age", "level" if by == "rate" else "subject"]
    a, b = (ears[np.isclose(ears[by], at)][[*keys, value]].dropna(subset=value) for at in (first, second))
    both = a.merge(b, on=keys, suffixes=("_first", "_second"))
    return both.rename(columns={f"{value}_first": "first", f"{value}_second": "second"})[
        ["patient_id", "first", "second"]
    ]


def wave_v_function(ears: pd.DataFrame) -> pd.DataFrame:
    """Wave V's latency–intensity function: ``level``, ``mean`` and ``sd`` in ms, ``n`` ears (at least 10)."""
    levels = ears.dropna(subset="latency_V").groupby("level")["latency_V"].agg(["mean", "std", "size"])
    levels = levels[levels["size"] >= FEWEST].reset_index()
    return levels.rename(columns={"std": "sd", "size": "n"})
