"""The patch network: size with its sampler, overlap-add, conditions as one-hot, hidden labels while training."""

from __future__ import annotations

import pytest
import torch

from abr_model.configuration import load_preset
from abr_model.network import build_network, parameter_count
from abr_model.network.streams import condition_features
from abr_model.network.summary import empty_inputs, stream_shapes, summarise
from abr_model.sampler import build_sampler


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build_network(load_preset("default").network).eval()


def test_no_larger_than_the_original_with_its_sampler(network):
    preset = load_preset("default")
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    assert parameter_count(sampler) > 0
    assert parameter_count(network) + parameter_count(sampler) <= 520_335


def test_shapes(network):
    assert stream_shapes(network) == {
        "inputs": {
            "waveform": ["B", 200],
            "static": ["B", 4],
            "latency": ["B", 3],
            "amplitude": ["B", 3],
            "mask": ["B", 6],
        },
        "latent": {name: ["B", 32] for name in ("mean", "log_variance", "prior_mean", "prior_log_variance", "z")},
        "outputs": {
            "waveform": ["B", 200],
            "latency": ["B", 3],
            "amplitude": ["B", 3],
            "marked": ["B", 6],
            "label_log_sd": [6],
        },
    }
    blocks = {b.name: b for b in summarise(network)}
    assert sum(b.parameters for b in blocks.values()) == parameter_count(network)
    assert blocks["encoder.layers.0"].output_shape == (1, 10, 64)


def test_the_prior_is_known_without_a_recording(network):
    batch = empty_inputs(3, network.samples)
    batch.static[:, 1] = torch.tensor([-1.0, 0.0, 1.0])
    torch.nn.init.normal_(network.prior[-1].weight)
    posterior = network.encode(batch)
    mean, log_variance = network.prior_of(batch.static)
    assert torch.equal(mean, posterior.prior_mean)
    assert torch.equal(log_variance, posterior.prior_log_variance)
    assert (mean[0] - mean[2]).abs().max() > 0.01


def test_one_token_reaches_over_three_patches(network):
    tokens = torch.zeros(1, 10, 64)
    one = tokens.clone()
    one[0, 5] = 1.0
    with torch.no_grad():
        difference = (network.overlap_add(one) - network.overlap_add(tokens))[0]
    touched = torch.nonzero(difference).flatten()
    assert (touched.min().item(), touched.max().item()) == (80, 139)


def test_the_hearing_loss_class_is_no_number():
    features = condition_features(torch.tensor([[0.1, 0.2, 0.3, 0.0], [0.1, 0.2, 0.3, 4.0]]))
    assert torch.allclose(features[0], torch.tensor([0.1, 0.2, 0.3, 1, 0, 0, 0, 0]))
    assert torch.allclose(features[1], torch.tensor([0.1, 0.2, 0.3, 0, 0, 0, 0, 1]))


def test_labels_are_hidden_while_training_only(network):
    batch = empty_inputs(1, 200)
    batch.mask.fill_(1.0)
    batch.latency.fill_(2.0)
    assert torch.equal(network.encode(batch).mean, network.encode(batch).mean)
    network.train()
    posteriors = torch.stack([network.encode(batch).mean for _ in range(20)])
    assert posteriors.std(0).max() > 0


def test_other_lengths():
    preset = load_preset("default").changed(
        preparation={"samples": 300},
        network={"samples": 300, "patch": 20},
        sampler={"bands": [0, 10, 300]},
    )
    network = build_network(preset.network)
    assert network.decode(torch.zeros(2, 32), torch.zeros(2, 4)).waveform.shape == (2, 300)
