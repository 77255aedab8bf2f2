from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abr_model.batches import batch as batch_module
from abr_model.batches.again import make_again
from abr_model.batches.batch import BatchStoppedError, make_batch
from abr_model.batches.copies import Training, training_of
from abr_model.batches.plan import plan_of
from abr_model.batches.provenance import BatchProvenance
from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.designs.design import design_of
from abr_model.generation.generate import BLOCK, generate

ENDINGS = {"csv": ".csv", "csv-long": ".csv", "parquet": ".parquet", "eclipse": ".xlsx", "wfdb": ".zip"}


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def several(request_of):
    """About three blocks: 760 recordings."""
    return request_of(95)


@pytest.fixture(scope="module")
def made(default_model, several, tmp_path_factory):
    return make_batch(default_model, several, tmp_path_factory.mktemp("made") / "batch.parquet")


def test_a_batch_holds_what_generate_gives(made, default_model, several):
    rows = several.design.rows()
    cohort = generate(default_model, rows.at(0, len(rows)), several.seed)
    assert len(cohort) > 2 * BLOCK
    found = Cohort.read(made.bundle.data)
    np.testing.assert_array_equal(found.waveforms, cohort.waveforms)
    pd.testing.assert_frame_equal(found.table, cohort.table)


def test_provenance_says_all_that_makes_it_again(made, default_model, several):
    said = json.loads(made.bundle.provenance.read_text(encoding="utf-8"))
    assert said["model"]["weights_sha256"] == default_model.weights_sha256
    assert said["model"]["training_cohort_sha256"] == "ab" * 32
    assert said["request"]["seed"] == 7
    assert said["request"]["design"] == several.design.model_dump(mode="json")
    assert {"torch", "numpy", "abr-synthesis", "pyarrow"} <= set(said["software"])
    assert said["file"]["sha256"] == sha(made.bundle.data)
    assert said["recordings"]["exported"] == 760
    assert "research use only" in said["notice"]
    assert BatchProvenance.read(made.bundle.provenance) == made.provenance
    inside = Cohort.read(made.bundle.data).provenance.details["batch"]
    assert inside["request"] == said["request"]
    assert inside["made"] == said["made"]
    assert "file" not in inside


def test_the_card_says_what_it_is(made, default_model):
    card = made.bundle.card.read_text(encoding="utf-8")
    assert "# 760 generated ABR recordings" in card
    assert "Synthetic – research use only" in card
    assert default_model.weights_sha256 in card
    assert "Not checked for near-copies" in card
    assert "is not here" in card
    assert "there is no scorecard" in card
    page = made.bundle.card_page.read_text(encoding="utf-8")
    assert "<h1>760 generated ABR recordings</h1>" in page
    assert "<script" not in page


def test_the_scorecard_stands_in_the_card(default_model, request_of, tmp_path):
    row = {"what": "AUC", "value": "0.58", "real": "0.49", "required": "≤ 0.60", "met": "met"}
    evaluation = {"made": "2026-01-01", "rows": [row | {"what": "<b>a|b</b>"}]}
    batch = make_batch(default_model, request_of(), tmp_path / "a.parquet", evaluation=evaluation)
    assert "| <b>a/b</b> | 0.58 | 0.49 | ≤ 0.60 | met |" in batch.bundle.card.read_text(encoding="utf-8")
    assert "<b>a/b</b>" not in batch.bundle.card_page.read_text(encoding="utf-8"), "no HTML of others"


@pytest.mark.parametrize("changes", [{"blocks": 1}, {"blocks": 3}, {"jobs": 2, "blocks": 1}])
def test_the_same_bytes_whatever_the_parts_and_jobs(made, default_model, several, tmp_path, changes):
    fixed = batch_module.Fixed(made.provenance.made, made.provenance.copies, made.provenance.conditions_sha256)
    again = make_batch(default_model, several, tmp_path / "other.parquet", fixed=fixed, **changes)
    assert sha(again.bundle.data) == sha(made.bundle.data)


@pytest.mark.parametrize("key", list(ENDINGS))
def test_made_again_from_its_provenance_bit_for_bit(default_model, request_of, tmp_path, key):
    first = make_batch(default_model, request_of(3, format=key), tmp_path / f"first{ENDINGS[key]}")
    again = make_again(default_model, first.bundle.provenance, tmp_path / f"again{ENDINGS[key]}")
    assert again.identical
    assert again.differences == ()
    assert sha(again.batch.bundle.data) == sha(first.bundle.data)


