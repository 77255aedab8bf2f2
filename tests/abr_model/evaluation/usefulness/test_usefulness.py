"""What a good generator teaches serves as well as what recordings teach; what a bad one teaches does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from abr_model.cohort import Cohort
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.usefulness.tasks import (
    HEARING,
    WAVE_V,
    Answers,
    Examples,
    Logistic,
    asked_classes,
    balanced_accuracy,
)
from abr_model.evaluation.usefulness.usefulness import usefulness_section
from abr_model.provenance import Provenance, Sampling
from abr_model.schema import AGE, CONDITION_NAMES, HEARING_LOSS, INTENSITY, RATE

SAMPLES, EACH = 60, 6
CLASSES = ("normal", "conductive", "sensorineural")


def cohort_of(conditions: pd.DataFrame, patients, seed: int, kind="simulated", shape_of=lambda loss: loss) -> Cohort:
    """Wave V as a bump: later where hearing is impaired, absent in half of the recordings and not marked then."""
    rng = np.random.default_rng(seed)
    n = len(conditions)
    loss = shape_of(conditions[HEARING_LOSS.name].map(CLASSES.index).to_numpy())
    there = rng.random(n) < 0.5
    time = np.arange(SAMPLES)
    bumps = np.exp(-0.5 * ((time - 20 - 8 * loss[:, None]) / 4) ** 2)
    traces = (0.5 + 1.5 * there[:, None]) * bumps + 0.5 * rng.standard_normal((n, SAMPLES))
    table = pd.concat(
        [
            pd.DataFrame({"recording_id": [f"{p}-{k}" for k, p in enumerate(patients)], "patient_id": patients}),
            conditions.reset_index(drop=True),
            pd.DataFrame({"latency_V_ms": np.where(there, 6.0 + 0.8 * loss, np.nan)}),
        ],
        axis=1,
    )
    source = Provenance(kind=kind, source="constructed")
    return Cohort(traces, table, Sampling(rate_hz=10000, start_ms=0), source)


def people(n: int, name: str, seed: int) -> Cohort:
    rng = np.random.default_rng([seed, 7])
    patient = np.repeat(np.arange(n), EACH)
    conditions = pd.DataFrame(
        {
            AGE.name: rng.uniform(1, 80, n)[patient],
            INTENSITY.name: rng.choice([40.0, 60.0, 80.0], n * EACH),
            RATE.name: 21.1,
            HEARING_LOSS.name: rng.choice(CLASSES, n)[patient],
        }
    )
    return cohort_of(conditions, [f"{name}{p:03}" for p in patient], seed)


def new_people(conditions: pd.DataFrame, seed: int) -> Cohort:
    return cohort_of(conditions, [f"new{k}" for k in range(len(conditions))], seed + 100, "generated")


def deaf_to_the_class(conditions: pd.DataFrame, seed: int) -> Cohort:
    """The trace has nothing to do with the class asked for, and the marks nothing with the trace."""
    rng = np.random.default_rng(seed)
    drawn = new_people(conditions.assign(hearing_loss=rng.choice(CLASSES, len(conditions))), seed)
    marks = drawn.table["latency_V_ms"].to_numpy()[rng.permutation(len(conditions))]
    table = drawn.table.assign(hearing_loss=conditions[HEARING_LOSS.name].to_numpy(), latency_V_ms=marks)
    return Cohort(drawn.waveforms, table, drawn.sampling, drawn.provenance)


def always_marked(conditions: pd.DataFrame, seed: int) -> Cohort:
    drawn = new_people(conditions, seed)
    return Cohort(drawn.waveforms, drawn.table.assign(latency_V_ms=6.0), drawn.sampling, drawn.provenance)


def comparison_with(generator, train=250, **changes) -> Comparison:
    real = people(80, "r", 2)
    parts = {"train": people(train, "t", 0), "other": people(20, "o", 1), "real": real}
    generated = generator(real.table[list(CONDITION_NAMES)], 0)
    return Comparison(**(parts | {"generated": generated, "clean": None, "seed": 0, "generate": generator} | changes))


@pytest.fixture(scope="module")
def good():
    return usefulness_section(comparison_with(new_people))


@pytest.fixture(scope="module")
def bad():
    return usefulness_section(comparison_with(deaf_to_the_class))


@pytest.fixture
def only_regression(monkeypatch):
    """Where the classifier does not matter, the quick one."""
    monkeypatch.setattr("abr_model.evaluation.usefulness.usefulness.CLASSIFIERS", (Logistic,))


def scores_of(section) -> dict:
    return {score.key: score for score in section.scores}


def test_a_good_generator_teaches_as_well_as_recordings(good):
    for key, score in scores_of(good).items():
        centre = 1 if key.endswith("ratio") else 0
        assert abs(score.value - centre) < 0.05, key
        assert abs(score.limit - centre) < 0.05, key
        assert score.interval[0] <= score.value <= score.interval[1]
    answers = good.tables["answers"].set_index(["task", "classifier", "trained_on", "tested_on"])
    assert (answers["auc"] > 0.8).all()
    assert len(answers) == 2 * 2 * 6
    assert (answers["balanced_accuracy"] > 0.6).all()


def test_a_bad_one_does_not(bad):
    scores = scores_of(bad)
    for task in ("wave_v", "hearing"):
        for classifier in ("logistic", "cnn"):
            ratio, gain = scores[f"{task}_{classifier}_ratio"], scores[f"{task}_{classifier}_gain"]
            assert ratio.value < 0.75, (task, classifier)
            assert ratio.interval[1] < ratio.limit_interval[0]
            assert gain.value < 0.01
    answers = bad.tables["answers"].set_index(["task", "classifier", "trained_on", "tested_on"])["auc"]
    reverse = answers.loc[:, :, "real", "generated"]
    assert ((reverse > 0.35) & (reverse < 0.65)).all()


def test_each_learns_from_as_many_and_never_from_the_tested_conditions(good, only_regression):
    asked = []

    def generate(conditions, seed):
        asked.append(conditions)
        return new_people(conditions, seed)

    comparison = comparison_with(generate)
    asked.clear()
    usefulness_section(comparison)
    assert len(asked) == 1
    known = comparison.train.table.groupby(list(CONDITION_NAMES)).size().index
    assert pd.MultiIndex.from_frame(asked[0]).isin(known).all()
    tested = comparison.real.table[AGE.name]
    assert not asked[0][AGE.name].isin(tested).any()
    answers = good.tables["answers"].groupby("trained_on")["n"].unique()
    assert answers["real"] == answers["generated"] == answers["other real"]
    assert answers["real + generated"] == 2 * answers["real"]


def test_a_generator_that_marks_every_wave_teaches_nothing_about_absent_ones(only_regression):
    scores = scores_of(usefulness_section(comparison_with(always_marked, train=60)))
    assert "generated" in scores["wave_v_logistic_ratio"].untold
    assert np.isfinite(scores["wave_v_logistic_gain"].value)
    assert np.isfinite(scores["hearing_logistic_ratio"].value)


def test_rare_classes_are_left_out_and_named():
    comparison = comparison_with(new_people)
    table = comparison.real.table
    patients = table.loc[table[HEARING_LOSS.name] == "conductive", "patient_id"].unique()
    few = comparison.real.take(~table["patient_id"].isin(patients[4:]).to_numpy())
    assert asked_classes(HEARING, few).tolist() == [0, 2]
    assert asked_classes(WAVE_V, few).tolist() == [0, 1]
    examples = Examples.of(HEARING, few, np.array([0, 2]))
    assert set(examples.answers) == {0, 1}
    assert len(examples.answers) == (few.table[HEARING_LOSS.name] != "conductive").sum()


def test_one_class_or_no_generator_is_said(only_regression):
    real = people(80, "r", 2)
    normal = real.take((real.table[HEARING_LOSS.name] == "normal").to_numpy())
    generated = new_people(normal.table[list(CONDITION_NAMES)], 0)
    section = usefulness_section(comparison_with(new_people, train=20, real=normal, generated=generated))
    assert "fewer than two classes" in scores_of(section)["hearing_logistic_ratio"].untold
    section = usefulness_section(comparison_with(new_people, train=20, generate=None))
    assert all(np.isnan(score.value) and "generator" in score.untold for score in section.scores)
    assert len(section.scores) == 4


def test_figures_of_answers_by_hand():
    truth = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.4, 0.6], [0.75, 0.25], [0.1, 0.9]])
    assert Answers(chances, truth).auc() == 0.75
    # 80 % of what was learned from was class 0: 0.2 for class 1 is already even
    assert balanced_accuracy(chances, truth, np.array([0.5, 0.5])) == 0.5
    assert balanced_accuracy(chances, truth, np.array([0.8, 0.2])) == 0.75
