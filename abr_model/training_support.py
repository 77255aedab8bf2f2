"""Where the training part of a cohort lies: kept with a model, so that it can be told where the model guesses."""

from __future__ import annotations

from typing import Any

import numpy as np

from abr_model.cohort import Cohort
from abr_model.joint_support import JointSupport
from abr_model.scaling import NUMERIC_CONDITIONS
from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES

OLDEST_TOLD_YEARS = 89
"""Higher ages are so rare that they are told as one group (as the HIPAA Safe Harbor rule asks)."""


def support_of(training: Cohort) -> dict[str, Any]:
    """Where the conditions of the training part lie, each on its own and all together.

    Returns
    -------
    dict
        Ready for JSON. Per numeric condition ``{minimum, maximum, p1, p99}``; ``hearing_loss``: recordings per class,
        0 included; ``joint``: a :class:`~abr_model.joint_support.JointSupport`; ``kind`` of the cohort. Ages are
        rounded outward, because the oldest patient's exact age is that patient's.
    """
    support: dict[str, Any] = {}
    for column in NUMERIC_CONDITIONS:
        values = training.table[column.name].dropna().to_numpy()
        low, p1, p99, high = np.percentile(values, [0, 1, 99, 100]).tolist()
        if column is AGE:
            low, p1, p99, high = _rounded(low, down=True), _rounded(p1, down=True), _rounded(p99), _rounded(high)
        support[column.name] = {"minimum": low, "maximum": high, "p1": p1, "p99": p99}
    counts = training.table[HEARING_LOSS.name].value_counts()
    support[HEARING_LOSS.name] = {code: int(counts.get(code, 0)) for code in HEARING_LOSS_CODES}
    support["joint"] = JointSupport.of(training.table).model_dump(mode="json")
    support["kind"] = str(training.kind)
    return support


def _rounded(years: float, down: bool = False) -> float:
    """An age in whole months below two years, in whole years below 20, then in fives."""
    if years > OLDEST_TOLD_YEARS:
        return float(OLDEST_TOLD_YEARS if down else AGE.maximum)
    step = 1 / 12 if years < 2 else 1.0 if years < 20 else 5.0
    steps = years / step
    return float((np.floor(steps + 1e-9) if down else np.ceil(steps - 1e-9)) * step)
