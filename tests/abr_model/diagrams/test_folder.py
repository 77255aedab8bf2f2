from __future__ import annotations

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from abr_model.diagrams.folder import FORMATS, README, TIMES, files_of, write_folder, zipped
from abr_model.diagrams.times import Times
from abr_model.errors import InputError
from abr_model.network import parameter_count


def test_the_same_subject_gives_the_same_files(subjects, small_times):
    first, second = (files_of(subjects["small default"], small_times) for _ in range(2))
    assert first == second
    assert set(first) == {
        f"{name}.{ending}" for name in ("main_architecture", "transformer", "training_flow") for ending in FORMATS
    } | {README, TIMES}  # fmt: skip
    assert zipped(first) == zipped(second)


def test_the_readme_names_every_file_and_every_count(subjects, small_times):
    subject = subjects["small default"]
    files = files_of(subject, small_times)
    text = files[README].decode()
    assert set(re.findall(r"\]\((\w+\.\w+)\)", text)) == set(files) - {README, TIMES}
    assert f"{subject.parameters:,} trainable parameters" in text
    assert f"| Transformer encoder | [B, 4, 16] | {parameter_count(subject.network.encoder):,} |" in text
    assert f"| **in all** |  | **{subject.parameters:,}** | 100 % |" in text
    assert small_times.measured in text
    assert not re.search(r"(?<!\.)/(home|work|tmp|root)/", text)
    width = {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("|")}
    assert width == {4, 6}


def test_without_times_nothing_depends_on_the_day(subjects):
    files = files_of(subjects["small reference"], None, ("mmd",))
    assert set(files) == {"main_architecture.mmd", "transformer.mmd", "training_flow.mmd", README}
    assert not re.search(r"20\d\d-\d\d-\d\d", "".join(content.decode() for content in files.values()))
    assert "--no-times" in files[README].decode()
    assert "of a training step" not in files["main_architecture.mmd"].decode()


def test_a_format_that_there_is_not(subjects):
    with pytest.raises(InputError, match=r"pdf.*mmd, svg, png"):
        files_of(subjects["small default"], None, ("svg", "pdf"))


def test_the_archive_holds_the_files(subjects):
    files = files_of(subjects["small default"], None, ("mmd", "svg"))
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert {f"architecture_diagrams/{name}": content for name, content in files.items()} == {
            name: archive.read(name) for name in archive.namelist()
        }


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_folder({"a.txt": b"a"}, tmp_path / "file")
    written = write_folder({"a.txt": b"a"}, tmp_path / "new" / "folder")
    assert [p.name for p in written.iterdir()] == ["a.txt"]


def test_the_folder_of_the_checkout_is_what_the_code_makes_of_the_shipped_model(shipped, project_root):
    """Not so? ``abr diagrams`` draws it anew."""
    folder = project_root / "architecture_diagrams"
    files = files_of(shipped, Times.read(folder / TIMES))
    assert {path.name for path in folder.iterdir()} == set(files)
    for name, content in files.items():
        kept = (folder / name).read_bytes()
        if name.endswith(".png"):  # another processor may round a pixel differently
            a, b = (np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=float) for data in (kept, content))
            assert a.shape == b.shape, name
            assert np.abs(a - b).mean() < 0.5, name
        else:
            assert kept == content, name
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1.5e6
