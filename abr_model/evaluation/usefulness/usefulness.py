"""Is the generated cohort good to learn from? Trained on generated and tested on held-out recordings, and both ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from abr_model.cohort import Cohort
from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.features import Components
from abr_model.evaluation.privacy.matched import rows_by_shuffled_patient
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.usefulness.tasks import (
    CLASSIFIERS,
    TASKS,
    Answers,
    Examples,
    Task,
    asked_classes,
    balanced_accuracy,
)
from abr_model.schema import CONDITION_NAMES

KEY, TITLE = "usefulness", "Usefulness"
MOST = 5_000
"""Recordings that a classifier learns from, at most."""
SOURCE = "train on synthetic, test on real: Esteban et al. 2017"
COLUMNS = ("task", "classifier", "trained_on", "tested_on", "auc", "auc_low", "auc_high", "balanced_accuracy", "n")


REAL, GENERATED, OTHER = "real", "generated", "other real"


def usefulness_section(comparison: Comparison, on_progress: Callable[[float], None] | None = None) -> Section:
    """Two questions of a clinic, learned from generated and from real recordings, tested on held-out patients.

    The questions: is wave V marked, and which hearing class is it; age, level and rate are known. The training part is
    divided into two groups of patients. From the first come ``n`` real recordings and the conditions of ``n`` generated
    ones; from the second the ``n`` real ones that stand in the place of the generated as the limit. The conditions of
    the patients that are tested on are never generated for.

    Parameters
    ----------
    comparison
        With ``generate``.

    Returns
    -------
    Section
        Scores ``{task}_{classifier}_ratio`` (AUC trained on generated over AUC trained on real) and
        ``{task}_{classifier}_gain`` (AUC of both together less AUC of real alone). Table ``answers``: every task,
        classifier and training set; ``trained_on`` real and ``tested_on`` generated is the reverse test.
    """
    tell = on_progress or (lambda _: None)
    reason = "" if comparison.generate else "there is no generator to ask for recordings to learn from"
    if not reason and comparison.train.patients < 2:
        reason = "the training part is of one patient"
    if reason:
        return Section(KEY, TITLE, [s for t in TASKS for c in CLASSIFIERS for s in _untold(t, c, reason)])
    lessons = _lessons(comparison)
    components = Components(comparison.train.waveforms)
    scores, rows, done = [], [], 0
    for task in TASKS:
        for classifier in CLASSIFIERS:
            found, lines = _measure(task, classifier(components, comparison.seed), lessons, comparison)
            scores += found
            rows += lines
            done += 1
            tell(done / (len(TASKS) * len(CLASSIFIERS)))
    return Section(KEY, TITLE, scores, {"answers": pd.DataFrame(rows, columns=COLUMNS)})


def _lessons(comparison: Comparison) -> dict[str, Cohort]:
    """What classifiers learn from, as many recordings each."""
    train = comparison.train
    patients = train.table["patient_id"].to_numpy()
    rows = rows_by_shuffled_patient(patients, comparison.seed)
    borders = np.flatnonzero(patients[rows][1:] != patients[rows][:-1]) + 1  # no patient on both sides
    border = int(borders[np.abs(borders - len(rows) // 2).argmin()])
    # A random sample of each side: the first n would be few patients with all of their recordings.
    rng = np.random.default_rng([comparison.seed, 961])
    n = min(MOST, border, len(rows) - border)
    first, second = (np.sort(rng.permutation(side)[:n]) for side in (rows[:border], rows[border:]))
    real = train.take(first)
    generated = comparison.generate(real.table[list(CONDITION_NAMES)], comparison.seed + 2)
    return {REAL: real, GENERATED: generated, OTHER: train.take(second)}


def _measure(task: Task, classifier, lessons: dict[str, Cohort], comparison: Comparison):
    """Scores of a task and a classifier, and rows of the table."""
    classes = asked_classes(task, comparison.real)
    if len(classes) < 2:
        return _untold(task, classifier, "fewer than two classes with enough held-out patients"), []
    learn = {name: Examples.of(task, cohort, classes) for name, cohort in lessons.items()}
    learn |= {f"{REAL} + {name}": learn[REAL] + learn[name] for name in (GENERATED, OTHER)}
    tested = Examples.of(task, comparison.real, classes)
    reverse = Examples.of(task, comparison.generated, classes, comparison.patients)
    found, rows = {}, []
    for name, examples in learn.items():
        if examples.counts(len(classes)).min() == 0:
            continue
        fitted = classifier.fit(examples, len(classes), lessons=1 if name in lessons else 2)
        found[name] = Answers(fitted.probabilities(tested), tested.answers)
        rows.append(_row(task, classifier, name, REAL, examples, fitted, tested, comparison.seed))
        if name == REAL and reverse.counts(len(classes)).min() > 0:
            rows.append(_row(task, classifier, name, GENERATED, examples, fitted, reverse, comparison.seed))
    named = [task.classes[k] for k in classes]
    return _scores(task, classifier, named, found, tested, comparison.seed), rows


def _row(task, classifier, learned_from: str, tested_on: str, examples: Examples, fitted, tested: Examples, seed: int):
    chances = fitted.probabilities(tested)
    answers = Answers(chances, tested.answers)
    interval = patient_interval(answers.auc, tested.patients, seed) or (np.nan, np.nan)
    counts = examples.counts(chances.shape[1])
    accuracy = balanced_accuracy(chances, tested.answers, counts / counts.sum())
    n = len(examples.answers)
    return (task.name, classifier.name, learned_from, tested_on, answers.auc(), *interval, accuracy, n)


def _scores(task, classifier, classes: list[str], found: dict[str, Answers], tested: Examples, seed: int):
    everyone = slice(None)

    def ratio(of: str) -> Callable:
        return lambda rows=everyone: found[of].auc(rows) / found[REAL].auc(rows)

    def gain(of: str) -> Callable:
        return lambda rows=everyone: found[f"{REAL} + {of}"].auc(rows) - found[REAL].auc(rows)

    scores = []
    note = f"classes: {', '.join(classes)}; AUC {'' if len(classes) == 2 else 'of each against the rest, mean '}"
    for empty, statistic, needs in zip(
        _untold(task, classifier, ""), (ratio, gain), ("{}", f"{REAL} + {{}}"), strict=True
    ):
        if REAL not in found or needs.format(GENERATED) not in found:
            lacking = "real" if REAL not in found else "generated"
            scores.append(replace(empty, untold=f"a class is not among the {lacking} recordings to learn from"))
            continue
        values = {
            "value": statistic(GENERATED)(),
            "interval": patient_interval(statistic(GENERATED), tested.patients, seed),
        }
        if needs.format(OTHER) in found:
            values |= {
                "limit": statistic(OTHER)(),
                "limit_interval": patient_interval(statistic(OTHER), tested.patients, seed),
            }
        trained_on_real = f"{note}when learned from real recordings: {found[REAL].auc():.3f}"
        scores.append(replace(empty, **values, n=len(tested.answers), note=f"{empty.note}; {trained_on_real}"))
    return scores


def _untold(task: Task, classifier, reason: str) -> list[Score]:
    """Both scores of a task and a classifier, without their values."""
    key, name = f"{task.key}_{classifier.key}", f"{task.name} {classifier.name.capitalize()}"
    return [
        Score(
            f"{key}_ratio",
            f"{name}, learned from generated over learned from real",
            float("nan"),
            better="higher",
            note="both tested on held-out patients; limit: learned from real recordings of other training patients",
            source=SOURCE,
            untold=reason,
        ),
        Score(
            f"{key}_gain",
            f"{name}, what generated recordings add to real ones",
            float("nan"),
            better="higher",
            note="AUC with both less AUC with real ones alone; limit: as many more real recordings of other patients",
            source=SOURCE,
            untold=reason,
        ),
    ]
