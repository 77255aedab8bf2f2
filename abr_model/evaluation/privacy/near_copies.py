"""Generated recordings that repeat a recording of the training part, or nearly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from abr_model.errors import InputError
from abr_model.evaluation.features import Components
from abr_model.evaluation.privacy.neighbours import PatientNeighbours
from abr_model.recordings import Recordings

COMPONENTS = 30
BY_CHANCE = 0.001
"""Share of real recordings of a new patient that would be taken for a near-copy: the price of the warning."""
SAME = 0.999
"""Correlation with a training recording from which on a recording counts as that recording."""
MOST_MEASURED = 20_000
"""Training recordings that the threshold is measured on."""
BLOCK = 20_000


@dataclass(frozen=True)
class NearCopies:
    """What was found of n generated recordings.

    Parameters
    ----------
    mask
        [n] bool: a near-copy.
    nearest
        [n] position of the training recording that it repeats, or comes nearest to repeating.
    ratio
        [n] distance to that recording over the distance to the nearest recording of any other patient: 0 for a copy,
        near 1 for a recording that is nobody's.
    correlation
        [n] correlation with that recording.
    """

    mask: np.ndarray
    nearest: np.ndarray
    ratio: np.ndarray
    correlation: np.ndarray

    @property
    def share(self) -> float:
        """Share of near-copies; NaN of none."""
        return float(self.mask.mean()) if len(self.mask) else float("nan")

    @staticmethod
    def joined(parts: list[NearCopies]) -> NearCopies:
        """One of several blocks."""
        return NearCopies(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(NearCopies)))


class CopyFinder:
    """Knows the training recordings; tells which traces repeat one of them.

    A trace is a near-copy when it is closer to a recording of one training patient than to those of all others by a
    factor that a recording of a new patient reaches once in a thousand. The ratio of the nearest distance to that of
    the nearest recording of another patient is asked rather than the distance, because a trace of little noise lies
    near to everything, whoever it is of. It is taken in µV and, so that a copy made larger is one too, in traces of
    unit length; both in principal components and without the mean along the trace. A correlation beyond :data:`SAME`
    always counts: a recording may be there twice, under two names.

    What this cannot see: a training patient's *response* under residual noise of its own. The share nearer to training
    patients and the membership attacks of :mod:`abr_model.evaluation.privacy.privacy` are for that.

    Parameters
    ----------
    train
        Recordings that the generator has learned from.
    by_chance
        Share of real recordings of new patients that may be taken for near-copies.
    seed
        Which training recordings the thresholds are measured on where there are very many.

    Raises
    ------
    InputError
        Fewer than three training patients: then nothing says how near two patients are to one another.
    """

    def __init__(self, train: Recordings, by_chance: float = BY_CHANCE, seed: int = 0):
        if train.patients < 3:
            raise InputError(
                "too few training patients to tell a near-copy", value=train.patients, allowed="3 patients or more"
            )
        patients = train.table["patient_id"].to_numpy()
        traces = _centred(train.whole().waveforms)
        self.samples = traces.shape[1]
        self._shapes = _unit_length(traces)
        rows = np.arange(len(traces))
        if len(rows) > MOST_MEASURED:
            rows = np.sort(np.random.default_rng([seed, 953]).choice(rows, MOST_MEASURED, replace=False))
        self._views = [_View(seen, patients, rows, by_chance / 2) for seen in (traces, self._shapes)]

    @property
    def thresholds(self) -> tuple[float, float]:
        """Largest ratio that counts as a near-copy, in µV and in shape."""
        return tuple(view.threshold for view in self._views)

    def find(self, traces: np.ndarray) -> NearCopies:
        """Look at traces [n, T] µV, :data:`BLOCK` at a time; n may be millions.

        Raises
        ------
        InputError
            Traces of another length than the training recordings.
        """
        if traces.shape[1] != self.samples:
            raise InputError("length of the recordings", value=traces.shape[1], allowed=f"{self.samples} samples")
        starts = range(0, max(len(traces), 1), BLOCK)
        return NearCopies.joined([self._find(traces[start : start + BLOCK]) for start in starts])

    def _find(self, traces: np.ndarray) -> NearCopies:
        if not len(traces):
            return NearCopies(np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
        centred = _centred(traces)
        shapes = _unit_length(centred)
        nearest, ratios = zip(
            *(view.look(t) for view, t in zip(self._views, (centred, shapes), strict=True)), strict=True
        )
        thresholds = np.array(self.thresholds)[:, None]
        # The view that speaks more clearly for a copy says of which recording.
        clearer = (np.array(ratios) - thresholds).argmin(0)
        row = np.arange(len(traces))
        correlations = np.array([np.einsum("nt,nt->n", shapes, self._shapes[n], dtype=np.float64) for n in nearest])
        mask = (np.array(ratios) < thresholds).any(0) | (correlations > SAME).any(0)
        return NearCopies(
            mask, np.array(nearest)[clearer, row], np.array(ratios)[clearer, row], correlations[clearer, row]
        )


class _View:
    """Training recordings as points, and the ratio that a new patient's recording seldom falls below."""

    def __init__(self, traces: np.ndarray, patients: np.ndarray, rows: np.ndarray, by_chance: float):
        self._components = Components(traces)
        points = self._components(traces, COMPONENTS)
        self._neighbours = PatientNeighbours(points, patients)
        _, ratio = self._look(points[rows], without=self._neighbours.patients[rows])
        self.threshold = float(np.quantile(ratio, by_chance, method="lower"))

    def look(self, traces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[n] nearest training recording of traces [n, T], and [n] ratio."""
        return self._look(self._components(traces, COMPONENTS))

    def _look(self, points: np.ndarray, without: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        position, distance = self._neighbours.two(points, without)
        near, second = distance.T
        # 1 where the second is at distance 0 too: then it is nobody's.
        return position[:, 0], np.divide(near, second, out=np.ones(len(near)), where=second > 0)


def near_copies(
    generated: Recordings | np.ndarray,
    train: Recordings,
    by_chance: float = BY_CHANCE,
    on_progress: Callable[[float], None] | None = None,
) -> NearCopies:
    """Which generated recordings repeat one of the training part; block by block, in bounded memory.

    Parameters
    ----------
    generated
        Recordings in memory or on disk, or traces [n, T] in µV, of the sampling of ``train``.
    train, by_chance
        See :class:`CopyFinder`; keep one of those where several sets are looked at.
    on_progress
        Called with the fraction done.

    Raises
    ------
    InputError
        Fewer than three training patients, or recordings of another length or sampling.
    """
    if isinstance(generated, Recordings):
        if generated.sampling != train.sampling:
            raise InputError("the recordings differ in sampling", value=generated.sampling, allowed=train.sampling)
        blocks = (block.waveforms for _, block in generated.blocks(size=BLOCK))
    else:
        blocks = (generated[start : start + BLOCK] for start in range(0, len(generated), BLOCK))
    finder = CopyFinder(train, by_chance)
    parts, done = [finder.find(np.zeros((0, finder.samples)))], 0
    for traces in blocks:
        parts.append(finder.find(traces))
        done += len(traces)
        if on_progress:
            on_progress(done / len(generated))
    return NearCopies.joined(parts)


def _centred(traces: np.ndarray) -> np.ndarray:
    """Traces [n, T] without their mean along the trace, float32: an offset hides no copy."""
    return (traces - np.mean(traces, axis=1, keepdims=True, dtype=np.float64)).astype(np.float32)


def _unit_length(centred: np.ndarray) -> np.ndarray:
    """Traces [n, T] of length 1; a flat one stays 0."""
    length = np.sqrt(np.einsum("nt,nt->n", centred, centred))
    return centred / np.where(length > 0, length, 1.0)[:, None]
