from __future__ import annotations

import numpy as np
import pytest

from abr_model.diagrams.flow import Flow, LatentCode
from abr_model.network.trace import Attention
from abr_model.schema import Kind
from dashboard.charts.architecture import (
    attention_figure,
    latent_figure,
    matrix_figure,
    output_figure,
    trace_figure,
)
from dashboard.style import TRACE_STYLES


@pytest.fixture
def flow() -> Flow:
    rng = np.random.default_rng(0)
    time = np.arange(200) / 15
    weights = [rng.dirichlet(np.ones(10), size=(1, 4, 10)) for _ in range(2)]
    attention = tuple(Attention(f"encoder.layers.{i}.self_attn", w) for i, w in enumerate(weights))
    cross = Attention("decoder.layers.0.multihead_attn", rng.dirichlet(np.ones(50), size=(1, 4, 10)))
    latent = LatentCode(*(np.arange(4.0) + k for k in range(5)))
    edges = (np.arange(11) * 20 - 0.5) / 15
    return Flow(time, np.sin(time), np.cos(time), edges, (*attention, cross), {}, latent, np.zeros(6), np.zeros(6))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", list(Kind))
def test_recording_and_response_are_told_apart(flow, theme, kind):
    figure = trace_figure(flow, kind, theme)
    recording, response = figure.data[:2]
    np.testing.assert_array_equal(recording.y, flow.recording_uv)
    np.testing.assert_array_equal(response.y, flow.response_uv)
    assert kind in recording.name
    assert "generated" in response.name
    assert (recording.line.color, recording.line.dash) == (TRACE_STYLES[kind].colour(theme), TRACE_STYLES[kind].dash)
    assert figure.layout.yaxis.title.text == "µV"
    edges = figure.data[2].x[::3]
    np.testing.assert_allclose(edges, flow.edges_ms)


def test_a_strip_for_each_head_lies_under_the_trace(flow):
    layers = flow.attention_of("encoder")
    figure = attention_figure(flow, layers, Kind.SIMULATED, "light", chosen=(2, 3))
    heat = next(trace for trace in figure.data if trace.type == "heatmap")
    assert list(heat.y) == [f"layer {layer}, head {head}" for layer in (1, 2) for head in (1, 2, 3, 4)]
    np.testing.assert_allclose(heat.z[5], 100 * layers[1].weights[0, 1].mean(0))
    np.testing.assert_allclose(heat.z.sum(1), 100)
    np.testing.assert_allclose(heat.x, np.arange(10) * 20 / 15 + 9.5 / 15)
    assert heat.zmin == 0
    assert heat.zmax == pytest.approx(heat.z.max())
    assert figure.layout.xaxis.matches == "x2", "trace and strips share their time axis"
    assert [shape.y0 for shape in figure.layout.shapes] == [5.5]


def test_who_looks_at_whom(flow):
    own = matrix_figure(flow, flow.attention_of("encoder")[1], 2, "dark").data[0]
    np.testing.assert_allclose(own.z, 100 * flow.attention[1].weights[0, 1])
    cross = matrix_figure(flow, flow.attention_of("decoder", crosses=True)[0], 1, "dark")
    assert cross.data[0].z.shape == (10, 50)
    assert list(cross.data[0].x[:2]) == [1, 2]
    assert "memory" in cross.layout.xaxis.title.text


def test_the_latent_code_has_its_spread_and_its_prior(flow):
    posterior, prior, kl = latent_figure(flow, "light").data
    np.testing.assert_array_equal(posterior.y, flow.latent.mean)
    np.testing.assert_array_equal(posterior.error_y.array, flow.latent.sd)
    np.testing.assert_array_equal(prior.y, flow.latent.prior_mean)
    np.testing.assert_array_equal(kl.y, flow.latent.kl)


@pytest.mark.parametrize(
    ("shape", "kind", "drawn"),
    [((64,), "scatter", (64,)), ((1, 200), "scatter", (200,)), ((10, 64), "heatmap", (10, 64)),
     ((300, 400), "heatmap", (256, 256)), ((1,), "scatter", (1,)), ((3, 4, 5), "heatmap", (3, 20))],
)  # fmt: skip
def test_an_output_of_any_shape_is_drawn(shape, kind, drawn):
    values = np.linspace(-2, 1, int(np.prod(shape))).reshape(shape)
    trace = output_figure(values, "light").data[0]
    assert trace.type == kind
    assert np.shape(trace.z if kind == "heatmap" else trace.y) == drawn
    if kind == "heatmap":
        assert trace.zmin == -trace.zmax
