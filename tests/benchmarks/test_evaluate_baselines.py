"""One command fits, scores and puts side by side."""

from __future__ import annotations

import json
import sys

import evaluate_baselines
import pytest
from baselines import pythae_vae
from baselines.table import write_table

from abr_model.errors import InputError
from abr_model.evaluation.score import Score, Section
from abr_model.evaluation.scorecard import Scorecard
from abr_model.evaluation.sections import SectionEntry


@pytest.fixture
def cohort_path(easy_cohort, tmp_path):
    return easy_cohort.write(tmp_path / "easy.parquet")


@pytest.fixture
def quick_sections(monkeypatch):
    """A section that measures one thing in no time."""

    def run(self, comparison, model, on_progress):
        worst = float(abs(comparison.generated.waveforms - comparison.real.waveforms).max())
        score = Score(f"{self.key}_worst", "Largest | difference", worst, "µV", limit=0.5, allowed=(None, 9.0))
        return Section(self.key, self.title, [score])

    monkeypatch.setattr(SectionEntry, "run", run)


def command(monkeypatch, *arguments) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate_baselines.py", *map(str, arguments)])
    evaluate_baselines.main()


def test_each_baseline_has_a_scorecard_and_a_column(
    monkeypatch, capsys, quick_sections, cohort_path, easy_preset, tmp_path
):
    out, preset = tmp_path / "out", tmp_path / "easy.yaml"
    preset.write_text(easy_preset.to_yaml())
    asked = ("--cohort", cohort_path, "--out", out, "--preset", preset, "--sections", "cells,privacy,likelihood")
    command(monkeypatch, *asked, "--only", "nearest_recording")
    scorecard = Scorecard.read(out / "nearest_recording")
    assert [section.key for section in scorecard.sections] == ["cells", "privacy"]
    assert scorecard.left_out["likelihood"] == "it has no network"
    assert (out / "nearest_recording" / "scorecard.html").is_file()
    (row,) = json.loads((out / "baselines.json").read_text())
    assert row["name"] == "nearest_recording"
    assert row["scores"]["cells_worst"] == scorecard.score("cells_worst").value > 0
    assert row["costs"]["traces_per_second"] > 100
    assert row["costs"]["fit_processor_seconds"] > 0
    text = (out / "baselines.md").read_text()
    assert text in capsys.readouterr().out
    assert "| Largest \\| difference |" in text
    assert "≤ 9.00 µV" in text
    command(monkeypatch, *asked[:-1], "physiology", "--only", "nearest_recording")  # keeps the other sections
    assert [section.key for section in Scorecard.read(out / "nearest_recording").sections] == [
        *("cells", "physiology", "privacy")
    ]


def test_a_later_run_adds_a_column(quick_sections, easy_cohort, easy_preset, easy_parts, tmp_path):
    from abr_model.evaluation.evaluate import evaluate_generator

    def silence(conditions, seed):
        return easy_parts.test

    for name in ("one", "two"):
        evaluate_generator(easy_cohort, easy_preset, silence, name, sections=["cells"]).write(tmp_path / name)
    assert "|  | one | two | real against real | required |" in write_table(tmp_path)


def test_other_held_out_recordings_are_not_put_beside(quick_sections, easy_cohort, easy_preset, easy_parts, tmp_path):
    from abr_model.evaluation.evaluate import evaluate_generator

    other = easy_preset.changed(preparation={"seed": 5})
    for name, preset in (("one", easy_preset), ("two", other)):
        parts = evaluate_baselines.prepare_parts(easy_cohort, preset)
        made = evaluate_generator(easy_cohort, preset, lambda c, s, p=parts: p.test, name, sections=["cells"])
        made.write(tmp_path / name)
    with pytest.raises(InputError, match="selection or split"):
        write_table(tmp_path)


def test_a_baseline_whose_library_is_absent_is_left_out_or_refused(
    monkeypatch, capsys, quick_sections, cohort_path, easy_preset, tmp_path
):
    monkeypatch.setattr(pythae_vae, "find_spec", lambda name: None)
    monkeypatch.setattr(evaluate_baselines, "BASELINES", ["nearest_recording", "pythae_vae"])
    preset = tmp_path / "easy.yaml"
    preset.write_text(easy_preset.to_yaml())
    asked = ("--cohort", cohort_path, "--out", tmp_path / "out", "--preset", preset, "--sections", "cells")
    command(monkeypatch, *asked)
    assert "pythae_vae: left out" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        command(monkeypatch, *asked, "--only", "pythae_vae")
    assert stop.value.code == 2
    assert "requirements-benchmarks.txt" in capsys.readouterr().err


def test_a_name_that_does_not_exist_is_refused_before_any_work(monkeypatch, capsys, cohort_path, tmp_path):
    with pytest.raises(SystemExit):
        command(monkeypatch, "--cohort", cohort_path, "--out", tmp_path / "out", "--only", "gan")
    assert "no such baseline" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
