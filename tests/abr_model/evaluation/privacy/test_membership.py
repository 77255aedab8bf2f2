"""The attack on the network: a network that has learned its training recordings by heart gives them away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.comparison import compare, generator_of
from abr_model.evaluation.privacy.matched import matched, matched_real
from abr_model.evaluation.privacy.membership import small_loss
from abr_model.evaluation.privacy.privacy import privacy_section
from abr_model.model import TrainedModel
from abr_model.network.outputs import Decoded


@pytest.fixture(scope="module")
def model(finished_run):
    return TrainedModel.load(finished_run.folder / "model")


@pytest.fixture(scope="module")
def comparison(model, small_cohort):
    return compare(small_cohort, model.preset, generator_of(model), seed=0)


def test_groups_are_of_one_size_and_share_no_patient(comparison):
    for groups in (matched(comparison), matched_real(comparison)):
        assert len(groups.members) == len(groups.outsiders) == groups.is_member.sum()
        of = [set(c.table["patient_id"]) for c in (groups.members, groups.outsiders, groups.rest)]
        assert not (of[0] & of[1] or of[0] & of[2] or of[1] & of[2])
    groups = matched(comparison)
    assert len(groups.generated) == len(groups.both)
    asked = groups.outsiders.table["age_years"].to_numpy()
    np.testing.assert_array_equal(groups.generated.table["age_years"].to_numpy()[len(groups.members) :], asked)


def test_a_network_that_knows_its_recordings_by_heart_is_caught(comparison, model, monkeypatch):
    groups = matched(comparison)
    ordinary = RankedScores(small_loss(groups, model), groups.is_member)()
    assert 0.3 < ordinary < 0.7
    known = torch.from_numpy(model.scaling.waveform_from_uv(groups.members.waveforms))
    decode = model.network.decode

    def by_heart(z, static):
        decoded = decode(z, static)
        if len(z) != len(known):
            return decoded
        nearer = decoded.waveform + 0.5 * (known - decoded.waveform)
        return Decoded(nearer, decoded.latency, decoded.amplitude)

    # Members and outsiders are as many: tell the two calls apart by their order.
    calls = iter([by_heart, decode])
    monkeypatch.setattr(model.network, "decode", lambda z, static: next(calls)(z, static))
    assert RankedScores(small_loss(groups, model), groups.is_member)() > ordinary + 0.2


def test_the_section_on_a_model(comparison, model):
    done = []
    section = privacy_section(comparison, model, on_progress=done.append)
    told = {s.key: s for s in section.scores}
    assert np.isfinite(told["membership_auc_loss"].value)
    assert np.isfinite(told["membership_auc_loss"].limit)
    assert done == sorted(done)
    assert done[-1] == 1
