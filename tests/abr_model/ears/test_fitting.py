"""What is learned about ears: from codes that are known to go together, and from a trained run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from abr_model.cohort import Cohort
from abr_model.ears.codes import Codes, codes_of
from abr_model.ears.fitting import _learn, fit_link
from abr_model.ears.link import FILE, EarLink
from abr_model.ears.network import EarNetwork
from abr_model.ears.pairs import EarPairs
from abr_model.errors import InputError
from abr_model.model import TrainedModel
from abr_model.preparation import model_inputs
from abr_model.training.parts import prepare_parts

EARS, EACH = 300, 6


def _turning_codes() -> tuple[Codes, pd.DataFrame]:
    """Codes that turn with the level: an ear stays the same, none of its codes does."""
    rng = np.random.default_rng(0)
    who = rng.normal(size=(EARS, 1, 2))
    level = rng.uniform(-1.5, 1.5, (EARS, EACH))
    angle = 1.3 * level
    turned = np.stack(
        [
            np.cos(angle) * who[..., 0] - np.sin(angle) * who[..., 1],
            np.sin(angle) * who[..., 0] + np.cos(angle) * who[..., 1],
        ],
        axis=2,
    ).reshape(-1, 2)
    static = np.zeros((EARS * EACH, 4), dtype=np.float32)
    static[:, 1] = level.ravel()
    mean = torch.tensor(turned, dtype=torch.float32)
    table = pd.DataFrame({"patient_id": np.repeat(np.arange(EARS), EACH).astype(str), "ear": "right"})
    return Codes(mean, torch.full_like(mean, 0.1), torch.from_numpy(static), torch.ones_like(mean)), table


def test_it_learns_how_a_code_turns_with_the_level():
    codes, table = _turning_codes()
    pairs = EarPairs.of(table)
    torch.manual_seed(0)
    network = EarNetwork(2)
    _learn(network, codes, torch.arange(2), pairs, np.random.default_rng(0), 200, None)
    target, known, _ = pairs.draw(np.random.default_rng(1), 400)
    one = known[:, :1]
    with torch.no_grad():
        there, _ = network(codes.mean[one], codes.sd[one], codes.static[one], torch.ones(400, 1), codes.static[target])
    truth = codes.mean[target]
    told = 1 - float((truth - there).square().sum() / truth.square().sum())
    held = 1 - float((truth - codes.mean[one[:, 0]]).square().sum() / truth.square().sum())
    assert held < 0, "the code as it is says less than nothing"
    assert told > 0.6


@pytest.fixture(scope="module")
def trained(finished_run) -> TrainedModel:
    return TrainedModel.load(finished_run.model_folder)


def test_a_training_ends_with_a_link(finished_run, trained):
    link = EarLink.load(finished_run.model_folder, trained)
    assert link is not None
    about = link.description
    assert about.weights_sha256 == trained.weights_sha256
    assert about.ears > 20
    assert about.changes["intensity_db_nhl"].ears > 20
    assert about.changes["hearing_loss"].ears == 0, "an ear of the simulated clinic keeps its hearing"
    assert all(factor >= 1 for factor in about.widening)
    assert list(about.familiarity.surprise) == sorted(about.familiarity.surprise)


def test_the_same_seed_gives_the_same_link(trained, small_cohort, tmp_path):
    parts = prepare_parts(small_cohort, trained.preset, scaling=trained.scaling)
    first, second = (fit_link(trained, parts.train, parts.validation, seed=3, steps=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.network.parameters(), second.network.parameters(), strict=True))

    first.save(tmp_path)
    again = EarLink.load(tmp_path, trained)
    assert again.description == first.description
    codes = codes_of(trained.network, model_inputs(parts.validation, trained.scaling))
    for a, b in zip(
        first.predict(codes[:3], codes.static[:5]), again.predict(codes[:3], codes.static[:5]), strict=True
    ):
        assert torch.equal(a, b)


def test_few_ears_teach_nothing(trained, small_cohort):
    parts = prepare_parts(small_cohort, trained.preset, scaling=trained.scaling)
    few = parts.train.take(
        np.flatnonzero(parts.train.table["patient_id"].isin(parts.train.table["patient_id"].unique()[:3]))
    )
    assert fit_link(trained, few, parts.validation, steps=5) is None


def test_a_link_of_another_model_or_a_broken_file_is_refused(finished_run, trained, default_like, tmp_path):
    content = (finished_run.model_folder / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(InputError, match="another model"):
        EarLink.load(tmp_path, default_like)
    (tmp_path / FILE).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="truncated"):
        EarLink.load(tmp_path, trained)
    assert EarLink.load(tmp_path / "nowhere", trained) is None


@pytest.fixture
def default_like(trained) -> TrainedModel:
    """The same model after a change of one weight."""
    import copy

    other = copy.deepcopy(trained)
    with torch.no_grad():
        next(other.network.parameters()).add_(0.1)
    return other


def test_a_code_does_not_depend_on_recordings_beside_it(trained, small_cohort):
    parts = prepare_parts(small_cohort, trained.preset, scaling=trained.scaling)
    held_out: Cohort = parts.validation
    together = codes_of(trained.network, model_inputs(held_out, trained.scaling))
    alone = codes_of(trained.network, model_inputs(held_out.take([7]), trained.scaling))
    assert torch.allclose(together.mean[7], alone.mean[0], atol=1e-4)
    assert torch.allclose(together.sd[7], alone.sd[0], atol=1e-4)
