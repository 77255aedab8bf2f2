"""A scorecard whose numbers are known, and sections that take no time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.sections import SectionEntry
from abr_model.evaluation.subject import Subject

NAN = float("nan")


def example_sections() -> list[Section]:
    """A met and a missed requirement, one that cannot be told, one without; tables of every kind of column."""
    auc = Score(
        "auc", "Two-sample AUC", 0.573, "", (0.552, 0.591), 0.512, (0.48, 0.54), (None, 0.6), n=3301, note="by patient",
        source="a paper",
    )  # fmt: skip
    error = Score("latency", "Wave V latency error", 0.125, "ms", allowed=(None, 0.1), n=41, of="cells")
    untold = Score("membership", "Membership AUC", NAN, allowed=(None, 0.55), untold="too few patients")
    unasked = Score("distance", "Fréchet distance", 0.04, limit=0.01, better="near limit")
    table = pd.DataFrame(
        {
            "cell <b>": ["80 dB nHL", None],
            "error_ms": [0.1, np.nan],
            "n": np.array([40, 7]),
            "inside": [True, False],
            "sometimes": [True, None],
        }
    )
    return [Section("two_sample", "Two samples", [auc, error], {"by_cell": table}),
            Section("privacy", "Privacy", [untold, unasked])]  # fmt: skip


def example_subject(**changes) -> Subject:
    """A model on a simulated cohort."""
    known = {
        "name": "default", "model_id": "16101f77", "preset": "default", "parameters": 511_679, "kind": "simulated",
        "cohort": "Simulated clinic", "cohort_digest": "f26d92aee52f" * 5, "split": "patient",
        "preparation": {"samples": 200},
    }  # fmt: skip
    return Subject(**(known | changes))


@pytest.fixture
def scorecard() -> Scorecard:
    """A scorecard whose numbers are known."""
    return Scorecard(
        subject=example_subject(),
        seed=3,
        recordings={"train": 15419, "other": 3311, "real": 3301},
        patients={"train": 1296, "other": 289, "real": 261},
        sections=example_sections(),
        left_out={"likelihood": "not asked for"},
        seconds={"two_sample": 12.5},
    )


@pytest.fixture
def quick_sections(monkeypatch):
    """Sections that measure one thing in no time: the mean difference of generated and held-out traces."""
    ran: list[str] = []

    def run(self, comparison, model, on_progress):
        on_progress(0.5)
        ran.append(self.key)
        difference = float((comparison.generated.waveforms - comparison.real.waveforms).mean())
        return Section(self.key, self.title, [Score(f"{self.key}_difference", "Difference", difference, "µV")])

    monkeypatch.setattr(SectionEntry, "run", run)
    return ran
