from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.model import CARD_FILE, DESCRIPTION_FILE, WEIGHTS_FILE, ModelProvenance, TrainedModel
from abr_model.network import build_network
from abr_model.preparation import model_inputs
from abr_model.sampler import build_sampler
from abr_model.training.parts import prepare_parts
from abr_model.training_support import support_of


@pytest.fixture(scope="module")
def parts(small_cohort):
    return prepare_parts(small_cohort, load_preset("default"))


@pytest.fixture(scope="module", params=["default", "reference"])
def model(request, parts):
    preset = load_preset(request.param)
    torch.manual_seed(0)
    network = build_network(preset.network)
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    provenance = ModelProvenance(
        kind=parts.train.kind,
        cohort="Simulated clinic · 40 patients · seed 1",
        cohort_digest="ab" * 32,
        split=parts.split.kind,
        recordings=parts.split.sizes,
        patients=parts.patients,
        command="abr train --preset default --cohort clinic.parquet",
        epochs=3,
        best_epoch=1,
        ended="all 3 epochs trained",
        trained_at="2026-01-01",
        figures={"waveform_rmse_uv": 0.0873, "latency_V_mae_ms": 0.312, "latency_I_mae_ms": None},
    )
    sampling = parts.train.sampling
    return TrainedModel(network, sampler, preset, parts.scaling, sampling, support_of(parts.train), provenance)


@pytest.fixture
def saved(model, tmp_path):
    return model.save(tmp_path / "model")


def test_a_model_comes_back_exactly(model, saved, parts):
    loaded = TrainedModel.load(saved)
    assert loaded.model_id == model.model_id
    assert loaded.model_id == loaded.weights_sha256[:8]
    for name in ("preset", "scaling", "sampling", "support", "provenance"):
        assert getattr(loaded, name) == getattr(model, name), name
    inputs = model_inputs(parts.test, loaded.scaling)
    with torch.inference_mode():
        torch.testing.assert_close(
            loaded.network.encode(inputs).mean, model.network.encode(inputs).mean, rtol=0, atol=0
        )
        draws = [m.sampler.draw(inputs.static[:4], torch.Generator().manual_seed(1)).z for m in (model, loaded)]
    torch.testing.assert_close(*draws, rtol=0, atol=0)
    assert not loaded.network.training
    assert not loaded.sampler.training


def test_the_folder_holds_no_pickle(saved):
    assert sorted(p.name for p in saved.iterdir()) == sorted([WEIGHTS_FILE, DESCRIPTION_FILE, CARD_FILE])


def test_loading_leaves_the_random_state_alone(saved):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    TrainedModel.load(saved)
    torch.testing.assert_close(torch.rand(3), expected)


def test_the_id_follows_the_weights(model, saved):
    changed = TrainedModel.load(saved)
    with torch.no_grad():
        next(changed.network.parameters()).add_(1e-3)
    assert changed.model_id != model.model_id


@pytest.mark.parametrize("name", [WEIGHTS_FILE, DESCRIPTION_FILE])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(InputError, match="missing") as caught:
        TrainedModel.load(saved)
    assert caught.value.file == name


@pytest.mark.parametrize("name", [WEIGHTS_FILE, DESCRIPTION_FILE])
@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"\x00" * 100, lambda b: b""])
def test_a_damaged_file_is_named(saved, name, damage):
    (saved / name).write_bytes(damage((saved / name).read_bytes()))
    with pytest.raises(InputError) as caught:
        TrainedModel.load(saved)
    assert caught.value.file == name


def test_a_changed_description_is_refused(saved):
    path = saved / DESCRIPTION_FILE
    description = json.loads(path.read_text(encoding="utf-8"))
    description["scaling"]["waveform_sd_uv"][0] *= 10
    path.write_text(json.dumps(description, indent=1, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(InputError, match="changed") as caught:
        TrainedModel.load(saved)
    assert caught.value.file == DESCRIPTION_FILE


def test_weights_of_another_network_are_refused(saved):
    weights = load_file(saved / WEIGHTS_FILE)
    name = next(name for name in weights if name.startswith("network.") and weights[name].ndim == 2)
    _rewrite(saved, weights | {name: torch.zeros(3, 3)})
    with pytest.raises(InputError, match="do not fit the network"):
        TrainedModel.load(saved)


def test_weights_that_are_no_numbers_are_refused(saved):
    weights = load_file(saved / WEIGHTS_FILE)
    name = next(name for name in weights if weights[name].is_floating_point())
    weights[name].view(-1)[0] = float("nan")
    _rewrite(saved, weights)
    with pytest.raises(InputError, match="not numbers"):
        TrainedModel.load(saved)


def test_changed_weights_are_refused(saved):
    weights = load_file(saved / WEIGHTS_FILE)
    name = next(name for name in weights if weights[name].is_floating_point())
    weights[name].view(-1)[0] += 1
    _rewrite(saved, weights)
    with pytest.raises(InputError, match="changed"):
        TrainedModel.load(saved)


def _rewrite(folder, weights):
    """Other weights under the checksum of the description, as an attacker who knows the format would do."""
    from hashlib import sha256

    digest = sha256((folder / DESCRIPTION_FILE).read_bytes()).hexdigest()
    save_file(weights, folder / WEIGHTS_FILE, {"description_sha256": digest})


def _change_description(folder, change):
    """Another description with the checksum put right, as an older model or an attacker would have it."""
    path = folder / DESCRIPTION_FILE
    description = json.loads(path.read_text(encoding="utf-8"))
    change(description)
    path.write_text(json.dumps(description, indent=1, ensure_ascii=False), encoding="utf-8")
    _rewrite(folder, load_file(folder / WEIGHTS_FILE))


def test_a_pickle_under_the_name_of_the_weights_is_not_executed(saved, tmp_path):
    import os
    import pickle

    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    (saved / WEIGHTS_FILE).write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(InputError):
        TrainedModel.load(saved)
    assert not (tmp_path / "executed").exists()


def test_a_damaged_support_is_refused(saved):
    _change_description(saved, lambda d: d["support"]["joint"].update(cells="no base64!"))
    with pytest.raises(InputError, match="the cells cannot be unpacked") as caught:
        TrainedModel.load(saved)
    assert caught.value.file == DESCRIPTION_FILE


def test_a_model_without_a_joint_support_still_loads(saved, model):
    _change_description(saved, lambda d: d["support"].pop("joint"))
    loaded = TrainedModel.load(saved)
    assert loaded.support == {k: v for k, v in model.support.items() if k != "joint"}


def test_the_card_says_what_it_is_and_is_not(model, saved):
    card = (saved / CARD_FILE).read_text(encoding="utf-8")
    made = model.provenance
    for expected in (
        model.model_id,
        "Research use only",
        made.command,
        made.cohort_digest,
        f"{made.recordings['train']:,} recordings of {made.patients['train']:,} patients",
        "0.0873 µV",
        "0.312 ms",
        "not measurable",
        "weights of epoch 2",
        "no real patients",
        "torch ",
    ):
        assert expected in card, expected
    assert "too good" not in " ".join(card.split())


def test_the_card_warns_of_a_leaky_split(model):
    from dataclasses import replace

    from abr_model.model_card import model_card

    leaky = replace(model, provenance=model.provenance.model_copy(update={"split": "recording (leaky)"}))
    assert "too good" in " ".join(model_card(leaky).split())


def test_a_folder_that_cannot_be_written_is_said(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot be saved"):
        model.save(tmp_path / "file" / "model")
