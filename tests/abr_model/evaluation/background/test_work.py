from __future__ import annotations

import pytest

from abr_model.errors import InputError
from abr_model.evaluation.background.folder import Evaluation, list_evaluations
from abr_model.evaluation.background.launch import launch
from abr_model.evaluation.background.work import work
from abr_model.evaluation.scorecard import NOT_REACHED, Scorecard
from abr_model.evaluation.sections import SectionEntry

THREE = ["cells", "adherence", "privacy"]


def test_a_process_of_its_own_measures_real_sections(evaluation, wait_until):
    made = evaluation(sections=["physiology", "coherence"])
    assert made.state == "pending" and not made.active
    launch(made)
    assert made.active
    with pytest.raises(InputError, match="at work already"):
        launch(made)
    wait_until(lambda: not made.active)
    assert made.state == "finished", made.log_tail()
    scorecard = Scorecard.read(made.folder)
    assert [section.key for section in scorecard.sections] == ["physiology", "coherence"]
    assert {"scorecard.html", "evaluate.log"} <= {path.name for path in made.folder.iterdir()}
    assert made.status["done"] == 1.0
    with pytest.raises(InputError, match="has finished"):
        launch(made)


def test_what_is_said_while_it_works(evaluation, quick_sections, monkeypatch):
    made = evaluation(sections=THREE)
    told = []
    real = SectionEntry.run

    def run(self, comparison, model, on_progress):
        section = real(self, comparison, model, on_progress)
        told.append((made.state, made.status["message"], made.status["done"]))
        return section

    monkeypatch.setattr(SectionEntry, "run", run)
    assert work(made) == "finished"
    states, words, done = zip(*told, strict=True)
    assert set(states) == {"running"}
    assert words[0].startswith("Conditional fidelity") and words[2] == "Privacy"
    assert 0 < done[0] < done[1] < done[2] < 1


def test_kill_9_is_seen_and_nothing_that_was_done_is_lost(evaluation, never_ending, quick_sections, wait_until):
    made = evaluation(sections=THREE)
    process = never_ending(made, "adherence")
    wait_until(lambda: (made.folder / "scorecard.json").is_file())
    assert made.state == "running" and made.active
    process.kill()
    process.wait()
    assert made.state == "crashed" and not made.active
    assert "died without a word" in made.message
    assert [s.key for s in Scorecard.read(made.folder).sections] == ["cells"]
    made.write_status(state="pending")  # as launch does before it starts the process
    assert work(made) == "finished"
    assert quick_sections == ["adherence", "privacy"]  # cells was not done again
    scorecard = Scorecard.read(made.folder)
    assert [s.key for s in scorecard.sections] == THREE and scorecard.unfinished == []


def test_a_stop_keeps_the_sections_that_are_done(evaluation, never_ending, quick_sections, wait_until):
    made = evaluation(sections=THREE)
    process = never_ending(made, "privacy")
    wait_until(lambda: made.status.get("message") == "Privacy")
    made.request_stop()
    assert process.wait(30) == 0
    assert made.state == "stopped" and "2 sections are kept, 1 are still to come" in made.message
    assert Scorecard.read(made.folder).left_out["privacy"] == NOT_REACHED
    assert (made.folder / "scorecard.html").is_file()
    made.clear_stop()
    assert work(made) == "finished" and quick_sections == ["privacy"]


def test_one_at_a_time(evaluation, never_ending, quick_sections, wait_until):
    first, second = evaluation(sections=["cells"]), evaluation(sections=["cells"])
    busy = never_ending(first, "cells")
    wait_until(lambda: first.state == "running")
    launch(second)
    wait_until(lambda: second.waiting)
    assert second.state == "pending" and "waits for the end of another evaluation" in second.message
    second.request_stop()
    wait_until(lambda: not second.active)
    assert second.state == "stopped"
    busy.kill()
    busy.wait()
    second.clear_stop()
    assert work(second) == "finished"  # the dead one keeps nobody out


def test_killed_while_it_waits(evaluation, never_ending, wait_until):
    first, second = evaluation(sections=["cells"]), evaluation(sections=["cells"])
    never_ending(first, "cells")
    wait_until(lambda: first.state == "running")
    process = never_ending(second, "cells")
    wait_until(lambda: second.waiting)
    process.kill()
    process.wait()
    assert second.state == "crashed" and not second.waiting


def test_a_defect_is_said(evaluation, monkeypatch):
    made = evaluation(sections=["cells"])

    def broken(self, comparison, model, on_progress):
        raise ZeroDivisionError("no cells")

    monkeypatch.setattr(SectionEntry, "run", broken)
    with pytest.raises(ZeroDivisionError):
        work(made)
    assert made.state == "failed" and "ZeroDivisionError: no cells" in made.message


def test_a_cohort_that_was_replaced_is_not_measured(evaluation, small_cohort, tmp_path, quick_sections):
    own = small_cohort.write(tmp_path / "own.parquet")
    made = evaluation(cohort=own, sections=["cells"])
    small_cohort.take(range(500)).write(own)
    with pytest.raises(InputError, match="replaced"):
        work(made)
    assert made.state == "failed" and not quick_sections


def test_found_again_and_deleted(evaluation, tmp_path):
    made = evaluation(sections=["cells"], seed=3)
    assert list_evaluations(tmp_path / "data") == [made]
    found = Evaluation.open(tmp_path / "data", made.id)
    assert found.request.seed == 3 and found.request.sections == ("cells",)
    for wrong in ("../data", "nothing", ".."):
        with pytest.raises(InputError, match="no such evaluation"):
            Evaluation.open(tmp_path / "data", wrong)
    made.delete()
    assert list_evaluations(tmp_path / "data") == []


def test_what_cannot_be_measured_is_refused_before_a_folder_is_made(evaluation, small_cohort, tmp_path):
    other = small_cohort.take(range(500)).write(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="trained on another cohort"):
        evaluation(cohort=other)
    with pytest.raises(InputError, match="learned from this cohort"):
        evaluation(other_cohort=True)
    with pytest.raises(InputError, match="no such section"):
        evaluation(sections=["cels"])
    assert not (tmp_path / "data").exists()
