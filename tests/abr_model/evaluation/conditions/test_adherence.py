"""Conditions read back from traces that follow them, and from traces that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.conditions.adherence import adherence_section


@pytest.fixture(scope="module")
def faithful(comparison):
    return adherence_section(comparison())


def test_the_level_is_read_from_generated_traces_as_from_recorded_ones(faithful, score):
    error, explained = score(faithful, "adherence_level_mae"), score(faithful, "adherence_level_r2")
    assert explained.value > 0.9 and explained.limit > 0.9
    assert error.value == pytest.approx(error.limit, abs=1.5) and error.unit == "dB"
    assert error.interval[0] <= error.value <= error.interval[1] and error.limit_interval is not None


def test_traces_that_ignore_the_level_give_nothing_back(comparison, score):
    made = comparison()
    shuffled = np.random.default_rng(0).permutation(len(made.generated))
    ignored = replace(made.generated, waveforms=made.generated.waveforms[shuffled])
    section = adherence_section(replace(made, generated=ignored))
    assert score(section, "adherence_level_r2").value < 0 < 0.9 < score(section, "adherence_level_r2").limit


def test_one_class_alone_cannot_be_told_apart(faithful, score):
    found = score(faithful, "adherence_class_balanced_accuracy")
    assert np.isnan(found.value) and "two classes" in found.untold


def test_a_class_that_shows_in_the_trace_is_read_back(comparison, score):
    """Sensorineural ears have their waves turned upside down here."""
    made = comparison()

    def with_classes(cohort, flip: bool):
        patients = cohort.table["patient_id"].str.extract(r"(\d+)", expand=False).astype(int)
        lost = (patients % 2 == 0).to_numpy()
        table = cohort.table.assign(hearing_loss=np.where(lost, "sensorineural", "normal"))
        sign = np.where(lost & flip, -1.0, 1.0)[:, None]
        return replace(cohort, table=table, waveforms=(cohort.waveforms * sign).astype(np.float32))

    parts = {name: with_classes(getattr(made, name), True) for name in ("train", "real")}
    lost = (parts["real"].table["hearing_loss"] == "sensorineural").to_numpy()
    right = replace(made.generated, waveforms=made.generated.waveforms * np.where(lost, -1, 1)[:, None])
    section = adherence_section(replace(made, **parts, generated=right))
    assert score(section, "adherence_class_balanced_accuracy").value > 0.95
    table = section.tables["classes"].set_index("hearing_loss")
    assert table.loc["sensorineural", "n"] == lost.sum() and table["right_held_out"].min() > 0.9
    wrong = adherence_section(replace(made, **parts))  # generated traces show no loss
    found = score(wrong, "adherence_class_balanced_accuracy")
    assert found.value == pytest.approx(0.5, abs=0.05) and found.limit > 0.95


def test_too_few_recordings_are_told(comparison, score):
    section = adherence_section(comparison(patients=2))
    assert all(np.isnan(s.value) and s.untold for s in section.scores)
