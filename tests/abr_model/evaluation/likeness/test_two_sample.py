"""Classifiers that tell two sets apart: chance where there is nothing to tell, certainty where there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.features import CONDITION_FEATURES, Components
from abr_model.evaluation.likeness.two_sample import two_sample_section
from abr_model.evaluation.likeness.two_samples import TwoSamples, fit_boosting, fit_cnn, fit_logistic, judge


def scores_of(section) -> dict:
    return {score.key: score for score in section.scores}


def auc(samples, fit) -> float:
    return RankedScores(judge(samples, fit, 0).scores, samples.is_candidate)()


def of_one_fold(samples, fit, seed) -> np.ndarray:
    learn, ask = next(samples.folds())
    return fit(samples, learn, seed)(samples.traces[ask], samples.features.iloc[ask], samples.conditions[ask])


@pytest.fixture
def steeper():
    """Traces of which every other sample is higher by a little: a difference in no other thing than one frequency."""
    return lambda traces: traces + 0.2 * (-1.0) ** np.arange(traces.shape[1])


def test_what_is_of_the_same_law_cannot_be_told(constructed):
    seen: list[float] = []
    section = two_sample_section(constructed(), seen.append)
    found = scores_of(section)
    for key in ("two_sample_auc_boosting", "two_sample_auc_cnn", "two_sample_auc_logistic"):
        assert 0.4 < found[key].value < 0.6, key
        assert 0.38 < found[key].limit < 0.62, key
        assert found[key].interval[0] < found[key].value < found[key].interval[1]
    assert found["two_sample_auc_boosting"].met and found["two_sample_auc_cnn"].met
    assert found["discriminative_score"].value < 0.1
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_what_differs_is_told_and_by_what(constructed, steeper):
    section = two_sample_section(constructed(steeper))
    found = scores_of(section)
    assert found["two_sample_auc_boosting"].value > 0.99
    assert found["two_sample_auc_cnn"].value > 0.95
    assert found["discriminative_score"].value > 0.35
    assert found["two_sample_auc_boosting"].met is False
    assert found["two_sample_auc_boosting"].limit < 0.65
    telling = section.tables["telling_features"]
    assert telling["feature"][0].startswith("log power 5250")
    assert telling["auc_alone"][0] > 0.99 and telling["shift_sd"][0] > 1
    assert telling["where"][telling["feature"] == "component 1"].str.contains("ms").all()


def test_a_difference_that_only_the_conditions_show_is_found(constructed):
    """Traces that ignore the level they were asked for, where real ones grow with it."""
    comparison = constructed()
    level = comparison.real.table["intensity_db_nhl"].to_numpy()
    size = ((level - level.min()) / np.ptp(level)).astype(np.float32)[:, None]
    shuffled = np.random.default_rng(0).permutation(size)
    comparison.real.waveforms[:] += 6 * size
    comparison.generated.waveforms[:] += 6 * shuffled
    samples = TwoSamples.of_generated(comparison, Components(comparison.train.waveforms))
    assert auc(samples, fit_boosting) > 0.63
    blind = replace(
        samples, conditions=samples.conditions[:, :0], features=samples.features.drop(columns=list(CONDITION_FEATURES))
    )
    assert auc(blind, fit_boosting) < 0.58


def test_the_network_finds_what_only_trace_and_conditions_together_show():
    rng = np.random.default_rng(0)
    n = 1500  # with a few hundred it does not learn it
    patients = np.tile(np.repeat(np.arange(n // 10), 10), 2).astype(str)
    conditions = rng.normal(size=(n, 4))
    sizes = np.r_[rng.permutation(conditions[:, 1]), conditions[:, 1]]
    noise = 0.15 * rng.normal(size=(2 * n, 48)).cumsum(1)
    traces = noise + 2 * sizes[:, None] * np.exp(-0.5 * ((np.arange(48) - 24) / 5) ** 2)
    both = np.r_[conditions, conditions]
    samples = TwoSamples(traces, pd.DataFrame(traces), both, np.repeat([True, False], n), patients)
    (_, ask), *_ = samples.folds()
    found = RankedScores(of_one_fold(samples, fit_cnn, 0), samples.is_candidate[ask])()
    blind = RankedScores(of_one_fold(replace(samples, conditions=both[:, :0]), fit_cnn, 0), samples.is_candidate[ask])()
    assert found > 0.7
    assert 0.42 < blind < 0.58


def test_a_patient_is_never_learned_from_and_asked_about(constructed):
    comparison = constructed()
    samples = TwoSamples.of_generated(comparison, Components(comparison.train.waveforms))
    asked = []
    for learn, ask in samples.folds():
        assert not set(samples.patients[learn]) & set(samples.patients[ask])
        assert samples.is_candidate[ask].mean() == 0.5  # a generated row goes where its real row goes
        asked.append(ask)
    np.testing.assert_array_equal(np.sort(np.concatenate(asked)), np.arange(len(samples.patients)))


def test_real_against_real_sees_no_conditions_and_as_many_of_each(constructed):
    comparison = constructed()
    samples = TwoSamples.of_other(comparison, Components(comparison.train.waveforms))
    assert samples.conditions.shape[1] == 0 and "level" not in samples.features
    assert samples.is_candidate.mean() == 0.5
    assert set(samples.patients[samples.is_candidate]) <= set(comparison.other.table["patient_id"])


def test_missing_conditions_do_not_stop_it(constructed):
    comparison = constructed()
    comparison.real.table.loc[::3, "age_years"] = np.nan
    samples = TwoSamples.of_generated(comparison, Components(comparison.train.waveforms))
    for fit in (fit_boosting, fit_logistic, fit_cnn):
        assert np.isfinite(of_one_fold(samples, fit, 0)).all()


def test_too_few_patients_is_said(with_few_patients):
    section = two_sample_section(with_few_patients(3))
    assert all(np.isnan(s.value) and "too few" in s.untold and s.met is None for s in section.scores)
    assert "telling_features" not in section.tables


def test_the_same_seed_gives_the_same_numbers(constructed):
    comparison = constructed()
    samples = TwoSamples.of_generated(comparison, Components(comparison.train.waveforms))
    for fit in (fit_boosting, fit_cnn):
        np.testing.assert_array_equal(of_one_fold(samples, fit, 4), of_one_fold(samples, fit, 4))
