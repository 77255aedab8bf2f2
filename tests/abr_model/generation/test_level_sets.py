from __future__ import annotations

import numpy as np
import pytest

from abr_model.errors import InputError
from abr_model.generation.conditions import conditions_table
from abr_model.generation.level_sets import generate_ears


def levels(*values: float):
    return conditions_table(0.5, list(values), 33.1, "normal")


def test_an_ear_is_the_same_whatever_the_others(default_model):
    alone = generate_ears(default_model, [levels(80, 60, 40)], seed=3)
    among = generate_ears(default_model, [levels(80, 60, 40), levels(70)], seed=3)
    assert np.array_equal(alone.waveforms, among.waveforms[:3])
    assert list(among.table["patient_id"]) == ["generated-ear-000001"] * 3 + ["generated-ear-000002"]
    assert among.kind == "generated"
    assert list(among.table["intensity_db_nhl"]) == [80, 60, 40, 70]
    assert among.table["recording_id"].is_unique


def test_one_ear_again_at_the_same_level_differs_by_its_noise_alone(default_model, reference_model):
    """The reference model has no residual noise: there the two are the same trace."""
    noisy = generate_ears(default_model, [levels(60, 60)], seed=0).waveforms
    assert not np.allclose(noisy[0], noisy[1])
    quiet = generate_ears(reference_model, [levels(60, 60)], seed=0).waveforms
    np.testing.assert_allclose(quiet[0], quiet[1], atol=1e-6)
    other = generate_ears(reference_model, [levels(60), levels(60)], seed=0).waveforms
    assert not np.allclose(other[0], other[1]), "two ears are two"


def test_no_ear_is_refused(default_model):
    with pytest.raises(InputError, match="no ear"):
        generate_ears(default_model, [], seed=0)
