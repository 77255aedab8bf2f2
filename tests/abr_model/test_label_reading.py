"""How marks follow the recording: shares that are known are found, and labels are read with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from abr_model.label_prediction import hidden, predict_labels
from abr_model.label_reading import FEWEST, LabelReading, measure_reading
from abr_model.network.outputs import Decoded, Posterior
from abr_model.preparation import ModelInputs
from abr_model.provenance import Sampling
from abr_model.scaling import Scaling
from abr_model.waves import pick_wave

SAMPLING = Sampling(rate_hz=15_000.0, start_ms=0.0)
PLACES_MS = np.array([1.6, 3.8, 5.8])
TIME_MS = SAMPLING.time_ms(200)
RESPONSE_UV = sum(0.3 * np.exp(-0.5 * ((TIME_MS - place) / 0.25) ** 2) for place in PLACES_MS)
SCALING = Scaling(
    age="log", waveform="global", samples=200, condition_mean=(0, 0, 0), condition_sd=(1, 1, 1),
    waveform_mean_uv=(0.0,), waveform_sd_uv=(1.0,), label_mean=(0, 0, 0, 0, 0, 0), label_sd=(1, 1, 1, 1, 1, 1),
)  # fmt: skip


class KnowsTheResponse(torch.nn.Linear):
    """Says the same response for every recording, with its waves where they are."""

    latent = 2

    def encode(self, batch):
        zeros = torch.zeros(len(batch.waveform), 2)
        return Posterior(zeros, zeros - 20)

    def decode(self, z, static):
        n = len(z)
        latency = torch.from_numpy(PLACES_MS.astype(np.float32)).expand(n, 3)
        return Decoded(
            torch.from_numpy(RESPONSE_UV.astype(np.float32)).expand(n, 200), latency, torch.full((n, 3), 0.3)
        )


def recordings(n, latency_share, amplitude_share, seed=0):
    """Recordings with smooth noise, and marks that go these shares of the way to their peaks and take these shares of
    the noise there."""
    rng = np.random.default_rng(seed)
    smooth = np.exp(-0.5 * (np.arange(-12, 13) / 4) ** 2)
    noise = np.stack([np.convolve(row, smooth, "same") for row in rng.normal(size=(n, 200))]) * 0.02
    recording = RESPONSE_UV + noise
    latency, amplitude = np.empty((n, 3)), np.empty((n, 3))
    for wave, place in enumerate(PLACES_MS):
        peak, _ = pick_wave(recording, SAMPLING, np.full(n, place), 0.5, choose="nearest")
        peak = np.where(np.isfinite(peak), peak, place)
        latency[:, wave] = place + latency_share * (peak - place)
        at = np.rint(peak * 15).astype(int)
        amplitude[:, wave] = 0.3 + amplitude_share * noise[np.arange(n), at]
    as_tensor = lambda values: torch.from_numpy(values.astype(np.float32))  # noqa: E731
    return ModelInputs(
        as_tensor(recording), torch.zeros(n, 4), as_tensor(latency), as_tensor(amplitude), torch.ones(n, 6)
    )


@pytest.mark.parametrize(("latency", "amplitude"), [(1.0, 1.0), (0.4, 0.8), (0.0, 0.0)])
def test_known_shares_are_found_and_leave_no_error(latency, amplitude):
    network, inputs = KnowsTheResponse(1, 1), recordings(400, latency, amplitude)
    reading = measure_reading(network, SCALING, SAMPLING, inputs)
    np.testing.assert_allclose(reading.latency, latency, atol=0.03)
    np.testing.assert_allclose(reading.amplitude, amplitude, atol=0.03)
    new = recordings(300, latency, amplitude, seed=1)
    truth = np.hstack([new.latency, new.amplitude])
    read = predict_labels(network, SCALING, hidden(new, range(6)), reading=reading).mean
    assert np.abs(read - truth).mean() < 0.003
    if latency:
        assert np.abs(predict_labels(network, SCALING, hidden(new, range(6))).mean - truth).mean() > 0.01


def test_noise_is_read_where_the_wave_is_marked_when_that_is_known():
    reading = LabelReading(sampling=SAMPLING, latency=(0.0, 0.0, 0.0), amplitude=(1.0, 1.0, 1.0))
    recording = np.zeros((1, 200))
    recording[0, 90] = 0.5  # 6 ms
    labels = np.array([[1.6, 3.8, 5.0, 0.1, 0.1, 0.1]])
    known = np.full((1, 3), np.nan)
    assert reading.read(labels, known, recording, np.zeros((1, 200)))[0, 5] == pytest.approx(0.1)
    known[0, 2] = 6.0
    assert reading.read(labels, known, recording, np.zeros((1, 200)))[0, 5] == pytest.approx(0.6)


def test_a_wave_said_outside_of_the_trace_is_left_alone():
    reading = LabelReading(sampling=SAMPLING, latency=(1.0, 1.0, 1.0), amplitude=(1.0, 1.0, 1.0))
    labels = np.array([[-3.0, np.nan, 40.0, 0.1, np.nan, 0.3]])
    recording = np.random.default_rng(0).normal(size=(1, 200))
    read = reading.read(labels, np.full((1, 3), np.nan), recording, np.zeros((1, 200)))
    np.testing.assert_array_equal(read, labels)


def test_too_few_marks_leave_the_labels_of_the_response():
    reading = measure_reading(KnowsTheResponse(1, 1), SCALING, SAMPLING, recordings(FEWEST - 1, 1.0, 1.0))
    assert reading.latency == reading.amplitude == (0.0, 0.0, 0.0)