def test_another_model_and_other_versions_when_made_again(default_model, reference_model, request_of, tmp_path):
    first = make_batch(default_model, request_of(1), tmp_path / "first.parquet")
    with pytest.raises(InputError, match="another model"):
        make_again(reference_model, first.bundle.provenance, tmp_path / "again.parquet")
    said = json.loads(first.bundle.provenance.read_text())
    said["software"]["torch"] = "1.0"
    said["platform"]["machine"] = "abacus"
    first.bundle.provenance.write_text(json.dumps(said))
    again = make_again(default_model, first.bundle.provenance, tmp_path / "again.parquet")
    assert any("torch" in words and "then 1.0" in words for words in again.differences)
    assert any("abacus" in words for words in again.differences)
    assert again.identical, "it was made with these versions after all: the hash decides"
    said["request"]["design"]["n"] = 2
    first.bundle.provenance.write_text(json.dumps(said))
    with pytest.raises(InputError, match="other conditions"):
        make_again(default_model, first.bundle.provenance, tmp_path / "again.parquet")


def test_a_drawn_design_is_made_again_without_its_cohort(
    default_model, request_of, small_cohort, tmp_path, monkeypatch
):
    monkeypatch.setenv("ABR_DATA", str(tmp_path / "empty"))
    design = design_of({"kind": "balanced", "cohort_digest": small_cohort.digest(), "cohort": "clinic", "n": 60})
    request = request_of(design=design, outside="leave out")
    first = make_batch(default_model, request, tmp_path / "first.parquet", rows=design.rows(small_cohort))
    assert first.provenance.recordings.left_out > 0
    assert first.bundle.conditions.is_file()
    assert make_again(default_model, first.bundle.provenance, tmp_path / "again.parquet").identical
    first.bundle.conditions.unlink()
    with pytest.raises(InputError, match="not here"):
        make_again(default_model, first.bundle.provenance, tmp_path / "more.parquet")
    from_cohort = make_again(default_model, first.bundle.provenance, tmp_path / "more.parquet", recordings=small_cohort)
    assert from_cohort.identical


# --- near-copies ---


@pytest.fixture
def copying(monkeypatch, training_part):
    """A model that gives away training recordings 3, 4, 5 as rows 2, 300 and 515 of every batch."""
    from abr_model.batches import parts

    planted = {2: 3, 300: 4, 515: 5}
    honest = parts.generate_block

    def give_away(model, block, seed, number, *rest):
        waveforms, labels = honest(model, block, seed, number, *rest)
        waveforms = waveforms.copy()
        for row, of in planted.items():
            if 0 <= row - number * BLOCK < len(waveforms):
                waveforms[row - number * BLOCK] = training_part.waveforms[of]
        return waveforms, labels

    monkeypatch.setattr(parts, "generate_block", give_away)
    return planted


def test_near_copies_are_withheld_and_counted(copying, trained_on_small, small_cohort, several, tmp_path):
    training = training_of(trained_on_small, small_cohort)
    batch = make_batch(trained_on_small, several, tmp_path / "batch.parquet", training=training)
    withheld = batch.provenance.copies.withheld
    assert {row + 1 for row in copying} <= set(withheld)
    counts = batch.provenance.recordings
    assert counts.withheld == len(withheld)
    assert counts.exported == 760 - len(withheld)
    found = Cohort.read(batch.bundle.data)
    assert len(found) == counts.exported
    assert not {f"generated-{row:06d}" for row in withheld} & set(found.table["recording_id"])
    card = batch.bundle.card.read_text(encoding="utf-8")
    assert f"**{len(withheld)} near-copies" in card
    assert "found and withheld" in card

    again = make_batch(trained_on_small, several, tmp_path / "again.parquet", training=training, blocks=1)
    assert again.provenance.copies == batch.provenance.copies, "the same whatever the parts"
    from_provenance = make_again(trained_on_small, batch.bundle.provenance, tmp_path / "third.parquet")
    assert from_provenance.identical, "without the training recordings"


def test_another_cohort_is_no_training_cohort(trained_on_small, small_cohort):
    other = small_cohort.take(np.arange(500))
    with pytest.raises(InputError, match="another cohort"):
        training_of(trained_on_small, other)


def test_a_simulation_made_again_elsewhere_counts(trained_on_small, small_cohort, default_model):
    """Its hash differs in the last digits; means, spreads and parts are those of the training."""
    waveforms = small_cohort.waveforms * np.float32(1 + 1e-6)
    elsewhere = Cohort(waveforms, small_cohort.table, small_cohort.sampling, small_cohort.provenance)
    assert elsewhere.digest() != small_cohort.digest()
    training = training_of(trained_on_small, elsewhere)
    assert "last digits" in training.note
    assert training_of(trained_on_small, small_cohort).note == ""
    louder = Cohort(small_cohort.waveforms * 2, small_cohort.table, small_cohort.sampling, small_cohort.provenance)
    with pytest.raises(InputError, match="another cohort"):
        training_of(trained_on_small, louder)


