"""How real is a cohort? Published statistics of the original clinic and published physiology, held beside it.

    compare(cohort)              rows: published clinic against the cohort
    check_physiology(table)      rows: pass bands on the labels of any cohort
    true_physiology()            rows: pass bands on the simulator's true responses
"""  # fmt: skip

from abr_model.realism.check import Check, Tally, as_frame, tally
from abr_model.realism.clinic import compare
from abr_model.realism.conflicts import EXPLAINED
from abr_model.realism.experiment import designed_clinic, true_physiology
from abr_model.realism.kept import Kept, keep
from abr_model.realism.physiology import check_physiology
from abr_model.realism.published import published_clinic

__all__ = [
    "EXPLAINED",
    "Check",
    "Kept",
    "Tally",
    "as_frame",
    "check_physiology",
    "compare",
    "designed_clinic",
    "keep",
    "published_clinic",
    "tally",
    "true_physiology",
]
