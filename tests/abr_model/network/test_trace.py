from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch

from abr_model.network import build_network
from abr_model.network.trace import summary, token_edges, trace
from abr_model.training.measuring import random_recordings


@pytest.fixture(params=["default", "reference"])
def preset(request, small_presets):
    return small_presets[request.param]


@pytest.fixture
def network(preset):
    torch.manual_seed(0)
    return build_network(preset.network).eval()


def test_looking_on_changes_no_output_and_leaves_nothing_behind(network, preset):
    batch = random_recordings(5, preset)
    with torch.no_grad():
        mean = network.encode(batch).mean
        before = network.decode(mean, batch.static).waveform
    found = trace(network, batch, ("encoder", "decoder"))
    with torch.no_grad():
        assert torch.equal(network.encode(batch).mean, mean)
        assert torch.equal(network.decode(mean, batch.static).waveform, before)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    assert len(found.attention) >= 2


def test_what_was_watched_is_what_the_network_puts_out(network, preset):
    batch = random_recordings(5, preset)
    last = "smooth" if hasattr(network, "smooth") else "waveform"
    found = trace(network, batch, (last, "encoder", "no_such_part"))
    assert set(found.outputs) == {last, "encoder"}
    with torch.no_grad():
        posterior = network.encode(batch)
        waveform = network.decode(posterior.mean, batch.static).waveform
    if last == "waveform":
        np.testing.assert_allclose(found.outputs[last][:, 0], waveform.numpy(), rtol=1e-4, atol=1e-5)
    assert found.outputs["encoder"].shape[0] == 5


def test_each_row_of_weights_adds_up_to_one(network, preset):
    for attention in trace(network, random_recordings(5, preset)).attention:
        assert attention.weights.shape[:2] == (5, 2)
        assert attention.weights.min() >= 0
        np.testing.assert_allclose(attention.weights.sum(-1), 1, rtol=1e-5)
        np.testing.assert_allclose(attention.received.sum(-1), 1, rtol=1e-5)


def test_the_weights_are_softmax_of_queries_and_keys(network, preset):
    """Calculated by hand from the first layer's own weights."""
    batch = random_recordings(3, preset)
    layer = copy.deepcopy(network.encoder.layers[0])
    inputs = {}
    watched = copy.deepcopy(network)
    watched.encoder.layers[0].register_forward_pre_hook(lambda _m, given: inputs.update(x=given[0]))
    with torch.no_grad():
        watched.encode(batch)
        x = layer.norm1(inputs["x"])
        q, k, _ = torch.nn.functional.linear(x, layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias).chunk(
            3, -1
        )
        q, k = (t.unflatten(-1, (2, -1)).transpose(1, 2) for t in (q, k))
        expected = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
    first = trace(network, batch).attention[0]
    assert (first.name, first.layer, first.part) == ("encoder.layers.0.self_attn", 1, "encoder")
    np.testing.assert_allclose(first.weights, expected.numpy(), rtol=1e-4, atol=1e-6)


def test_only_the_reference_looks_into_a_memory(small_presets):
    for name, crosses in (("default", 0), ("reference", 1)):
        preset = small_presets[name]
        network = build_network(preset.network).eval()
        found = trace(network, random_recordings(2, preset)).attention
        assert sum(a.crosses for a in found) == crosses
        assert {a.part for a in found} == {"encoder", "decoder"}


def test_tokens_lie_where_their_convolutions_look(small_presets):
    patch = build_network(small_presets["default"].network)
    size = small_presets["default"].network.patch
    tokens = 80 // size
    assert token_edges(patch, 80, tokens) == pytest.approx(np.arange(tokens + 1) * size - 0.5)
    reference = build_network(small_presets["reference"].network)
    assert token_edges(reference, 80, 20) == pytest.approx(np.arange(21) * 4 - 2)
    assert token_edges(torch.nn.Linear(1, 1), 80, 8) == pytest.approx(np.arange(9) * 10 - 0.5)


def test_the_summary_of_an_output():
    assert summary(np.array([[1.0, -1.0], [3.0, 1.0]])) == pytest.approx(
        {"mean": 1.0, "SD": math.sqrt(2), "smallest": -1.0, "largest": 3.0}
    )
