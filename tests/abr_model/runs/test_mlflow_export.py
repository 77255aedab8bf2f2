"""Runs taken to MLflow and read back from its database; what stays here, and addresses that do not work."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
import yaml

from abr_model.configuration import load_preset
from abr_model.ears.link import EarLink
from abr_model.errors import InputError
from abr_model.filtering import CohortFilter
from abr_model.model import TrainedModel
from abr_model.runs import mlflow_server
from abr_model.runs.mlflow_export import content_of, export_run, redacted
from abr_model.runs.notes import write_notes
from abr_model.runs.run import Run, without_abandoned

SECRET = "Jane Doe 1961"


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory) -> Path:
    """MLflow's tables, which take it seconds to make."""
    pytest.importorskip("mlflow")
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        client(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def database(tmp_path, empty_database) -> str:
    shutil.copy(empty_database, tmp_path / "store" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'store' / 'mlflow.db'}"


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """Nothing of the person who runs the tests is used, and nothing is left in the current folder."""
    for name in [n for n in os.environ if n.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "store").mkdir()


def client(uri: str):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri)


def metric_rows(run: Run, kind: str) -> list[dict]:
    return [row for row in without_abandoned(run.metrics()[0]) if row["kind"] == kind]


# --- a database ------------------------------------------------------------------------------------------------


def test_what_was_exported_is_read_back_as_it_was_logged(finished_run, database):
    done = export_run(finished_run, database, experiment="hearing", with_model=True)
    mlflow = client(database)
    there = mlflow.get_run(done.run_id)
    assert mlflow.get_experiment_by_name("hearing").experiment_id == there.info.experiment_id
    assert (there.info.run_name, there.info.status) == (finished_run.id, "FINISHED")
    assert there.data.params["training.learning_rate"] == "0.003" and there.data.params["network.latent"] == "4"
    assert len(there.data.params) == done.params > 30
    config, tags = finished_run.config, there.data.tags
    assert tags["abr.cohort_digest"] == config.cohort_digest and tags["abr.recordings"] == "simulated"
    assert tags["abr.model_id"] == finished_run.status["model_id"] and tags["abr.dry_run"] == "no"
    assert "simulated" in tags["mlflow.note.content"] and "Research use only" in tags["mlflow.note.content"]

    epochs, steps = metric_rows(finished_run, "epoch"), metric_rows(finished_run, "step")
    logged = mlflow.get_metric_history(done.run_id, "validation_loss")
    assert [(m.step, m.value) for m in logged] == [(row["step"], row["validation_loss"]) for row in epochs]
    created = config.created.timestamp() * 1000
    assert [m.timestamp for m in logged] == [round(created) + round(row["minutes"] * 60_000) for row in epochs]
    logged = sorted(mlflow.get_metric_history(done.run_id, "train_loss_step"), key=lambda m: m.step)
    assert [(m.step, m.value) for m in logged] == [(row["step"], row["train_loss"]) for row in steps]
    logged = mlflow.get_metric_history(done.run_id, "train_loss_epoch")
    assert [m.value for m in logged] == [row["train_loss"] for row in epochs]
    logged = mlflow.get_metric_history(done.run_id, "kl_per_latent/003")
    assert [m.value for m in logged] == [row["kl_per_latent"][3] for row in epochs]
    assert there.data.metrics["test_waveform_rmse_uv"] == finished_run.status["figures"]["waveform_rmse_uv"]


def test_the_files_are_there_and_the_model_works(finished_run, database, tmp_path):
    done = export_run(finished_run, database, with_model=True)
    mlflow = client(database)
    assert {file.path for file in mlflow.list_artifacts(done.run_id)} == {"config.yaml", "model"}
    folder = Path(mlflow.download_artifacts(done.run_id, "model", str(tmp_path)))
    model = TrainedModel.load(folder)
    assert model.model_id == finished_run.status["model_id"]
    assert EarLink.load(folder, model) is not None, "it can still tell one ear under other conditions"
    text = Path(mlflow.download_artifacts(done.run_id, "config.yaml", str(tmp_path))).read_text()
    assert yaml.safe_load(text)["preset"] == finished_run.config.model_dump(mode="json")["preset"]


def test_without_a_model_only_configuration_and_card_go(finished_run, database):
    done = export_run(finished_run, database)
    assert {file.path for file in client(database).list_artifacts(done.run_id)} == {"config.yaml", "card.md"}
    assert set(done.files) == {"config.yaml", "card.md"}


def test_a_second_export_takes_the_place_of_the_first(finished_run, database):
    first = export_run(finished_run, database)
    second = export_run(finished_run, database)
    mlflow = client(database)
    experiment = mlflow.get_experiment_by_name("abr").experiment_id
    (kept,) = mlflow.search_runs([experiment])
    assert kept.info.run_id == second.run_id != first.run_id
    assert (first.replaced, second.replaced) == (0, 1)


