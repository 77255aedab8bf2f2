from __future__ import annotations

import errno
from pathlib import Path

import pytest

from abr_model.errors import InputError
from abr_model.runs.notes import NOTES_LENGTH, Notes, read_notes, write_notes


@pytest.fixture
def run(make_run):
    return make_run(label="first")


def test_the_first_label_counts_until_another_is_written(run):
    config = (run.folder / "config.yaml").read_bytes()
    assert read_notes(run) == Notes("first", "")
    assert write_notes(run, notes=" β too large\n\nsee run 2 ") == Notes("first", "β too large\n\nsee run 2")
    assert write_notes(run, label=" second\n try ") == Notes("second try", "β too large\n\nsee run 2")
    assert write_notes(run, label="", notes="") == Notes("", ""), "both can be taken away"
    assert (run.folder / "config.yaml").read_bytes() == config


def test_too_long_is_refused_and_nothing_is_lost(run):
    write_notes(run, "kept", "kept")
    with pytest.raises(InputError, match="label"):
        write_notes(run, label="x" * 101)
    with pytest.raises(InputError, match="notes"):
        write_notes(run, notes="x" * (NOTES_LENGTH + 1))
    assert read_notes(run) == Notes("kept", "kept")


@pytest.mark.parametrize("damage", ["", "[1]", "{", '{"label": 3, "notes": null}'])
def test_a_damaged_file_is_as_none(run, damage):
    (run.folder / "notes.json").write_text(damage)
    assert read_notes(run) == Notes("first", "")
    assert write_notes(run, label="new").label == "new"


def test_a_full_disk_is_said_and_the_old_text_stays(run, monkeypatch):
    write_notes(run, "old")

    def full(path, *arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left"):
        write_notes(run, "new")
    assert read_notes(run).label == "old"
    assert not list(run.folder.glob(".notes*"))
