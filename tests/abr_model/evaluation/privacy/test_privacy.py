"""A generator that copies is caught by every figure that can see it; one that draws new people is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.privacy.privacy import privacy_section
from abr_model.provenance import Provenance, Sampling
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, INTENSITY, RATE

SAMPLES, EACH = 60, 8


def cohort_of(traces: np.ndarray, conditions: pd.DataFrame, patients, kind: str = "simulated") -> Cohort:
    ids = pd.DataFrame({"recording_id": [f"{p}-{k}" for k, p in enumerate(patients)], "patient_id": patients})
    table = pd.concat([ids, conditions.reset_index(drop=True)], axis=1)
    source = Provenance(kind=kind, source="constructed")
    return Cohort(traces, table, Sampling(rate_hz=10000, start_ms=0), source)


def traces_for(levels: np.ndarray, patient: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A curve of each patient's own that grows with the level, and noise."""
    curves = np.cumsum(rng.standard_normal((patient.max() + 1, SAMPLES)), axis=1)
    noise = rng.standard_normal((len(levels), SAMPLES))
    return levels[:, None] / 60 * curves[patient] + noise


def people(n: int, name: str, seed: int) -> Cohort:
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(n), EACH)
    conditions = pd.DataFrame(
        {
            AGE.name: rng.uniform(1, 80, n)[patient],
            INTENSITY.name: rng.choice([20.0, 40.0, 60.0, 80.0], n * EACH),
            RATE.name: 21.1,
            HEARING_LOSS.name: "normal",
        }
    )
    traces = traces_for(conditions[INTENSITY.name].to_numpy(), patient, rng)
    return cohort_of(traces, conditions, [f"{name}{p:03}" for p in patient])


def new_people(conditions: pd.DataFrame, seed: int) -> Cohort:
    """The population itself: each recording is of somebody new."""
    rng = np.random.default_rng([seed, 1])
    traces = traces_for(conditions[INTENSITY.name].to_numpy(), np.arange(len(conditions)), rng)
    return cohort_of(traces, conditions, [f"new{k}" for k in range(len(traces))], "generated")


def copier(train: Cohort, noise: float):
    """Gives the training recording of the nearest conditions, with a little noise."""
    columns = [AGE.name, INTENSITY.name]

    def generate(conditions: pd.DataFrame, seed: int) -> Cohort:
        known, asked = train.table[columns].to_numpy(), conditions[columns].to_numpy()
        rows = np.abs(asked[:, None] - known[None]).sum(2).argmin(1)
        rng = np.random.default_rng(seed)
        traces = train.waveforms[rows] + noise * rng.standard_normal((len(rows), SAMPLES))
        return cohort_of(traces, conditions, [f"new{k}" for k in range(len(traces))], "generated")

    return generate


@pytest.fixture(scope="module")
def parts() -> dict[str, Cohort]:
    return {"train": people(140, "t", 0), "other": people(60, "o", 1), "real": people(60, "r", 2)}


def scores_of(parts: dict[str, Cohort], generator, **changes) -> dict:
    generated = generator(parts["real"].table[list(CONDITION_NAMES)], 0)
    comparison = Comparison(
        **(parts | {"generated": generated, "clean": None, "seed": 0, "generate": generator} | changes)
    )
    section = privacy_section(comparison)
    return {score.key: score for score in section.scores} | {"tables": section.tables}


@pytest.fixture(scope="module")
def honest(parts):
    return scores_of(parts, new_people)


@pytest.fixture(scope="module")
def copied(parts):
    return scores_of(parts, copier(parts["train"], noise=0.05))


def test_new_people_give_nobody_away(honest):
    assert honest["near_copies"].value < 1
    assert 0.42 < honest["nearer_to_training"].value < 0.58
    assert 0.85 < honest["distance_ratio"].value < 1.15
    for key in ("membership_auc_nearest", "membership_auc_relative"):
        assert 0.43 < honest[key].value < 0.57
        assert 0.38 < honest[f"{key}_patient"].value < 0.62


def test_copies_are_caught_by_everything(copied):
    assert copied["near_copies"].value > 99
    assert copied["nearer_to_training"].value > 0.7
    assert copied["distance_ratio"].value < 0.5
    for key in ("membership_auc_nearest", "membership_auc_relative"):
        assert copied[key].value > 0.75
        assert copied[f"{key}_patient"].value > 0.9
    assert copied["nearer_to_training"].met is False
    assert copied["membership_auc_nearest"].met is False


def test_a_patients_curve_under_fresh_noise_is_seen_by_nearness(parts):
    # No recording is repeated, but the person is: that is what the nearness to training patients is for.
    scores = scores_of(parts, copier(parts["train"], noise=3.0))
    assert scores["near_copies"].value < 50
    assert scores["nearer_to_training"].value > 0.7
    assert scores["membership_auc_nearest"].value > 0.65


def test_real_against_real_is_beside_every_figure_whatever_the_generator(honest, copied):
    for key, score in honest.items():
        if key == "tables" or "loss" in key:
            continue
        assert np.isfinite(score.limit), key
        assert score.limit == copied[key].limit, key
        low, high = score.interval
        assert low <= score.value <= high
    assert 0.42 < honest["nearer_to_training"].limit < 0.58
    assert honest["near_copies"].limit < 1


def test_tables_say_the_same_as_the_scores(honest):
    membership = honest["tables"]["membership"]
    assert membership["auc"].iloc[0] == honest["membership_auc_nearest"].value
    assert (honest["tables"]["distance_to_training"]["generated_uv"].diff().dropna() > 0).all()


def test_without_a_network_or_a_generator_what_cannot_be_told_says_so(parts, honest):
    assert "network" in honest["membership_auc_loss"].untold
    scores = scores_of(parts, new_people, generate=None)
    assert "generator" in scores["membership_auc_nearest"].untold
    assert scores["distance_ratio"].value == honest["distance_ratio"].value


def test_a_split_by_recording_is_refused(parts):
    leaky = parts | {"other": parts["train"].take(np.arange(80))}
    scores = scores_of(leaky, new_people)
    assert all("split by recording" in s.untold for k, s in scores.items() if k != "tables")


def test_too_few_patients_is_said(parts):
    few = parts | {"other": parts["other"].take(np.arange(2 * EACH))}
    assert all("fewer than 3" in s.untold for k, s in scores_of(few, new_people).items() if k != "tables")


def test_the_seed_settles_everything(parts, honest):
    again = scores_of(parts, new_people)
    assert {k: s for k, s in again.items() if k != "tables" and "loss" not in k} == {
        k: s for k, s in honest.items() if k != "tables" and "loss" not in k
    }
