"""Pass bands of physiology on the reported waves: does the generated clinic meet those that the held-out one meets?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.conditions.band_table import REQUIRED_SHARE, band_table, counting, share_interval, share_met
from abr_model.evaluation.score import Score, Section
from abr_model.realism.physiology import check_physiology

KEY, TITLE = "physiology", "Pass bands of physiology, on the reported waves"
SOURCE = "physiology notes 10; each band names its papers"
UNTOLD = "no pass band that the held-out recordings meet can be judged"


def physiology_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Every pass band that the held-out recordings meet, on the waves that the generated ones report.

    Each generated recording is an ear of its own. So that like is compared with like, the held-out recordings are
    judged as if each were an ear of its own too, without its sex. Only bands count that can be judged on both sides
    (enough ears, and the error small beside the band).

    Returns
    -------
    Section
        Table ``bands``: a row a band with limits, what was measured and its state on the held-out, generated and
        other patients' recordings, and whether it ``counts``.
    """
    told = on_progress or (lambda done: None)
    checks = {}
    for name in ("real", "generated", "other"):
        checks[name] = check_physiology(each_its_own_ear(getattr(comparison, name).table))
        told((len(checks)) / 3)
    table = band_table(checks["real"], {"generated": checks["generated"], "other": checks["other"]})
    counts, of_other = counting(table, "generated"), counting(table, "other")
    value = share_met(table, "generated", counts)
    score = Score(
        "pass_bands_met",
        "Pass bands met, of those that the held-out recordings meet",
        value,
        "%",
        share_interval(table, "generated", counts, comparison.seed),
        share_met(table, "other", of_other),
        share_interval(table, "other", of_other, comparison.seed),
        (REQUIRED_SHARE, None),
        "higher",
        int(counts.sum()),
        "pass bands",
        note=f"each recording an ear of its own on both sides; {int(of_other.sum())} bands count for other patients; "
        "interval: each number drawn anew within its standard error",
        source=SOURCE,
        untold="" if np.isfinite(value) else UNTOLD,
    )
    columns = list(table.columns)
    table.insert(columns.index("source"), "counts", counts)
    return Section(KEY, TITLE, [score], {"bands": table.drop(columns="key")})


def each_its_own_ear(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` as generated recordings are: no two rows of one patient or visit, and no sex."""
    sexless = pd.Series(np.full(len(table), None), index=table.index, dtype=table["sex"].dtype)
    return table.assign(patient_id=table["recording_id"], sex=sexless)
