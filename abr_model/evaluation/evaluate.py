"""Evaluating a model, or another generator, on the held-out patients of its cohort: a scorecard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from abr_model.evaluation.comparison import Comparison, Generate, compare, generator_of
from abr_model.evaluation.other_cohort import preset_for
from abr_model.evaluation.scorecard import NO_NETWORK, NO_TRAINING, NOT_ASKED, NOT_REACHED, Scorecard
from abr_model.evaluation.sections import SECTIONS, chosen_sections
from abr_model.evaluation.subject import Subject
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.recordings import Recordings, digest_of
from abr_model.training_cohort import check_same_parts

if TYPE_CHECKING:
    from abr_model.configuration import Preset
    from abr_model.model import TrainedModel
    from abr_model.recordings import Recordings, digest_of

OnProgress = Callable[[str, float], None]
"""Gets what is being done, in words, and the fraction of all that is done; may raise to stop."""
OnSection = Callable[[Scorecard], None]
"""Gets the scorecard as far as it is after each section: what to keep when the rest is stopped."""

PREPARING = "Generating for the held-out conditions"


def evaluate(
    recordings: Recordings,
    model: TrainedModel,
    seed: int = 0,
    sections: Sequence[str] | None = None,
    beside: Iterable[Scorecard] = (),
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
    other_cohort: bool = False,
) -> Scorecard:
    """Every number of a model on the patients that it has not seen.

    Parameters
    ----------
    recordings
        The cohort that the model was trained on; the model's own filter, selection and split find its held-out part.
    model
        See :class:`abr_model.model.TrainedModel`.
    seed
        Of the generated recordings, the folds and the resampled patients. The same seed, the same scorecard.
    sections
        Keys of :data:`abr_model.evaluation.sections.SECTIONS`; None: all.
    beside
        Scorecards of other models or baselines on the same recordings.
    on_progress, on_section
        See :data:`OnProgress` and :data:`OnSection`.
    other_cohort
        ``recordings`` are another cohort than the one that the model was trained on: all of its patients are held out,
        and sections that look at what the model learned from are left out.

    Raises
    ------
    InputError
        Another cohort than the model's (or, with ``other_cohort``, the same), too few recordings to divide, no such
        section, or a scorecard beside it that was measured on other recordings.
    """
    chosen_sections(sections)  # a wrong name is refused before any work
    if other_cohort:
        preset, filter = preset_for(model, recordings), EVERYTHING
        subject = Subject.of_other_cohort(model, recordings, preset)
    else:
        preset, filter = model.preset, model.provenance.filter
        subject = Subject.of_model(model, recordings)
    _refuse_incomparable(subject, beside := list(beside))
    _say(on_progress, PREPARING, 0.0)
    start = time.perf_counter()
    comparison = compare(recordings, preset, generator_of(model), seed, filter)
    if not other_cohort and digest_of(recordings) != subject.cohort_digest:
        parts = {"train": comparison.train, "validation": comparison.other, "test": comparison.real}
        check_same_parts(model.provenance, {name: len(part) for name, part in parts.items()})
    seconds = time.perf_counter() - start
    return score_comparison(comparison, subject, model, sections, beside, on_progress, on_section, seconds)


def evaluate_generator(
    recordings: Recordings,
    preset: Preset,
    generate: Generate,
    name: str,
    seed: int = 0,
    sections: Sequence[str] | None = None,
    beside: Iterable[Scorecard] = (),
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
    filter: CohortFilter = EVERYTHING,
    parameters: int | None = None,
) -> Scorecard:
    """As :func:`evaluate`, for a generator that is not a trained model; sections that need the network are left out.

    Parameters
    ----------
    recordings, filter
        The generator learned from their training part, selected and split as ``preset`` says.
    generate
        See :data:`abr_model.evaluation.comparison.Generate`.
    name, parameters
        What to call it; its trainable parameters, if it has any.
    """
    chosen_sections(sections)
    subject = Subject.of_generator(name, preset, recordings, filter, parameters)
    _refuse_incomparable(subject, beside := list(beside))
    _say(on_progress, PREPARING, 0.0)
    start = time.perf_counter()
    comparison = compare(recordings, preset, generate, seed, filter)
    seconds = time.perf_counter() - start
    return score_comparison(comparison, subject, None, sections, beside, on_progress, on_section, seconds)


def score_comparison(
    comparison: Comparison,
    subject: Subject,
    model: TrainedModel | None = None,
    sections: Sequence[str] | None = None,
    beside: Iterable[Scorecard] = (),
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
    generation_seconds: float | None = None,
) -> Scorecard:
    """The scorecard of recordings that are generated already; for several generators on one ``comparison``, which
    :meth:`Comparison.against` makes without preparing the cohort again.

    Raises
    ------
    InputError
        No such section, or a scorecard beside it that was measured on other recordings.
    """
    asked = chosen_sections(sections)
    parts = {"train": comparison.train, "other": comparison.other, "real": comparison.real}
    left_out = {entry.key: NOT_ASKED for entry in SECTIONS if entry not in asked}
    left_out |= {entry.key: NO_NETWORK for entry in asked if entry.needs_network and model is None}
    if subject.is_other_cohort:
        left_out |= {entry.key: NO_TRAINING for entry in asked if entry.needs_training}
    todo = [entry for entry in asked if entry.key not in left_out]
    scorecard = Scorecard(
        subject=subject,
        seed=comparison.seed,
        recordings={part: len(cohort) for part, cohort in parts.items()},
        patients={part: cohort.patients for part, cohort in parts.items()},
        left_out=left_out | {entry.key: NOT_REACHED for entry in todo},
        seconds={} if generation_seconds is None else {"generation": round(generation_seconds, 2)},
    ).with_beside(beside)
    for position, entry in enumerate(todo):

        def within(fraction: float, before: int = position, title: str = entry.title) -> None:
            _say(on_progress, title, (before + fraction) / len(todo))

        within(0.0)
        start = time.perf_counter()
        section = entry.run(comparison, model, within)
        scorecard = replace(
            scorecard,
            sections=[*scorecard.sections, section],
            left_out={key: why for key, why in scorecard.left_out.items() if key != entry.key},
            seconds=scorecard.seconds | {entry.key: round(time.perf_counter() - start, 2)},
        )
        if on_section:
            on_section(scorecard)
    _say(on_progress, "Done", 1.0)
    return scorecard


def _refuse_incomparable(subject: Subject, beside: list[Scorecard]) -> None:
    for other in beside:
        subject.check_comparable(other.subject)


def _say(on_progress: OnProgress | None, words: str, done: float) -> None:
    if on_progress:
        on_progress(words, done)
