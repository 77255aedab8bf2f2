from __future__ import annotations

from pathlib import Path

import pytest

from abr_model import data_folder as module
from abr_model.cli.generate import find_model
from abr_model.data_folder import data_folder, pretrained_folder
from abr_model.errors import InputError
from abr_model.sources.pseudonyms import salt_file


def test_the_variable_decides_and_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABR_DATA", "elsewhere/../here")
    assert data_folder() == tmp_path / "here"
    monkeypatch.setenv("ABR_DATA", "~/abr")
    assert data_folder() == Path.home() / "abr"


def test_a_checkout_uses_its_own_folder_wherever_it_is_called_from(tmp_path, monkeypatch, project_root):
    monkeypatch.delenv("ABR_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert data_folder() == project_root / "data"
    assert salt_file() == project_root / "data" / ".salt"


def test_an_installed_package_uses_the_current_folder_never_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("ABR_DATA", raising=False)
    monkeypatch.setattr(module, "_PARENT", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)
    assert data_folder() == tmp_path / "data"
    assert pretrained_folder() == tmp_path / "data" / "pretrained"


def test_shipped_models_stay_where_they_are_when_the_data_go_elsewhere(tmp_path, monkeypatch, project_root):
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    assert pretrained_folder() == project_root / "data" / "pretrained"


def test_a_model_and_a_run_are_found_in_that_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ABR_DATA", raising=False)
    monkeypatch.setattr(module, "_PARENT", tmp_path / "site-packages")
    monkeypatch.chdir(tmp_path)
    for folder in ("pretrained/mine", "runs/r1/model"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        (tmp_path / "data" / folder / "model.json").touch()
    assert find_model("mine") == tmp_path / "data" / "pretrained" / "mine"
    assert find_model("r1") == tmp_path / "data" / "runs" / "r1" / "model"
    with pytest.raises(InputError, match="mine"):
        find_model("other")
