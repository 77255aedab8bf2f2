"""Which recordings are of one ear, and what a batch is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.ears.pairs import MOST_KNOWN, EarPairs, ears_of

TABLE = pd.DataFrame(
    {
        "patient_id": ["a", "b", "a", "a", "b", "c", "a"],
        "ear": ["right", "left", "left", "right", None, "left", "right"],
    }
)


def test_an_ear_is_a_side_of_a_patient():
    ears = ears_of(TABLE)
    assert ears[0] == ears[3] == ears[6]
    assert len(set(ears.tolist())) == 5
    assert ears[1] != ears[4], "a side that is not known is not taken for the left one"


def test_a_batch_holds_other_recordings_of_the_targets_ear():
    pairs = EarPairs.of(TABLE)
    assert set(pairs.targets.tolist()) == {0, 3, 6}
    target, known, counts = pairs.draw(np.random.default_rng(0), 500)
    assert set(target.tolist()) == {0, 3, 6}
    assert known.shape == counts.shape == (500, MOST_KNOWN)
    assert (known != target[:, None]).all(), "a recording never tells itself"
    assert (pairs.ears[known] == pairs.ears[target][:, None]).all()
    assert set(known[target == 3].ravel().tolist()) == {0, 6}
    assert counts[:, 0].all() and {1, MOST_KNOWN} <= set(counts.sum(1).tolist())
