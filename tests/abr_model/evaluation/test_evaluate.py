from __future__ import annotations

from dataclasses import replace

import pytest

from abr_model.cohort import concatenate
from abr_model.errors import InputError
from abr_model.evaluation.evaluate import evaluate, evaluate_generator
from abr_model.evaluation.scorecard import NO_NETWORK
from abr_model.evaluation.sections import SECTIONS, chosen_sections
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel

KEYS = [entry.key for entry in SECTIONS]


@pytest.fixture(scope="module")
def model(finished_run):
    return TrainedModel.load(finished_run.model_folder)


@pytest.fixture(autouse=True)
def _quick(quick_sections):
    """All evaluations of this file run sections that take no time."""


def test_all_sections_in_their_order(small_cohort, model, quick_sections):
    steps, after = [], []
    scorecard = evaluate(
        small_cohort, model, on_progress=lambda words, done: steps.append((words, done)), on_section=after.append
    )
    assert quick_sections == KEYS == [section.key for section in scorecard.sections]
    assert scorecard.left_out == {} and scorecard.unfinished == []
    assert set(scorecard.seconds) == {"generation", *KEYS}
    assert scorecard.recordings["real"] == model.provenance.recordings["test"]
    assert scorecard.patients["train"] == model.provenance.patients["train"]
    assert scorecard.subject.model_id == model.model_id and scorecard.subject.parameters == model.parameters
    done = [fraction for _, fraction in steps]
    assert done == sorted(done) and done[0] == 0 and done[-1] == 1
    assert {words for words, _ in steps} >= {entry.title for entry in SECTIONS}
    assert len(after) == len(KEYS)


def test_only_some_sections(small_cohort, model, quick_sections):
    scorecard = evaluate(small_cohort, model, sections=["privacy", "cells"])
    assert quick_sections == ["cells", "privacy"]
    assert set(scorecard.left_out) == set(KEYS) - {"cells", "privacy"}
    assert set(scorecard.left_out.values()) == {"not asked for"}


@pytest.mark.parametrize("keys", [["cels"], []])
def test_sections_that_do_not_exist(small_cohort, model, quick_sections, keys):
    with pytest.raises(InputError) as refused:
        evaluate(small_cohort, model, sections=keys)
    assert "two_sample" in refused.value.allowed
    assert not quick_sections


def test_what_is_done_before_a_stop_is_known(small_cohort, model):
    """The one who asks can stop between and within sections; each finished one was handed out."""
    kept = []

    def stop(words, done):
        if words == chosen_sections(["cells"])[0].title:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(small_cohort, model, on_progress=stop, on_section=kept.append)
    assert [section.key for section in kept[-1].sections] == ["two_sample", "distributions"]
    assert kept[-1].unfinished == KEYS[2:]


def test_another_cohort_is_refused(small_cohort, model, quick_sections):
    part = small_cohort.take(range(900))
    with pytest.raises(InputError, match="trained on another cohort") as refused:
        evaluate(part, model)
    assert part.digest()[:12] in str(refused.value) and model.provenance.cohort_digest[:12] in str(refused.value)
    assert not quick_sections


def test_the_same_recordings_from_elsewhere_are_the_same_cohort(small_cohort, model):
    moved = replace(concatenate([small_cohort]), provenance=small_cohort.provenance)
    assert evaluate(moved, model, sections=["cells"]).subject.cohort_digest == model.provenance.cohort_digest


def test_the_models_own_filter_holds(small_cohort, model):
    loud = CohortFilter(ranges={"intensity_db_nhl": {"minimum": 60}})
    filtered = replace(model, provenance=model.provenance.model_copy(update={"filter": loud}))
    scorecard = evaluate(small_cohort, filtered, sections=["cells"])
    assert scorecard.subject.filter == loud
    everything = evaluate(small_cohort, model, sections=["cells"])
    assert sum(scorecard.recordings.values()) < sum(everything.recordings.values())


def test_a_generator_without_a_network(small_cohort, model, quick_sections):
    """It repeats one mean trace: what needs a network is left out and said."""

    def silence(conditions, seed):
        from abr_model.generation.generate import generate

        made = generate(model, conditions, seed)
        return replace(made, waveforms=0 * made.waveforms)

    scorecard = evaluate_generator(small_cohort, model.preset, silence, "silence", seed=2, parameters=0)
    network = {entry.key for entry in SECTIONS if entry.needs_network}
    assert scorecard.left_out == dict.fromkeys(network, NO_NETWORK) and network
    assert set(quick_sections) == set(KEYS) - network
    assert scorecard.subject.title == "silence" and scorecard.subject.model_id == "" and scorecard.seed == 2
    beside = evaluate(small_cohort, model, sections=["cells"], beside=[scorecard]).beside
    assert beside[0].values["cells_difference"] == scorecard.score("cells_difference").value


def test_beside_is_checked_before_any_work(small_cohort, model, quick_sections, scorecard):
    with pytest.raises(InputError, match="measured on another cohort"):
        evaluate(small_cohort, model, beside=[scorecard])
    assert not quick_sections
