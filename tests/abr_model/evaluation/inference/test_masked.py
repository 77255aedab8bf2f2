from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.inference.masked import masked, residual_nv
from abr_model.generation.inference import impute, reconstruct
from abr_model.model import TrainedModel
from abr_model.schema import LABEL_NAMES


@pytest.fixture(scope="module")
def model(finished_run):
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture(scope="module")
def recording(small_cohort):
    """One in which all six labels are marked."""
    rows = np.flatnonzero(small_cohort.table[list(LABEL_NAMES)].notna().all(axis=1))
    return small_cohort.take(rows[:1])


def test_nothing_hidden_is_the_plain_reconstruction(model, recording):
    found = masked(model, recording)
    assert np.array_equal(found.response, reconstruct(model, recording)[0])
    assert not found.labels["hidden"].any() and found.labels["imputed"].isna().all()
    assert np.array_equal(found.labels["mark"], recording.table[list(LABEL_NAMES)].to_numpy()[0])


def test_a_hidden_label_is_filled_in_and_compared(model, recording):
    found = masked(model, recording, ["latency_V_ms"])
    row = found.labels.set_index("label").loc["latency_V_ms"]
    assert row["hidden"] and row["mark"] == recording.table["latency_V_ms"].iloc[0]
    table = recording.table.assign(latency_V_ms=np.nan)
    asked = impute(model, replace(recording, table=table))
    assert row["imputed"] == pytest.approx(asked.median[0, LABEL_NAMES.index("latency_V_ms")])
    if np.isfinite(row["low"]):
        assert row["inside"] == (row["low"] <= row["mark"] <= row["high"])
    assert found.labels["hidden"].sum() == 1


def test_the_network_does_not_see_what_is_hidden(model, recording):
    shown, hidden = masked(model, recording), masked(model, recording, list(LABEL_NAMES))
    assert hidden.labels["hidden"].all() and hidden.labels["imputed"].notna().all()
    assert not np.array_equal(shown.response, hidden.response)


def test_residual_is_in_nanovolts():
    assert residual_nv(np.full((2, 50), 0.1), np.zeros((2, 50))) == pytest.approx([100, 100])