def test_asked_not_to_check(trained_on_small, request_of, tmp_path):
    batch = make_batch(trained_on_small, request_of(1, check_copies=False), tmp_path / "a.parquet")
    assert "because it was asked not to" in batch.bundle.card.read_text(encoding="utf-8")


def test_nothing_is_exported_where_all_are_copies(trained_on_small, small_cohort, training_part, request_of, tmp_path):
    class Always:
        thresholds = (1.0, 1.0)

        def find(self, traces):
            return type("Found", (), {"mask": np.ones(len(traces), dtype=bool)})

    with pytest.raises(InputError, match="every recording is a near-copy"):
        make_batch(trained_on_small, request_of(1), tmp_path / "a.parquet", training=Training(Always()))
    assert list(tmp_path.iterdir()) == []


# --- outside the training data ---


def test_rows_outside_are_counted_left_out_or_refused(default_model, request_of, tmp_path):
    values = {
        "kind": "grid", "age_years": [0.25, 109], "intensity_db_nhl": 80, "stimulus_rate_per_s": 33.1,
        "hearing_loss": "normal", "n": 5,
    }  # fmt: skip
    rows = design_of(values).rows()
    support = default_model.support
    kept, left = plan_of(rows, support), plan_of(rows, support, "leave out")
    assert kept.degrees["outside"] == 5
    assert (len(left.rows), left.left_out, left.degrees["outside"]) == (5, 5, 0)
    assert set(left.rows.at(0, 5)["age_years"]) == {0.25}
    with pytest.raises(InputError, match="5 of 10 recordings would lie outside") as refused:
        plan_of(rows, support, "refuse")
    assert (refused.value.row, refused.value.column) == (6, "age_years")
    with pytest.raises(InputError, match="every condition"):
        plan_of(design_of(values | {"age_years": 109}).rows(), support, "leave out")
    batch = make_batch(default_model, request_of(design=design_of(values), outside="leave out"), tmp_path / "a.parquet")
    assert len(Cohort.read(batch.bundle.data)) == 5
    assert "5 of 10 asked for lie outside and were left out" in batch.bundle.card.read_text(encoding="utf-8")


def test_the_plan_does_not_depend_on_the_size_of_the_blocks(default_model, several, monkeypatch):
    from abr_model.generation.designs import rows as rows_module

    plan = plan_of(several.design.rows(), default_model.support)
    monkeypatch.setattr(rows_module.DesignRows.blocks, "__defaults__", (13,))
    small = plan_of(several.design.rows(), default_model.support)
    assert (small.sha256, small.support, small.classes, small.listed) == (
        plan.sha256,
        plan.support,
        plan.classes,
        plan.listed,
    )


# --- stopping ---


@pytest.mark.parametrize("key", list(ENDINGS))
def test_a_stop_leaves_nothing_and_what_was_there_stays(default_model, request_of, tmp_path, key):
    target = tmp_path / f"batch{ENDINGS[key]}"
    target.write_text("from before")
    asked = []

    def stopped() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(BatchStoppedError):
        make_batch(default_model, request_of(50, format=key), target, blocks=1, stopped=stopped)
    assert len(asked) == 2
    assert [p.name for p in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "from before"


def test_an_interrupt_leaves_nothing(default_model, request_of, tmp_path):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_batch(default_model, request_of(), tmp_path / "a.parquet", on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_progress_ends_at_the_whole(default_model, several, tmp_path):
    seen = []
    make_batch(default_model, several, tmp_path / "a.parquet", blocks=1, on_progress=lambda *at: seen.append(at))
    assert seen == [(256, 760), (512, 760), (760, 760)]


def test_a_worker_with_other_versions_is_refused(default_model, request_of, tmp_path, monkeypatch):
    from abr_model.batches import parts

    monkeypatch.setattr(parts, "software", lambda: {"torch": "0.1"})
    with pytest.raises(InputError, match="other versions"):
        make_batch(default_model, request_of(1), tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []


def test_conditions_of_an_earlier_batch_do_not_stay(default_model, request_of, small_cohort, tmp_path):
    design = design_of({"kind": "cohort", "cohort_digest": small_cohort.digest(), "n": 5})
    make_batch(default_model, request_of(design=design), tmp_path / "a.parquet", rows=design.rows(small_cohort))
    assert (tmp_path / "a.parquet.conditions.csv").is_file()
    make_batch(default_model, request_of(1), tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet.conditions.csv").exists()


def test_a_folder_that_is_not_empty_is_left_alone(default_model, request_of, tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "mine").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        make_batch(default_model, request_of(1, format="wfdb"), tmp_path / "records")
    assert (tmp_path / "records" / "mine").read_text() == "mine"
