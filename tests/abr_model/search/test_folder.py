from __future__ import annotations

import pytest

from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.search.folder import Search, list_searches


def test_a_search_is_read_back_as_it_was_asked_for(make_search, data):
    filter = CohortFilter.model_validate({"ranges": {"intensity_db_nhl": {"minimum": 40}}})
    search = make_search(
        label=" first\n try ", trials=7, epochs=4, recordings=100, filter=filter, figure="validation_rmse_uv",
        sampler={"kind": "random", "seed": 3}, pruner={"kind": "halving"}, threads=2,
    )  # fmt: skip
    found = Search.open(data, search.id)
    config = found.config
    assert (config.label, config.trials, config.epochs, config.recordings) == ("first try", 7, 4, 100)
    assert config.filter == filter
    assert (config.sampler.kind, config.sampler.seed, config.pruner.kind) == ("random", 3, "halving")
    assert config.space["network.width"].choices == (16, 32)
    assert found.runs_folder == data / "runs"
    assert [other.id for other in list_searches(data)] == [search.id]
    assert found.study().get_trials() == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"trials": 0}, "trials"),
        ({"epochs": 0}, "epochs"),
        ({"figure": "train_loss"}, "validation_loss_final_beta"),
        ({"sampler": {"kind": "grid"}}, "sampler"),
        ({"pruner": {"kind": "none", "wait": 3}}, "pruner"),
        ({"recordings": 3}, "recordings"),
        ({"storage": "oracle://somewhere"}, "database"),
        ({"storage": "nonsense"}, "address"),
        ({"storage": "sqlite:///here.db"}, "from the root on"),
        ({"storage": "postgresql://me:secret@host/db"}, "password"),
        ({"storage": "sqlite:////no/such/folder/trials.db"}, "storage"),
    ],
)
def test_what_is_not_allowed_is_refused_and_leaves_nothing(make_search, data, asked, words):
    with pytest.raises(InputError) as problem:
        make_search(**asked)
    assert words in str(problem.value)
    assert "secret" not in str(problem.value)
    assert list_searches(data) == []


def test_a_password_may_be_the_name_of_a_variable():
    from abr_model.search.storage import check_url

    assert check_url("postgresql://me:${PGPASSWORD}@host/db")


def test_an_unreachable_database_is_said_without_its_password(make_search, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "hidden-word")
    with pytest.raises(InputError) as problem:
        make_search(storage="postgresql://me:${SECRET}@localhost:1/db")
    assert "hidden-word" not in str(problem.value)


@pytest.mark.parametrize("search_id", ["../runs", "", "no-such-search", "a/b"])
def test_an_id_that_is_none_is_refused(data, search_id):
    with pytest.raises(InputError):
        Search.open(data, search_id)


def test_a_damaged_search_is_said_to_be_so(make_search):
    search = make_search()
    (search.folder / "search.yaml").write_text("trials: many")
    with pytest.raises(InputError, match="damaged"):
        _ = search.config


def test_another_data_folder_can_join_through_a_shared_storage(make_search, tmp_path, cohort_file, small_cohort):
    storage = f"sqlite:///{tmp_path / 'shared.db'}"
    search = make_search(storage=storage, label="together")
    joined = Search.join(tmp_path / "elsewhere", storage, search.id, cohort_file)
    assert joined.id == search.id
    assert joined.config.space == search.config.space
    assert joined.config.preset == search.config.preset
    joined.study().enqueue_trial({"network.width": 16})
    assert len(search.study().get_trials()) == 1
    with pytest.raises(InputError, match="already"):
        Search.join(tmp_path / "elsewhere", storage, search.id, cohort_file)
    with pytest.raises(InputError, match="no such search"):
        Search.join(tmp_path / "third", storage, "another-search", cohort_file)
    other = small_cohort.take(range(100)).write(tmp_path / "other.parquet")
    with pytest.raises(InputError, match="another cohort"):
        Search.join(tmp_path / "third", storage, search.id, other)
