"""Pass bands of click-evoked ABR: what any believable cohort must show, each with its source.

The bands are those of the physiology notes, section 10; the sections named here say which papers are behind them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PassBand:
    """``low`` to ``high`` in ``unit``, ends included."""

    key: str
    name: str
    low: float
    high: float
    unit: str
    source: str


_PER_10_DB = "ms per 10 dB"
_LEVELS = "Prosser & Arslan 1987, Gorga 1989, Hood 1998 (physiology notes 1)"

V_SLOPES = (
    PassBand("v_slope_80_60", "Wave V later, 80 → 60 dB", 0.15, 0.28, _PER_10_DB, _LEVELS),
    PassBand("v_slope_60_40", "Wave V later, 60 → 40 dB", 0.30, 0.50, _PER_10_DB, _LEVELS),
    PassBand("v_slope_40_20", "Wave V later, 40 → 20 dB", 0.40, 0.75, _PER_10_DB, _LEVELS),
)
V_MONOTONY = PassBand("v_monotony", "Wave V later at every lower level", 95.0, 100.0, "%", _LEVELS)
ORDER = PassBand("order", "Waves in the order I < III < V", 100.0, 100.0, "%", "physiology notes 10")
I_III = PassBand("i_iii", "I–III from 1.5 to 2.5 ms", 98.0, 100.0, "%", "Hood 1998, Picton 2011 (physiology notes 1)")
III_V = PassBand("iii_v", "III–V from 1.5 to 2.5 ms", 98.0, 100.0, "%", "Hood 1998, Picton 2011 (physiology notes 1)")
I_V = PassBand("i_v", "I–V, mean", 3.6, 4.5, "ms", "Hood 1998, Picton 2011, Kelly 1996 (physiology notes 1)")
I_V_SD = PassBand("i_v_sd", "I–V, SD", 0.12, 0.25, "ms", "Hood 1998, Picton 2011 (physiology notes 1, 8)")
I_V_NEWBORN = PassBand(
    "i_v_newborn", "I–V, mean", 4.54, 5.40, "ms", "47 term newborns, 80 dB nHL, PMID 14762588 (physiology notes 4)"
)
NEWBORN_DELAY = PassBand(
    "newborn_delay", "Wave V, newborn − mature, 80 dB", 1.0, 1.4, "ms", "Gorga 1989 (physiology notes 4)"
)
RATE = PassBand("rate", "Wave V, 10 → 100 /s", 0.35, 0.65, "ms", "Don, Allen & Starr 1977 (physiology notes 3)")
SEX = PassBand("sex", "Wave V, women − men", -0.30, -0.10, "ms", "Jerger & Hall 1980, n = 319 (physiology notes 4)")
V_TO_I = PassBand(
    "v_to_i",
    "Amplitude V/I, 70–80 dB, median",
    1.2,
    2.5,
    "",
    "Picton 2011, Sanfins 2026, Chalak 2013 (physiology notes 2)",
)
DETECTABILITY = PassBand(
    "detectability",
    "Seen as often: V ≥ III ≥ I, smaller lead",
    0.0,
    np.inf,
    "points",
    "Hood 1998 (physiology notes 6)",
)
NOISE_SLOPE = PassBand(
    "noise_slope",
    "Residual noise against sweeps, log–log slope",
    -0.55,
    -0.45,
    "",
    "averaging: 1/√N (physiology notes 7)",
)
V_SPREAD = PassBand(
    "v_spread", "Wave V amplitude, SD / mean", 0.25, 0.45, "", "a prior without a paper (physiology notes 10)"
)
