from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.clean import clean_responses
from abr_model.preparation import SelectionRules, select
from abr_model.schema import Kind


@pytest.fixture(scope="module")
def preset(small_presets):
    return small_presets["default"]


@pytest.fixture(scope="module")
def held_out(small_cohort, preset):
    selected = select(small_cohort, SelectionRules.of(preset.preparation)).cohort
    return selected.take(np.arange(0, len(selected), 7))


def test_what_is_left_is_noise(small_cohort, held_out, preset):
    """The true response lies in its recording: the rest does not follow it, and another one fits worse."""
    clean = clean_responses(held_out, small_cohort.provenance, preset)
    assert clean.shape == held_out.waveforms.shape
    residual = held_out.waveforms - clean
    assert 0 < residual.std() < held_out.waveforms.std()
    assert abs(np.corrcoef(residual.ravel(), clean.ravel())[0, 1]) < 0.1
    shifted = held_out.waveforms - np.roll(clean, 1, axis=0)
    assert residual.std() < 0.6 * shifted.std()


def test_order_of_the_rows_is_kept(small_cohort, held_out, preset):
    backwards = held_out.take(np.arange(len(held_out))[::-1])
    forwards = clean_responses(held_out, small_cohort.provenance, preset)
    assert np.array_equal(clean_responses(backwards, small_cohort.provenance, preset)[::-1], forwards)


@pytest.mark.parametrize("change", ["clinical", "other parameters", "unknown seed", "a recording that is not its own"])
def test_not_known(small_cohort, held_out, preset, change):
    made = small_cohort.provenance
    if change == "clinical":
        made = made.model_copy(update={"kind": Kind.CLINICAL})
    elif change == "other parameters":
        made = made.model_copy(update={"details": made.details | {"parameters_sha256": "0" * 64}})
    elif change == "unknown seed":
        made = made.model_copy(update={"details": {k: v for k, v in made.details.items() if k != "seed"}})
    else:
        table = held_out.table.copy()
        table.loc[0, "recording_id"] = "somebody-else"
        held_out = replace(held_out, table=table)
    assert clean_responses(held_out, made, preset) is None