def test_a_failure_in_between_leaves_the_earlier_export(finished_run, database, monkeypatch):
    first = export_run(finished_run, database)
    monkeypatch.setattr(
        mlflow_server.Server, "log_file", lambda *a: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(InputError, match="No space left"):
        export_run(finished_run, database)
    mlflow = client(database)
    (kept,) = mlflow.search_runs([mlflow.get_experiment_by_name("abr").experiment_id])
    assert kept.info.run_id == first.run_id


# --- what stays here --------------------------------------------------------------------------------------------------


@pytest.fixture
def private_run(tmp_path, small_cohort) -> Run:
    """A run whose label, notes, log, cohort's path and filter say what must not leave this machine."""
    folder = tmp_path / SECRET
    cohort = small_cohort.write(folder / f"{SECRET}.parquet")
    pseudonym = small_cohort.table["patient_id"].iloc[0]
    patients = tuple(small_cohort.table["patient_id"].unique()[:20])
    run = Run.create(
        folder / "runs", load_preset("default"), cohort, label=SECRET, filter=CohortFilter(patients=patients)
    )
    assert pseudonym in patients
    write_notes(run, notes=SECRET)
    (run.folder / "train.log").write_text(SECRET)
    row = {"kind": "epoch", "epoch": 0, "step": 5, "minutes": 1.0, "validation_loss": 2.0, "validation_kl": None}
    (run.folder / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    run.write_status(state="stopped", message=SECRET, label=SECRET)
    return run


def test_no_place_and_no_free_text_leaves_this_machine(private_run, database, tmp_path, small_cohort):
    done = export_run(private_run, database)
    mlflow = client(database)
    there = mlflow.get_run(done.run_id)
    assert there.info.status == "KILLED"
    config = Path(mlflow.download_artifacts(done.run_id, "config.yaml", str(tmp_path))).read_text()
    said = f"{there.data.params} {there.data.tags} {there.info.run_name} {config}"
    identifying = [SECRET, str(tmp_path), str(Path.home()), *small_cohort.table["patient_id"].unique()]
    assert [words for words in identifying if words in said] == []
    assert there.data.params["filter"] == "20 chosen patients"
    assert there.info.user_id in ("", "unknown", None)
    assert not {"mlflow.user", "mlflow.source.name", "mlflow.source.git.commit"} & set(there.data.tags)


def test_a_number_that_is_missing_is_no_metric(private_run, database):
    done = export_run(private_run, database)
    assert set(client(database).get_run(done.run_id).data.metrics) == {"validation_loss"}


def test_the_configuration_is_otherwise_complete(private_run):
    sent, config = yaml.safe_load(redacted(private_run.config)), private_run.config.model_dump(mode="json")
    assert {name for name in config if sent[name] != config[name]} == {"label", "cohort_path", "filter"}


def test_a_model_that_names_pseudonyms_is_not_sent(private_run):
    private_run.model_folder.mkdir()
    for name in ("model.json", "card.md"):
        (private_run.model_folder / name).write_text("{}")
    assert set(content_of(private_run).files) == {"config.yaml"}
    with pytest.raises(InputError, match="pseudonyms"):
        content_of(private_run, with_model=True)


def test_a_model_is_asked_for_where_there_is_none(tmp_path, cohort_file):
    run = Run.create(tmp_path / "runs", load_preset("default"), cohort_file)
    assert content_of(run).status == "SCHEDULED"
    with pytest.raises(InputError, match="no model yet"):
        content_of(run, with_model=True)


# --- addresses that do not work ---------------------------------------------------------------------------------------


def test_a_server_that_does_not_answer_is_said_at_once(finished_run):
    with socket.socket() as taken:  # bound and not listening: refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(InputError, match="does not answer") as error:
            export_run(finished_run, f"http://someone:password@127.0.0.1:{taken.getsockname()[1]}")
    assert "password" not in str(error.value)


@pytest.mark.parametrize(
    ("to", "words"), [("mlruns", "plain folder"), ("file:///x", "plain folder"), ("ftp://x", "kind")]
)
def test_an_address_of_another_kind_is_refused(finished_run, to, words):
    with pytest.raises(InputError, match=words):
        export_run(finished_run, to)
    assert not Path("mlruns").exists()


@pytest.mark.parametrize("name", ["no/such/folder/m.db", "a_folder", "text.db"])
def test_a_database_that_cannot_be_opened_is_refused_without_its_path(finished_run, tmp_path, name):
    (tmp_path / "a_folder").mkdir()
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(InputError, match="no database that can be written") as error:
        export_run(finished_run, f"sqlite:///{tmp_path / name}")
    assert str(tmp_path) not in str(error.value)
    assert not (tmp_path / "no").exists()


def test_without_mlflow_it_says_what_to_install(finished_run, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "mlflow":
            raise ModuleNotFoundError("No module named 'mlflow'", name="mlflow")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"MLflow is not installed.*pip install"):
        export_run(finished_run, "sqlite:///x.db")


def test_the_surroundings_are_as_before(finished_run, database):
    before = dict(os.environ)
    export_run(finished_run, database)
    assert dict(os.environ) == before


def test_the_files_of_a_database_lie_beside_it(finished_run, database, tmp_path):
    export_run(finished_run, database)
    with sqlite3.connect(tmp_path / "store" / "mlflow.db") as connection:
        (place,) = connection.execute("SELECT artifact_location FROM experiments WHERE name = 'abr'").fetchone()
    assert place == (tmp_path / "store" / "mlflow-artifacts").as_uri()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store"]
