"""Who comes: one patient with two ears and one or more visits, drawn from the documented distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from abr_model.schema import HEARING_LOSS_CODES
from abr_model.sources.simulator.parameters import Parameters

WEEKS_PER_YEAR = 52.18
NORMAL, CONDUCTIVE, SENSORINEURAL, NEUROPATHY, TOTAL = range(5)
if HEARING_LOSS_CODES != ("normal", "conductive", "sensorineural", "neuropathy", "total"):
    raise AssertionError("the simulator counts on the order of the hearing-loss classes")


@dataclass(frozen=True)
class Patient:
    """What stays with a patient over levels, rates and runs. Arrays of two are right ear, left ear.

    ``latency_offset`` [2, 3] ms for I, III, V; ``amplitude_factor`` [2, 3] likewise. ``threshold`` is the click
    threshold of wave V in dB nHL, ``gap`` the air-bone gap, ``high_frequency_loss`` the hearing loss at 4 kHz.
    ``muscle`` is the post-auricular muscle response in µV at 80 dB (0: none; its sign is the electrode's), which comes
    ``muscle_delay`` ms later than the mean of ears; ``sn10_factor`` is that of the slow negativity after V. Ages are
    those of the visits, years.
    """

    female: bool
    ages: np.ndarray
    age_known: bool
    hearing_loss: np.ndarray
    threshold: np.ndarray
    gap: np.ndarray
    high_frequency_loss: np.ndarray
    residual_wave: np.ndarray
    residual_delay: np.ndarray
    latency_offset: np.ndarray
    amplitude_factor: np.ndarray
    iv_variant: np.ndarray
    muscle: np.ndarray
    muscle_delay: np.ndarray
    sn10_factor: np.ndarray
    eeg_uv: np.ndarray
    restless: np.ndarray


def draw_patient(rng: np.random.Generator, parameters: Parameters) -> Patient:
    """One patient."""
    who, hearing, shape = parameters.population, parameters.hearing, parameters.morphology
    visits = rng.geometric(1 - who.further_visit)
    ages = _first_age(rng, parameters) + np.cumsum(np.r_[0.0, rng.exponential(who.visit_gap, visits - 1)])
    hearing_loss = _hearing_losses(rng, parameters)
    threshold = hearing.normal_threshold + rng.normal(0, hearing.threshold_sd, 2)
    # Drawn for every ear, used where the class calls for it: the random stream does not depend on the class.
    gap = _bounded(rng, hearing.air_bone_gap)
    sensory = _bounded(rng, hearing.sensory_threshold)
    neuropathic = _bounded(rng, hearing.neuropathy_threshold)
    excess = np.maximum(rng.normal(*hearing.high_frequency_excess, 2), 0.0)
    gap = np.where(hearing_loss == CONDUCTIVE, gap, 0.0)
    threshold = np.select(
        [hearing_loss == CONDUCTIVE, hearing_loss == SENSORINEURAL, hearing_loss == NEUROPATHY, hearing_loss == TOTAL],
        [threshold + gap, sensory, neuropathic, np.inf],
        threshold,
    )
    muscle = np.exp(rng.normal(np.log(shape.muscle[0]), shape.muscle[1], 2)) * (rng.random(2) < shape.muscle_share)
    muscle *= np.where(rng.random(2) < shape.muscle_reversed, -1.0, 1.0)
    noise = parameters.noise
    return Patient(
        female=bool(rng.random() < who.female),
        ages=ages,
        age_known=bool(rng.random() >= who.age_missing),
        hearing_loss=hearing_loss,
        threshold=threshold,
        gap=gap,
        high_frequency_loss=np.where(hearing_loss == SENSORINEURAL, sensory + excess, 0.0),
        residual_wave=rng.random(2) < hearing.neuropathy_residual,
        residual_delay=np.maximum(rng.normal(*hearing.neuropathy_delay, 2), 0.0),
        latency_offset=_latency_offsets(rng, parameters),
        amplitude_factor=_amplitude_factors(rng, parameters),
        iv_variant=rng.choice(len(shape.iv_share), 2, p=shape.iv_share),
        muscle=muscle,
        muscle_delay=rng.normal(0, shape.muscle_jitter, 2),
        sn10_factor=np.exp(rng.normal(0, shape.sn10_log_sd, 2) - 0.5 * shape.sn10_log_sd**2),
        eeg_uv=np.exp(rng.normal(np.log(noise.eeg[0]), noise.eeg[1], visits)),
        restless=rng.random(visits) < noise.restless,
    )


def immaturity(age_years: np.ndarray, parameters: Parameters) -> np.ndarray:
    """1 at term birth, 0 in adults: the age term of wave V (Gorga 1989, physiology notes 1) relative to birth."""
    return np.exp(-parameters.latency.v_age_rate * WEEKS_PER_YEAR * np.asarray(age_years))


def _first_age(rng: np.random.Generator, parameters: Parameters) -> float:
    who = parameters.population
    group = rng.choice(len(who.age_share), p=who.age_share)
    low, high = who.age_from[group], who.age_to[group]
    infant = float(np.exp(rng.normal(np.log(who.infant_age_median), who.infant_age_log_sd)))
    other = rng.uniform(low, high) if group == 3 else float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return float(np.clip(infant, low, high)) if group == 0 else other


def _hearing_losses(rng: np.random.Generator, parameters: Parameters) -> np.ndarray:
    """Classes of both ears. The patient's share follows from the ear's: a hit patient has (1 + bilateral) hit ears."""
    share, bilateral = np.array(parameters.hearing.ear_share), np.array(parameters.hearing.bilateral)
    of_patients = 2 * share / (1 + bilateral)
    patient = rng.choice(5, p=np.r_[1 - of_patients.sum(), of_patients])
    worse_ear, both = rng.integers(2), rng.random()
    classes = np.full(2, patient)
    if patient != NORMAL and both >= bilateral[patient - 1]:
        classes[1 - worse_ear] = NORMAL
    return classes


def _latency_offsets(rng: np.random.Generator, parameters: Parameters) -> np.ndarray:
    """[2, 3] ms for I, III, V: patient's offsets of I, I-III and III-V add up, so that I and V correlate (notes 8)."""
    latency = parameters.latency
    steps = rng.normal(0, [latency.patient_sd_i, latency.patient_sd_i_iii, latency.patient_sd_iii_v])
    return np.cumsum(steps) + rng.normal(0, latency.ear_sd, (2, 1))


def _amplitude_factors(rng: np.random.Generator, parameters: Parameters) -> np.ndarray:
    """[2, 3] factors of I, III, V; logarithms are Gaussian with mean 0."""
    amplitude = parameters.amplitude
    patient = rng.normal(0, amplitude.patient_log_sd) + rng.normal(0, amplitude.wave_log_sd)
    return np.exp(patient + rng.normal(0, amplitude.ear_log_sd, (2, 3)))


def _bounded(rng: np.random.Generator, distribution: tuple) -> np.ndarray:
    mean, sd, low, high = distribution
    return np.clip(rng.normal(mean, sd, 2), low, high)
