"""The response without noise: latency and amplitude of each wave, and the trace that they make."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.sources.simulator.parameters import Amplitude, Parameters
from abr_model.sources.simulator.patients import (
    NEUROPATHY,
    SENSORINEURAL,
    TOTAL,
    WEEKS_PER_YEAR,
    Patient,
    immaturity,
)
from abr_model.sources.simulator.series import ALTERNATING, RAREFACTION, Series


@dataclass(frozen=True)
class Response:
    """What the ears answered. ``latency_ms``, ``amplitude_uv`` [n, 3] for I, III, V; amplitude 0: there is no wave."""

    latency_ms: np.ndarray
    amplitude_uv: np.ndarray
    waveform_uv: np.ndarray


def respond(rng: np.random.Generator, patient: Patient, series: Series, parameters: Parameters) -> Response:
    """Responses of one patient to all stimuli of a series, waveform [n, T] in µV."""
    young = immaturity(patient.ages[series.visit], parameters)
    latency = _latency(patient, series, young, parameters)
    latency += rng.normal(0, parameters.latency.run_sd, (len(series), 1))
    amplitude = _amplitude(patient, series, young, parameters)
    amplitude *= np.exp(rng.normal(0, parameters.amplitude.run_log_sd, amplitude.shape))
    return Response(latency, amplitude, _waveform(patient, series, latency, amplitude, young, parameters))


def _latency(patient: Patient, series: Series, young: np.ndarray, parameters: Parameters) -> np.ndarray:
    """[n, 3] ms of I, III, V."""
    p, hearing = parameters.latency, parameters.hearing
    ear, age = series.ear, patient.ages[series.visit]
    hearing_loss, threshold = patient.hearing_loss[ear], patient.threshold[ear]
    cochlear = (hearing_loss == SENSORINEURAL) | (hearing_loss == NEUROPATHY)
    # An air-bone gap or a less keen ear shifts the whole curve; a cochlear loss recruits: late near threshold alone.
    shift = np.where(cochlear | (hearing_loss == TOTAL), 0.0, threshold - hearing.normal_threshold)
    level = np.clip(series.level - shift, 0.0, None)
    delay = p.v_level * np.exp(-p.v_level_rate * level)
    v = p.v_asymptote + p.v_age * np.exp(-p.v_age_rate * p.term) * young + delay
    audible = np.maximum(level, p.i_level_least)
    i = p.i_asymptote + p.i_level * np.exp(-audible / p.i_level_decay)
    i = i + delay - p.v_level * np.exp(-p.v_level_rate * audible)
    i = i + p.i_newborn * np.exp(-age * WEEKS_PER_YEAR / p.i_newborn_decay)
    waves = np.stack([i, i + p.iii_share * (v - i), v], axis=1)

    decades = np.log10(series.rate / p.reference_rate)[:, None]
    waves += decades * [p.rate_i, p.rate_iii, p.rate_v] * (1 + p.rate_newborn * young)[:, None]
    sex = (-0.5 if patient.female else 0.5) * p.sex_v * (1 - young) + p.ageing_v * np.maximum(age - 25.0, 0.0)
    waves += sex[:, None] * [0.0, p.iii_share, 1.0]
    waves += patient.latency_offset[ear]

    above = np.clip(series.level - threshold, 0.0, None)
    near = hearing.near_threshold_delay * np.exp(-above / hearing.near_threshold_decay)
    steep = hearing.high_frequency_delay * np.clip(
        patient.high_frequency_loss[ear] - hearing.high_frequency_from, 0, None
    )
    late = np.where(hearing_loss == SENSORINEURAL, near + steep, 0.0)
    late = np.where(hearing_loss == NEUROPATHY, patient.residual_delay[ear], late)
    return waves + late[:, None]


def _amplitude(patient: Patient, series: Series, young: np.ndarray, parameters: Parameters) -> np.ndarray:
    """[n, 3] µV of I, III, V, peak to following trough; 0 below the threshold (infinite where the loss is total)."""
    p, hearing = parameters.amplitude, parameters.hearing
    ear, age = series.ear, patient.ages[series.visit]
    hearing_loss = patient.hearing_loss[ear]
    above = series.level[:, None] - patient.threshold[ear][:, None] - [p.above_v_i, p.above_v_iii, 0.0]
    growth = np.where(hearing_loss == SENSORINEURAL, hearing.recruitment_growth, p.growth)[:, None]
    amplitude = -np.expm1(-np.maximum(above, 0.0) / growth) * [p.largest_i, p.largest_iii, p.largest_v]
    newborn = np.array([p.newborn_i, p.newborn_iii, p.newborn_v])
    amplitude *= 1 - (1 - newborn) * young[:, None]
    amplitude *= (p.women ** (0.5 if patient.female else -0.5) - 1) * (1 - young)[:, None] + 1
    amplitude *= 1 - p.ageing * np.clip(age - 25.0, 0.0, None)[:, None]
    amplitude *= _rate_factor(series.rate, p)
    amplitude *= patient.amplitude_factor[ear]
    residual = np.where(patient.residual_wave[ear], hearing.neuropathy_gain, 0.0)[:, None] * [0.0, 0.0, 1.0]
    amplitude *= np.where((hearing_loss == NEUROPATHY)[:, None], residual, 1.0)
    return amplitude


def _rate_factor(rate: np.ndarray, p: Amplitude) -> np.ndarray:
    """Loss of amplitude with rate, linear in its logarithm between 17 and 65 /s (physiology notes 3)."""
    share = np.log(rate / 17.1) / np.log(65.1 / 17.1)
    return 1 - share[:, None] * [p.rate_i, p.rate_iii, p.rate_v]


def _waveform(patient, series, latency, amplitude, young, parameters) -> np.ndarray:
    """[n, T] float32, µV: Gaussian peaks with troughs, SN10, Pa, muscle response, microphonic; no mean."""
    p, hearing = parameters.morphology, parameters.hearing
    ear = series.ear
    time = np.arange(parameters.samples, dtype=np.float32) * np.float32(1000 / parameters.rate_hz)
    heard = np.where(np.isfinite(patient.threshold[ear]), series.level - patient.threshold[ear], -np.inf)
    near_threshold = np.exp(-np.maximum(heard, 0.0) / parameters.amplitude.growth)
    wider = (1 + p.newborn_wider * young) * (1 + p.low_level_wider * near_threshold)
    i, iii, v = latency.T
    size_i, size_iii, size_v = amplitude.T
    width_i, width_ii, width_iii, width_iv, width_v = (w * wider for w in p.width)
    trace = np.zeros((len(series), len(time)), dtype=np.float32)

    def add(height, centre, width):
        argument = (time - centre[:, None].astype(np.float32)) / width[:, None].astype(np.float32)
        np.add(trace, height[:, None].astype(np.float32) * np.exp(-0.5 * argument**2), out=trace)

    ii = i + parameters.latency.ii_share * (v - i)
    for size, centre, width in (
        (size_i, i, width_i),
        (p.ii * 0.5 * (size_i + size_iii), ii, width_ii),
        (size_iii, iii, width_iii),
    ):
        add((1 - p.trough) * size, centre, width)
        add(-p.trough * size, centre + p.trough_after * width, width)
    variant = patient.iv_variant[ear]
    lead, gain = np.array(p.iv_lead)[variant], np.array(p.iv_gain)[variant]
    # Wave IV, like III, needs a higher level than V: it shrinks with III.
    full_iii = np.minimum(size_iii / np.maximum(size_v, 1e-9), 1.0)
    add(gain * full_iii * p.v_positive * size_v, v - lead, width_iv)
    add(p.v_positive * size_v, v, width_v)
    add(-p.sn10 * patient.sn10_factor[ear] * size_v, v + p.sn10_after, p.sn10_width * wider)
    # At 33/s the middle-latency response to one stimulus lies under the early waves of the next.
    for stimulus in (-1, 0):
        pa = v + p.pa_after + stimulus * 1000 / series.rate
        add(p.pa * size_v, pa, np.full(len(series), p.pa_width))

    loud = np.clip((heard - p.muscle_from) / (80.0 - hearing.normal_threshold - p.muscle_from), 0.0, 1.5)
    muscle = np.where(patient.hearing_loss[ear] == NEUROPATHY, 0.0, patient.muscle[ear] * loud)
    for sign, at in zip((-1.0, 1.0), p.muscle_at, strict=True):
        add(sign * muscle, at + patient.muscle_delay[ear], np.full(len(series), p.muscle_width))
    trace += _microphonic(patient, series, time, parameters)
    # The amplifier is AC coupled: over a stimulus period, about the length of the trace, the response has no mean.
    return trace - trace.mean(axis=1, keepdims=True)


def _microphonic(patient, series, time, parameters) -> np.ndarray:
    """Cochlear microphonic: turns round with the polarity, so that alternating polarity cancels it."""
    p = parameters.morphology
    ear = series.ear
    hearing_loss = patient.hearing_loss[ear]
    sign = np.where(series.polarity == RAREFACTION, 1.0, -1.0) * (series.polarity != ALTERNATING)
    neuropathy = hearing_loss == NEUROPATHY
    size = np.where(neuropathy, p.microphonic_neuropathy, p.microphonic)
    size = size * np.where((hearing_loss == TOTAL) | (hearing_loss == SENSORINEURAL), 0.0, sign)
    size = size * 10 ** ((series.level - patient.gap[ear] - 80.0) / 40.0)
    if not size.any():
        return np.float32(0)
    decay = np.where(neuropathy, p.microphonic_decay[1], p.microphonic_decay[0])[:, None]
    since = np.maximum(time - 0.3, 0.0)
    ringing = np.sin(2 * np.pi * p.microphonic_hz / 1000 * since) * np.exp(-since / decay)
    return (size[:, None] * ringing).astype(np.float32)
