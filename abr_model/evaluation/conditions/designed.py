"""Pass bands of physiology on a designed experiment: waves picked on the responses of the same ears everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import abr_model.realism.pass_bands as bands
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.conditions.band_table import REQUIRED_SHARE, band_table, counting, share_interval, share_met
from abr_model.evaluation.conditions.designed_experiment import (
    EARS,
    designed_generated,
    designed_true,
    with_picked_waves,
)
from abr_model.evaluation.score import Score, Section
from abr_model.generation.support import degrees
from abr_model.realism.check import FEWEST, TOO_FEW, Check
from abr_model.realism.ears import AGE_BANDS, normal_ears, paired
from abr_model.realism.experiment import AGES_YEARS
from abr_model.realism.physiology import FAST, SLOW, check_physiology
from abr_model.schema import AGE, INTENSITY, RATE

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

KEY, TITLE = "designed", "Pass bands of physiology, on a designed experiment"
SOURCE = "physiology notes 10; each band names its papers"
PREFIX = "designed"
ALIKE_DECADES = 0.15
"""Training rates that span less say nothing about an effect of rate."""
GROUPS = dict(zip(AGE_BANDS, AGES_YEARS, strict=True))
"""Name of the age of the experiment in each age band."""


def designed_section(
    comparison: Comparison, model: TrainedModel, on_progress: Callable[[float], None] | None = None
) -> Section:
    """200 generated ears of four ages at every level and at slow and fast rates, without residual noise.

    Waves are picked on the traces, not taken from the model's own report. Where the recordings come from the
    simulator, its own ears go through the same experiment and the same picking, and the bands that they meet are
    asked for; else all bands are. A band whose conditions lie outside of the training data is shown and not counted.

    Returns
    -------
    Section
        Table ``bands``: a row a band with limits, what was measured and its state for the true (``held_out``) and the
        generated ears, ``conditions`` (``"inside"``, ``"sparse"`` or ``"outside"`` of the training data), ``counts``.
    """
    told = on_progress or (lambda done: None)
    rates = _rates(comparison.train.table[RATE.name].dropna().to_numpy())
    sampling, samples = comparison.real.sampling, comparison.real.samples
    usual, others = rates["usual"], tuple(dict.fromkeys(v for k, v in rates.items() if k != "usual"))
    parts = [
        designed_generated(model, (usual,), comparison.seed, on_progress=lambda f: told(0.4 * f)),
        designed_generated(model, others, comparison.seed, ("adult",), on_progress=lambda f: told(0.4 + 0.4 * f)),
    ]
    generated = pd.concat([with_picked_waves(*part, model.sampling) for part in parts], ignore_index=True)
    checks = designed_checks(generated, rates)
    known = comparison.clean is not None
    true = _true_checks(rates, comparison.seed, sampling, samples) if known else checks
    told(0.95)
    table = band_table(true, {"generated": checks})
    table["conditions"] = [_degree(key, rates, model.support) for key in table["key"]]
    if not known:
        table[["held_out", "held_out_error"]] = np.nan
        table["held_out_state"], table["held_out_n"] = "not known", 0
    inside = (table["conditions"] != "outside").to_numpy()
    asked = table.assign(held_out_state="met") if not known else table
    counts = counting(asked, "generated", inside)
    value = share_met(asked, "generated", counts)
    against = "the simulator's ears meet in the same experiment" if known else "can be judged"
    score = Score(
        "designed_bands_met", f"Pass bands met by generated ears, of those that {against}", value, "%",
        share_interval(asked, "generated", counts, comparison.seed), allowed=(REQUIRED_SHARE, None), better="higher",
        n=int(counts.sum()), of="pass bands",
        note=f"{EARS} ears of each age, {usual:g} /s, waves picked on the responses; {int((~inside).sum())} bands "
        "outside of the training data are not counted", source=SOURCE,
        untold="" if np.isfinite(value) else "no pass band can be judged",
    )  # fmt: skip
    table.insert(list(table.columns).index("source"), "counts", counts)
    return Section(KEY, TITLE, [score], {"bands": table.drop(columns="key")})


def _rates(training: np.ndarray) -> dict[str, float]:
    """Per second: the usual one, at which levels and ages are compared; the pass band's two; the span of training."""
    low, usual, high = np.percentile(training, [1, 50, 99]).round(3)
    slow = float(np.clip(training.min(), SLOW, 1.2 * SLOW))
    rates = {"usual": float(usual), "slow": slow, "fast": FAST}
    if np.log10(high / low) >= ALIKE_DECADES:
        rates |= {"low": float(low), "high": float(high)}
    return rates


