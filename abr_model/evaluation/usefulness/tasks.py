"""What generated recordings may be wanted for: two questions of a clinic, and two classifiers that learn them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from abr_model.cohort import Cohort
from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.features import Components, condition_numbers
from abr_model.schema import HEARING_LOSS, HEARING_LOSS_CODES, HEARING_LOSSES, latency_column

COMPONENTS = 30
EPOCHS = 16
FEWEST_PATIENTS = 5
"""With a class, in the part that is tested on, for the class to be asked about."""


@dataclass(frozen=True)
class Task:
    """A question about a recording, with its age, level and rate known.

    Parameters
    ----------
    key, name
        For keys of scores, and in words.
    classes
        Names of the answers.
    answers
        Positions [n] in ``classes`` for a cohort, −1 where it is not known.
    """

    key: str
    name: str
    classes: tuple[str, ...]
    answers: Callable[[Cohort], np.ndarray]


def _wave_v(cohort: Cohort) -> np.ndarray:
    return cohort.table[latency_column("V")].notna().to_numpy().astype(np.int64)


def _hearing(cohort: Cohort) -> np.ndarray:
    position = {code: k for k, code in enumerate(HEARING_LOSS_CODES)}
    return cohort.table[HEARING_LOSS.name].map(position).fillna(-1).to_numpy(dtype=np.int64)


WAVE_V = Task("wave_v", "Is wave V marked?", ("not marked", "marked"), _wave_v)
HEARING = Task("hearing", "Which hearing class?", tuple(h.label for h in HEARING_LOSSES), _hearing)
TASKS = (WAVE_V, HEARING)


def asked_classes(task: Task, tested: Cohort) -> np.ndarray:
    """Positions of the classes that at least :data:`FEWEST_PATIENTS` patients of ``tested`` have."""
    answers, patients = task.answers(tested), tested.table["patient_id"]
    return np.array(
        [k for k in range(len(task.classes)) if patients[answers == k].nunique() >= FEWEST_PATIENTS], dtype=np.int64
    )


@dataclass(frozen=True)
class Examples:
    """Recordings with the answer to a task.

    ``traces`` [n, T] µV; ``conditions`` [n, 3] log-age, level, rate: what a clinician knows and no task asks;
    ``answers`` [n] positions in the classes that are asked about; ``patients`` [n].
    """

    traces: np.ndarray
    conditions: np.ndarray
    answers: np.ndarray
    patients: np.ndarray

    @staticmethod
    def of(task: Task, cohort: Cohort, classes: np.ndarray, patients: np.ndarray | None = None) -> Examples:
        """Recordings of these classes; ``patients`` [n] where they are not those of the table."""
        answers = task.answers(cohort)
        rows = np.isin(answers, classes)
        patients = cohort.table["patient_id"].to_numpy() if patients is None else patients
        answers = np.searchsorted(classes, answers[rows])
        return Examples(cohort.waveforms[rows], condition_numbers(cohort)[rows, :3], answers, patients[rows])

    def __add__(self, other: Examples) -> Examples:
        return Examples(*(np.concatenate([getattr(e, f.name) for e in (self, other)]) for f in fields(Examples)))

    def counts(self, classes: int) -> np.ndarray:
        """[classes] how many of each."""
        return np.bincount(self.answers, minlength=classes)


class Logistic:
    """Logistic regression on principal components and conditions."""

    key, name = "logistic", "logistic regression"

    def __init__(self, components: Components, seed: int):
        self._components = components

    def fit(self, examples: Examples, classes: int, lessons: int = 1) -> Logistic:
        """Learn from examples, among which all ``classes`` occur, put together of so many ``lessons``."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self._pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
        self._pipeline.fit(self._seen(examples), examples.answers)
        return self

    def probabilities(self, examples: Examples) -> np.ndarray:
        """[n, classes]."""
        return self._pipeline.predict_proba(self._seen(examples))

    def _seen(self, examples: Examples) -> np.ndarray:
        return np.column_stack([self._components.scaled(examples.traces, COMPONENTS), examples.conditions])


class Convolutional:
    """The small convolutional network on the whole trace and conditions."""

    key, name = "cnn", "convolutional network"

    def __init__(self, components: Components, seed: int):
        self._seed = seed

    def fit(self, examples: Examples, classes: int, lessons: int = 1) -> Convolutional:
        """As :meth:`Logistic.fit`, in as many steps whatever the number of lessons: twice the recordings, each seen as
        often, would be twice the training and the better for that alone.
        """
        from abr_model.evaluation.trace_cnn import fit_trace_cnn

        self._fitted = fit_trace_cnn(
            examples.traces, examples.conditions, examples.answers, classes, self._seed, EPOCHS // lessons
        )
        return self

    def probabilities(self, examples: Examples) -> np.ndarray:
        """[n, classes]."""
        return self._fitted.probabilities(examples.traces, examples.conditions)


CLASSIFIERS = (Logistic, Convolutional)


class Answers:
    """Probabilities [n, K] of classes beside the true ones [n]: how good they are, of any rows."""

    def __init__(self, probabilities: np.ndarray, truth: np.ndarray):
        classes = range(probabilities.shape[1])
        # Of two classes, one AUC says all.
        chosen = [1] if len(classes) == 2 else classes
        self._each = [RankedScores(probabilities[:, k], truth == k) for k in chosen]

    def auc(self, rows: np.ndarray | slice = slice(None)) -> float:
        """Mean AUC of one class against the rest; NaN where a class is not among the rows."""
        return float(np.mean([each(rows) for each in self._each]))


def balanced_accuracy(probabilities: np.ndarray, truth: np.ndarray, shares: np.ndarray) -> float:
    """Mean over classes of the share found, with every class as likely as any other beforehand.

    ``shares`` [K] of the classes in what the classifier has learned from.
    """
    chosen = (probabilities / shares).argmax(1)
    return float(np.mean([(chosen[truth == k] == k).mean() for k in range(probabilities.shape[1])]))
