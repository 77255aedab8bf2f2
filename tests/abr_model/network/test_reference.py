"""The reference network is the original's: parameters, streams, 144 → 64 → 32, no squashing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from abr_model.configuration import load_preset
from abr_model.network import build_network, parameter_count
from abr_model.network.summary import empty_inputs, stream_shapes, summarise


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return build_network(load_preset("reference").network).eval()


def test_exactly_520335_trainable_parameters(network):
    assert parameter_count(network) == 520_335


def test_five_streams(network):
    assert stream_shapes(network)["inputs"] == {
        "waveform": ["B", 200],
        "static": ["B", 4],
        "latency": ["B", 3],
        "amplitude": ["B", 3],
        "mask": ["B", 6],
    }


def test_the_streams_join_to_144_then_64_then_32(network):
    seen = {}

    def remember(name):
        def hook(_module, inputs, output):
            seen[name] = (inputs[0].shape[1], output.shape[1])

        return hook

    handles = [getattr(network, n).register_forward_hook(remember(n)) for n in ("join", "mean", "log_variance")]
    network(empty_inputs(2, 200))
    for handle in handles:
        handle.remove()
    assert seen == {"join": (144, 64), "mean": (64, 32), "log_variance": (64, 32)}
    widths = [network.encoder.layers[0].linear2.out_features]
    widths += [s.out_features for s in (network.static_stream, network.latency_stream, network.amplitude_stream)]
    assert [*widths, network.mask_stream.out_features] == [64, 32, 16, 16, 16]


def test_each_stream_moves_the_posterior(network):
    batch = empty_inputs(1, 200)
    base = network.encode(batch).mean
    for name in ("waveform", "static", "mask"):
        changed = empty_inputs(1, 200)
        getattr(changed, name).fill_(1.0)
        assert not torch.allclose(network.encode(changed).mean, base), name
    for name in ("latency", "amplitude"):
        marked, changed = empty_inputs(1, 200), empty_inputs(1, 200)
        marked.mask.fill_(1.0)
        changed.mask.fill_(1.0)
        getattr(changed, name).fill_(1.0)
        assert not torch.allclose(network.encode(changed).mean, network.encode(marked).mean), name


def test_outputs(network):
    assert stream_shapes(network)["outputs"] == {
        "waveform": ["B", 200],
        "latency": ["B", 3],
        "amplitude": ["B", 3],
        "static": ["B", 8],
    }
    assert (network.latent, network.samples) == (32, 200)


def test_positions_are_a_buffer_and_layers_are_pre_norm(network):
    assert "positions" in dict(network.named_buffers())
    assert tuple(network.positions.shape) == (50, 64)
    assert all(layer.norm_first for layer in [*network.encoder.layers, *network.decoder.layers])
    assert tuple(network.memory.shape) == (200, 64)


def test_the_output_is_not_squashed(network):
    assert not any(isinstance(m, (nn.Tanh, nn.Sigmoid)) for m in network.modules())
    z = torch.zeros(1, 32)
    last = network.waveform[-1]
    bias = last.bias.detach().clone()
    with torch.no_grad():
        last.bias += 5.0
        raised = network.decode(z, torch.zeros(1, 4)).waveform
        last.bias.copy_(bias)
    assert raised.min() > 3


def test_conditions_move_the_decoded_recording(network):
    z = torch.zeros(2, 32)
    decoded = network.decode(z, torch.tensor([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 1.0, 3.0]]))
    assert not torch.allclose(decoded.waveform[0], decoded.waveform[1])
    assert not torch.allclose(decoded.latency[0], decoded.latency[1])


def test_summary_adds_up(network):
    blocks = summarise(network)
    assert sum(b.parameters for b in blocks) == 520_335
    by_name = {b.name: b for b in blocks}
    assert by_name["stem.8"].output_shape == (1, 64, 50)
    assert by_name["encoder.layers.1"].output_shape == (1, 50, 64)
    assert by_name["waveform.6"].output_shape == (1, 1, 200)
    assert all(b.output_shape is not None for b in blocks)
