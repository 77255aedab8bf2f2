"""Every number of the simulated clinic, with its unit and its source beside it.

Sources: "notes N" is section N of the physiology notes (published click-ABR values and their papers); "statistics" are
the published summary statistics of the original clinic; "choice" is a modelling choice of ours without a published
value, free to be calibrated.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field


def value(default, unit: str, source: str):
    """A parameter with its unit and where it comes from."""
    return field(default=default, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class Population:
    """Who comes to the clinic."""

    age_share: tuple = value((0.60, 0.24, 0.126, 0.034), "share", "statistics: quartiles 0, 0, 2 y, mean 2.9, SD 8 y")
    age_from: tuple = value((0.02, 1.0, 4.0, 18.0), "years", "choice: infants, toddlers, children, adults")
    age_to: tuple = value((1.0, 4.0, 18.0, 75.0), "years", "statistics: maximum 75 y")
    infant_age_median: float = value(0.248, "years", "choice: follow-up of newborn screening at about 3 months")
    infant_age_log_sd: float = value(0.8, "log", "choice")
    age_missing: float = value(1930 / 55237, "share of patients", "statistics: 1,930 of 55,237 recordings")
    female: float = value(0.48, "share", "choice")
    further_visit: float = value(0.21, "probability", "choice: gives the published spread of recordings per patient")
    visit_gap: float = value(0.4, "years", "choice: mean time between visits (exponential)")
    one_ear_only: float = value(0.06, "share of visits", "choice")
    cut_short: float = value(0.10, "share of visits", "choice: the child woke up; published minimum 1 recording")


@dataclass(frozen=True)
class Hearing:
    """Hearing of each ear. Classes in the order conductive, sensorineural, neuropathy, total; the rest is normal."""

    ear_share: tuple = value((0.062, 0.13, 0.011, 0.053), "share of ears", "statistics: share of recordings by class")
    bilateral: tuple = value((0.6, 0.75, 0.7, 0.6), "probability", "choice: the other ear has the same class")
    normal_threshold: float = value(7.3, "dB nHL", "0 dB nHL is heard by half; V is seen some dB above, notes 6")
    threshold_sd: float = value(6.66, "dB", "notes 1: with the slope at 20 dB gives Gorga's SD of 0.54 ms")
    air_bone_gap: tuple = value((32.0, 10.0, 15.0, 60.0), "dB: mean, SD, min, max", "choice: effusion to atresia")
    sensory_threshold: tuple = value(
        (66.0, 24.0, 32.0, 118.0), "dB nHL: mean, SD, min, max", "statistics: V marked in 63 % of recordings"
    )
    high_frequency_excess: tuple = value((12.0, 10.0), "dB: mean, SD", "choice: loss at 4 kHz above click threshold")
    neuropathy_threshold: tuple = value((60.0, 15.0, 30.0, 95.0), "dB nHL: mean, SD, min, max", "choice")
    neuropathy_residual: float = value(0.436, "probability", "statistics: 27 % of neuropathy recordings have V marked")
    neuropathy_gain: float = value(0.6, "factor", "choice: residual wave V is small")
    neuropathy_delay: tuple = value((0.6, 0.3), "ms: mean, SD", "choice: residual wave V is late")
    recruitment_growth: float = value(13.6, "dB", "choice: amplitude constant of a sensorineural ear, normal 25 dB")
    near_threshold_delay: float = value(0.5, "ms", "choice: flat loss, V normal 4-10 dB above threshold, notes 5")
    near_threshold_decay: float = value(4.0, "dB", "notes 5: V normal 4-10 dB above own threshold")
    high_frequency_delay: float = value(0.01, "ms per dB", "notes 5: 0.1 ms per 10 dB of 4 kHz loss above 50 dB HL")
    high_frequency_from: float = value(50.0, "dB HL", "notes 5: Selters-Brackmann type correction")


@dataclass(frozen=True)
class Testing:
    """What the operator does: levels, repeats, rates, polarities, sweeps."""

    start_level: tuple = value((80, 75, 90, 70, 100, 60, 40), "dB nHL", "choice")
    start_share: tuple = value(
        (0.43, 0.34, 0.095, 0.08, 0.035, 0.01, 0.01), "share", "statistics: quartiles 20, 40, 75"
    )
    known_loss: float = value(
        0.35, "probability", "choice: an ear whose loss is known is tested from the highest level downwards"
    )
    floor_level: tuple = value((20, 15, 10, 5, 0), "dB nHL", "choice: level at which an ear counts as normal")
    floor_share: tuple = value((0.075, 0.031, 0.081, 0.051, 0.762), "share", "statistics: 21 levels from 0 to 100 dB")
    up_step: tuple = value((10, 20), "dB", "choice: ascent while there is no response")
    up_share: tuple = value((0.053, 0.947), "share", "choice")
    coarse_step: tuple = value((20, 30, 40, 50), "dB", "choice: descent above the threshold region")
    coarse_share: tuple = value((0.2, 0.154, 0.474, 0.172), "share", "choice")
    fine_step: tuple = value((10, 5, 20), "dB", "choice: descent near threshold")
    fine_share: tuple = value((0.36, 0.09, 0.55), "share", "choice")
    fine_below: float = value(27.3, "dB nHL", "choice")
    seen_above: float = value(3.98, "dB above threshold", "choice: where averaging shows wave V to the operator")
    estimate_sd: float = value(5.07, "dB", "choice: error of the operator's judgement of the threshold on the fly")
    repeats: tuple = value((1, 2, 3), "recordings per level", "choice: replicates")
    repeats_share: tuple = value(
        (0.015, 0.235, 0.75), "share", "statistics: 55,237 recordings of 2,043 patients, median 24"
    )
    to_be_sure: tuple = value(
        (0, 1, 2, 3), "further recordings", "choice: without a response at the highest level the operator makes sure"
    )
    to_be_sure_share: tuple = value((0.1, 0.2, 0.3, 0.4), "share of ears", "choice")
    rate: tuple = value((33.1, 39.1, 11.1, 21.1, 27.1, 45.1, 49.1), "/s", "statistics: 33.1, 39.1, 11.1 to 49.1")
    rate_share: tuple = value(
        (0.804, 0.16, 0.009, 0.019, 0.004, 0.002, 0.002), "share of visits", "statistics: mean 33.66, SD 3.67"
    )
    single_polarity: float = value(0.16, "share of ears", "statistics: 3.5 % of recordings are not alternating")
    single_polarity_neuropathy: float = value(0.5, "share of ears", "choice: looking for the cochlear microphonic")
    single_polarity_from: float = value(70.0, "dB nHL", "choice: only at high levels")
    noise_target: tuple = value((38.2, 0.35), "nV: median, log SD", "notes 7: stop target 40 nV adult, 20 nV child")
    fmp_target: tuple = value((3.06, 0.5), "median, log SD", "Elberling & Don 1984: Fsp 3.1 is p < .01")
    stops_at_fmp: float = value(0.366, "share of ears", "choice")
    least_sweeps: int = value(600, "sweeps", "choice")
    most_sweeps: tuple = value((2000, 3000, 4000, 6000), "sweeps", "choice")
    loud_from: float = value(70.0, "dB nHL", "choice: from here on a recording is short")
    loud_sweeps: float = value(
        0.26, "of the most sweeps", "choice: sweeps are spent near threshold; statistics: kept 51.2, all 46.0 dB"
    )
    most_sweeps_share: tuple = value((0.33, 0.2, 0.3, 0.17), "share of ears", "choice")


@dataclass(frozen=True)
class Latency:
    """When the waves come. ``a`` is conceptional age in weeks, ``L`` the level in dB nHL at a normal cochlea."""

    v_asymptote: float = value(4.89, "ms", "notes 1: Gorga 1989, V = 4.89 + 4.46 exp(-.0318 a) + 5.31 exp(-.0264 L)")
    v_age: float = value(4.46, "ms", "notes 1: Gorga 1989")
    v_age_rate: float = value(0.0318, "per week", "notes 1: Gorga 1989")
    v_level: float = value(5.31, "ms", "notes 1: Gorga 1989")
    v_level_rate: float = value(0.0264, "per dB", "notes 1: Gorga 1989")
    term: float = value(40.0, "weeks", "conceptional age at birth")
    i_asymptote: float = value(
        1.11, "ms", "notes 1: 1.31 fits Hood 1998; other labs 1.46-1.5 at 80 dB, this device 1.49, statistics 1.55"
    )
    i_level: float = value(8.97, "ms", "notes 1: fit to Hood 1998")
    i_level_decay: float = value(24.0, "dB", "notes 1: fit to Hood 1998")
    i_level_least: float = value(45.0, "dB nHL", "notes 1: Hood has no wave I below; there it moves as wave V does")
    i_newborn: float = value(0.0, "ms", "notes 4: infants 1.45-1.56 (n = 420, and this device); another lab 1.79")
    i_newborn_decay: float = value(8.0, "weeks", "notes 4: barely moves from 3 months")
    iii_share: float = value(0.539, "of I-V", "notes 1, 4: I-III 2.05 of 3.85 adult, 2.75 of 4.97 newborn")
    ii_share: float = value(
        0.229, "of I-V", "choice: about half-way; statistics: second bump of the mean trace at 2.4 ms"
    )
    reference_rate: float = value(11.1, "/s", "notes 4: predicted newborn V equals that seen at 10/s")
    rate_i: float = value(0.17, "ms per decade of rate", "notes 3")
    rate_iii: float = value(0.34, "ms per decade of rate", "notes 3")
    rate_v: float = value(0.55, "ms per decade of rate", "notes 3: +.5 to +.6")
    rate_newborn: float = value(
        0.3, "added share", "notes 3: larger shift in neonates, Parthasarathy 1998; size: choice"
    )
    sex_v: float = value(0.2, "ms", "notes 4: women earlier by 0.2 ms, Jerger & Hall 1980; grows with the head")
    ageing_v: float = value(0.2 / 30, "ms per year above 25", "notes 4: +0.2 ms from 25 to 55 y")
    patient_sd_i: float = value(0.12, "ms", "notes 8")
    patient_sd_i_iii: float = value(0.11, "ms", "notes 8")
    patient_sd_iii_v: float = value(0.10, "ms", "notes 8")
    ear_sd: float = value(0.06, "ms", "notes 8: |delta V| between ears at most 0.2 ms")
    run_sd: float = value(0.04, "ms", "notes 8: .03-.08 ms")


@dataclass(frozen=True)
class Amplitude:
    """How large the waves are, peak to following trough: ``largest · (1 - exp(-(L - threshold) / growth))``."""

    largest_i: float = value(0.38, "µV", "notes 2: .30 at 70 dB, .36 at 80 dB")
    largest_iii: float = value(0.473, "µV", "notes 2: .34 at 70 dB")
    largest_v: float = value(0.528, "µV", "notes 2: .61 at 70, .50 at 80, .41 (children), .45 at 60 dB")
    growth: float = value(25.0, "dB", "notes 2: V .15-.25 at 20-30, .3 at 40, .45 at 60 dB; click norms .26, .37, .41")
    above_v_i: float = value(30.0, "dB", "notes 6: wave I needs 53 dB for half of ears, V 20 dB")
    above_v_iii: float = value(18.0, "dB", "notes 6: wave III needs 36 dB")
    newborn_v: float = value(
        0.449, "factor", "notes 2: infant tone burst .14 at 45, .20 at 65 dB; clinic of infants .17"
    )
    newborn_i: float = value(0.84, "factor", "statistics: marked I .30 µV, V .17 µV in infants; newborn V/I is small")
    newborn_iii: float = value(0.994, "factor", "statistics: marked III .40 µV in infants")
    women: float = value(1.25, "factor", "notes 4: women +25 %, Jerger & Hall 1980")
    ageing: float = value(0.10 / 30, "share lost per year above 25", "notes 4: -10 % from 25 to 55 y")
    rate_i: float = value(0.30, "share lost from 17 to 65 /s", "notes 3")
    rate_iii: float = value(0.25, "share lost from 17 to 65 /s", "notes 3")
    rate_v: float = value(0.10, "share lost from 17 to 65 /s", "notes 3")
    patient_log_sd: float = value(0.294, "log", "notes 10: SD/mean of V .25-.45")
    ear_log_sd: float = value(0.12, "log", "choice")
    wave_log_sd: tuple = value((0.28, 0.33, 0.12), "log, for I, III, V", "notes 2: I and III vary most")
    run_log_sd: float = value(0.05, "log", "choice: test-retest ICC of wave I .85, notes 2")


@dataclass(frozen=True)
class Morphology:
    """Shape of the waves: Gaussian peaks, each with a trough, and the slow negativity after V (SN10)."""

    width: tuple = value((0.18, 0.20, 0.26, 0.28, 0.30), "ms, SD of I II III IV V", "notes 9")
    newborn_wider: float = value(0.35, "added share", "choice: immature waves are broad")
    low_level_wider: float = value(0.4, "added share at threshold", "notes 9: wider at low level")
    trough: float = value(0.22, "of a wave's amplitude", "choice")
    trough_after: float = value(2.6, "widths", "choice: about half a millisecond after the peak")
    ii: float = value(0.52, "of the mean of I and III", "choice")
    iv_share: tuple = value((0.35, 0.30, 0.12, 0.13, 0.10), "share of ears", "notes 9: Chiappa 1979 found six patterns")
    iv_lead: tuple = value((0.85, 0.55, 0.80, 0.65, 0.90), "ms before V", "choice: separate, fused, IV dominant, ...")
    iv_gain: tuple = value((0.45, 0.60, 0.95, 0.80, 0.10), "of V's peak", "choice: ... V on IV's shoulder, IV missing")
    v_positive: float = value(0.7, "of V's amplitude", "statistics: mean trace rises less above than it falls below")
    sn10: float = value(0.505, "of V's amplitude", "notes 9: trough about .9 V; split between V's side and SN10")
    sn10_after: float = value(4.95, "ms after V", "statistics: mean trace lowest 4 ms after the mean of V")
    sn10_width: float = value(2.12, "ms, SD", "statistics: mean trace")
    sn10_log_sd: float = value(0.53, "log, between ears", "statistics: SD of traces .18 µV at 9 ms, where V is over")
    pa: float = value(0.18, "of V's amplitude", "statistics: mean trace begins at +.066 µV")
    pa_after: float = value(
        25.0, "ms after V", "choice: middle-latency positivity; of the stimulus before, it is early"
    )
    pa_width: float = value(3.58, "ms, SD", "choice")
    microphonic: float = value(0.12, "µV at 80 dB", "choice: single polarities only, opposite sign")
    microphonic_neuropathy: float = value(0.45, "µV at 80 dB", "choice: large and long in neuropathy")
    microphonic_hz: float = value(1000.0, "Hz", "choice: what the amplifier's filter leaves of the click's ringing")
    microphonic_decay: tuple = value((0.5, 1.5), "ms: other ears, neuropathy", "choice")
    muscle_share: float = value(
        0.36, "share of ears", "choice: post-auricular muscle response, O'Beirne & Patuzzi 1999"
    )
    muscle: tuple = value((0.39, 0.8), "µV at 80 dB: median, log SD", "statistics: SD of traces peaks at 12.3 ms")
    muscle_from: float = value(45.0, "dB above threshold", "choice")
    muscle_at: tuple = value((12.3, 15.8), "ms: negative, positive", "statistics: SD of traces peaks at 12.3 ms")
    muscle_width: float = value(1.22, "ms, SD", "choice")
    muscle_jitter: float = value(0.75, "ms, SD between ears", "statistics: SD of traces rises from 9 to 12.3 ms")
    muscle_reversed: float = value(
        0.433, "share of ears", "choice: its sign depends on the electrode's place, O'Beirne & Patuzzi 1999"
    )


@dataclass(frozen=True)
class Noise:
    """Background EEG of a single sweep, and how it is averaged."""

    eeg: tuple = value(
        (3.05, 0.47),
        "µV SD of a sweep: median, log SD",
        "statistics: Fmp; 1.2 above 100 Hz; notes 7: adults 1.5-2, 7-11",
    )
    high_pass: float = value(30.8, "Hz, first order", "choice: infant setting of the amplifier, 6 dB/octave")
    low_pass: float = value(1500.0, "Hz, second order", "choice")
    exponent: float = value(2.95, "of 1/f power", "sleep EEG: 1 to 4 (Bódizs 2021); statistics: Fmp below 0.74 in half")
    muscle_share: float = value(0.06, "share of variance", "choice: flat part, muscle; notes 7")
    white: float = value(
        0.12, "µV SD of a sweep", "choice: amplifier and converter up to half the sampling rate; 2-5 nV after averaging"
    )
    restless: float = value(0.25, "share of visits", "choice")
    restless_blocks: float = value(0.12, "share of blocks", "notes 7: 12 % of blocks in a noisy patient")
    restless_gain: tuple = value((1.8, 4.0), "factor", "notes 7: x 1.8-4")
    run_log_sd: float = value(0.209, "log", "choice: EEG level changes from run to run")
    usual_rate: float = value(33.1, "/s", "statistics: 80 % of recordings")
    fast_rate: float = value(
        2.3, "factor", "choice: children who do not sleep are tested fast; statistics: fewer kept at 39.1/s"
    )
    reject_above: float = value(40.0, "µV", "notes 7: +-40 loose, +-20 typical")
    looks: int = value(20, "independent looks per sweep", "choice: for the share of sweeps rejected")
    movement: float = value(0.03, "share of sweeps", "choice: rejected for movement, exponential")
    blocks: int = value(16, "blocks per recording", "notes 7: weighting by blocks, Don & Elberling 1994")
    period: int = value(1024, "samples", "choice: longer than the trace, so that noise does not wrap")
    points: int = value(16, "points", "Fmp: several points instead of one, Don & Elberling 1994")
    window: tuple = value((5.0, 15.0), "ms", "choice: window of Fmp, where V and its trough lie")


@dataclass(frozen=True)
class Marking:
    """Which waves the operator marks, and how exactly."""

    v_needs: float = value(0.634, "times residual noise", "choice: replicates help, and the eye sees past slow noise")
    other_needs: float = value(1.4, "times residual noise", "choice: as for V, for smaller and less certain waves")
    spread: float = value(0.35, "log", "choice: width of the transition from unmarked to marked")
    all_waves_from: float = value(70.0, "dB nHL", "choice: I and III are marked at high levels only")
    all_waves: float = value(0.72, "share of visits", "statistics: I 10.9 %, III 11.9 % of recordings marked")
    i_too: float = value(0.99, "share", "statistics: I marked a little less often than III")
    v_habit: float = value(0.99, "share of series", "choice: some series are stored without marks")
    fmp_convinces: tuple = value(
        (1.4, 0.4), "Fmp: median, log SD", "choice: the device is believed; statistics: V marked in 95.6 % of kept"
    )
    other_peak: float = value(0.039, "probability", "choice: another peak marked although the wave is clear")
    clear_from: float = value(
        1.58, "times residual noise", "choice: a wave e-fold less likely to be confused per so much amplitude"
    )
    displaced: tuple = value(
        (0.977, 0.699, 2.16), "ms, SD for I, III, V", "statistics: SD of marked latency I .44, III .45, V 1.42 ms"
    )
    apart: float = value(0.6, "ms", "choice: the eye keeps the waves in order, at least so far apart")
    v_from: float = value(4.6, "ms", "statistics: earliest V marked at 4.8 ms")
    v_to: float = value(18.5, "ms", "statistics: latest V marked at 18.47 ms")
    absent_below: float = value(
        66.0, "nV", "notes 7: gap of at most 25 nV (NHSP) in a band from 100 Hz, which holds 0.38 of this noise"
    )
    within: tuple = value(
        (0.3, 0.4, 0.5), "ms, for I, III, V", "choice: how far from the expected latency a peak may lie"
    )
    scatter: float = value(0.03, "ms, SD", "choice: cursor placed by hand, half a sample")


@dataclass(frozen=True)
class Parameters:
    """The simulated clinic."""

    population: Population = Population()
    hearing: Hearing = Hearing()
    testing: Testing = Testing()
    latency: Latency = Latency()
    amplitude: Amplitude = Amplitude()
    morphology: Morphology = Morphology()
    noise: Noise = Noise()
    marking: Marking = Marking()
    rate_hz: float = value(15000.0, "samples per second", "statistics: 467 samples, latencies fit 15 kHz")
    samples: int = value(467, "samples", "statistics")

    def sha256(self) -> str:
        """Hash of all values: two cohorts with the same hash and seed come from the same clinic."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()


DEFAULT = Parameters()