def designed_checks(table: pd.DataFrame, rates: dict[str, float]) -> list[Check]:
    """The pass bands on picked waves: levels and ages at the usual rate, the effect of rate between others."""
    usual = check_physiology(table[table[RATE.name] == rates["usual"]], TITLE, PREFIX)
    rate_key = f"{PREFIX}_{bands.RATE.key}_adults"
    checks = [check for check in usual if check.key != rate_key]
    between = table[table[RATE.name].isin([rates["slow"], rates["fast"]])]
    checks += [check for check in check_physiology(between, TITLE, PREFIX) if check.key == rate_key]
    if "low" in rates:
        checks.append(_rate_inside(table, rates["low"], rates["high"]))
    return checks


def _rate_inside(table: pd.DataFrame, low: float, high: float) -> Check:
    """The shift from 10 to 100 /s, which is one decade, from rates that training recordings have."""
    ears = normal_ears(table[table[AGE.name] >= AGE_BANDS["adults"][0]])
    pairs = paired(ears, low, high, "latency_V", by="rate")
    decades = np.log10(high / low)
    shift = ((pairs["second"] - pairs["first"]) / decades).groupby(pairs["patient_id"]).mean()
    n = len(shift)
    error = float(shift.std() / np.sqrt(n)) if n > 1 else None
    return Check(
        f"{PREFIX}_rate_inside", f"Wave V, {low:g} → {high:g} /s, per tenfold rate, adults", TITLE,
        float(shift.mean()) if n else np.nan, "ms", low=bands.RATE.low, high=bands.RATE.high, n=n, of="ears",
        error=error, source=bands.RATE.source, untold="" if n >= FEWEST else TOO_FEW,
    )  # fmt: skip


def _true_checks(rates: dict[str, float], seed: int, sampling, samples: int) -> list[Check]:
    table, waveforms, own = designed_true(tuple(dict.fromkeys(rates.values())), seed, sampling, samples)
    # Generated ears have no sex, and are of different people: so are these.
    table["sex"] = None
    table["patient_id"] = table["patient_id"] + " " + table["ear"]
    table["ear"] = "not said"
    return designed_checks(with_picked_waves(table, waveforms, own), rates)


def _degree(key: str, rates: dict[str, float], support) -> str:
    """Where the conditions that a band looks at lie in the training data; the gravest of them."""
    ages = [AGES_YEARS[GROUPS[band]] for band in AGE_BANDS if band in key.split("_")]
    if "newborn_delay" in key:
        ages = [AGES_YEARS["newborn"], AGES_YEARS["child"], AGES_YEARS["adult"]]
    numbers = [float(word) for word in key.split("_") if word.isdigit()]
    loud = "_i_v" in key or "_v_to_i" in key
    levels = numbers or ([80.0] if "newborn_delay" in key else [70.0, 80.0] if loud else [20.0, 80.0])
    asked = [rates["usual"]]
    if key.startswith(f"{PREFIX}_rate"):
        asked = [rates["low"], rates["high"]] if key.endswith("inside") else [rates["slow"], rates["fast"]]
        ages, levels = [AGES_YEARS["adult"]], [40.0, 80.0]
    grid = [(a, level, r) for a in ages or AGES_YEARS.values() for level in levels for r in asked]
    conditions = pd.DataFrame(grid, columns=[AGE.name, INTENSITY.name, RATE.name]).assign(hearing_loss="normal")
    found = degrees(support, conditions)
    return next(degree for degree in ("outside", "sparse", "inside") if degree in found)
