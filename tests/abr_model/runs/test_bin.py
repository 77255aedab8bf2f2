from __future__ import annotations

import pytest

from abr_model.errors import InputError
from abr_model.runs.bin import delete, deleted_runs, empty_bin, restore
from abr_model.runs.claim import Claim
from abr_model.runs.run import list_runs


@pytest.fixture
def runs(make_run):
    return [make_run(label=name) for name in ("one", "two", "three")]


def test_a_deleted_run_comes_back_as_it_was(runs):
    one, two, _ = runs
    root = one.folder.parent
    one.write_status(state="finished", message="done")
    (one.folder / "model").mkdir()
    (one.folder / "model" / "model.json").write_text("{}")
    in_bin = delete(one)
    delete(two)
    assert one not in list_runs(root)
    assert not one.folder.exists()
    assert [run.id for run in deleted_runs(root)] == [two.id, one.id], "the last deleted first"
    assert (in_bin.state, in_bin.status["label"], in_bin.has_model) == ("finished", "one", True)
    assert restore(root, one.id) == one
    assert (one.state, one.config.label, one.has_model) == ("finished", "one", True)
    assert one in list_runs(root)
    with Claim(two_again := restore(root, two.id), two_again.config) as claim:
        claim.take()  # nothing of the deletion is in the way of a training
    assert deleted_runs(root) == []


def test_what_trains_or_waits_is_not_deleted(runs):
    run = runs[0]
    with Claim(run, run.config) as claim:
        claim.take()
        with pytest.raises(InputError, match="stop it first"):
            delete(run)
        run.write_status(state="stopped")  # the trainer has said its last word, but it is still there
        with pytest.raises(InputError, match="stop it first"):
            delete(run)
    assert run in list_runs(run.folder.parent)
    delete(run)


def test_emptied_is_gone_and_nothing_else(runs):
    one, two, three = runs
    root = one.folder.parent
    delete(one)
    delete(two)
    (root / ".bin" / "notes of somebody").mkdir()
    assert empty_bin(root) == 2
    assert deleted_runs(root) == []
    assert list_runs(root) == [three]
    assert (root / ".bin" / "notes of somebody").is_dir()
    assert empty_bin(root) == 0


def test_neither_a_name_nor_a_link_leads_out_of_the_bin(runs, tmp_path):
    root = runs[0].folder.parent
    delete(runs[0])
    for name in ("../" + runs[1].id, "..", "no-such-run"):
        with pytest.raises(InputError):
            restore(root, name)
    elsewhere = tmp_path / "elsewhere"
    (root / ".bin").rename(elsewhere)
    (root / ".bin").symlink_to(elsewhere)
    with pytest.raises(InputError, match="link"):
        empty_bin(root)
    assert (elsewhere / runs[0].id / "config.yaml").is_file()


def test_a_name_that_is_taken_is_not_overwritten(runs):
    one = runs[0]
    root = one.folder.parent
    delete(one)
    one.folder.mkdir()
    with pytest.raises(InputError, match="already"):
        restore(root, one.id)
    assert len(deleted_runs(root)) == 1
