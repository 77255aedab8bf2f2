"""Which cohort file a model learned from: looked for once for each state of the folder."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboard import cohort_files
from dashboard.folders import cohorts_folder


@pytest.fixture
def asked(small_cohort, tmp_path, monkeypatch) -> list[str]:
    """A folder with one cohort; what is looked for in it."""
    monkeypatch.setenv("ABR_DATA", str(tmp_path))
    small_cohort.write(cohorts_folder() / "clinic.parquet")
    asked, find = [], cohort_files.find_training_cohort
    monkeypatch.setattr(cohort_files, "find_training_cohort", lambda model: asked.append("model") or find(model))
    return asked


def model_of(digest: str):
    return SimpleNamespace(provenance=SimpleNamespace(cohort_digest=digest, cohort="a clinic"))


def test_it_is_looked_for_once_and_again_when_the_folder_changes(asked, small_cohort):
    here, elsewhere = model_of(small_cohort.digest()), model_of("0" * 64)
    for _ in range(3):
        assert cohort_files.training_cohort_file(here).name == "clinic.parquet"
        assert cohort_files.training_cohort_file(elsewhere) is None
    assert len(asked) == 2, "one look for each model"
    (cohorts_folder() / "clinic.parquet").unlink()
    assert cohort_files.training_cohort_file(here) is None
    assert len(asked) == 3


def test_a_cohort_is_found_by_its_content(asked, small_cohort):
    assert cohort_files.cohort_file(small_cohort.digest()).name == "clinic.parquet"
    assert cohort_files.cohort_file("0" * 64) is None
