"""A connection to MLflow whose failures are sentences for a person."""

from __future__ import annotations

import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from abr_model.errors import InputError

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from abr_model.runs.mlflow_export import Point

EXPERIMENT = "abr"
BATCH = 1000
"""Metrics in one request, MLflow's limit; settings and tags: 100."""
ADDRESSES = "http://… or https://… of a tracking server, or a database such as sqlite:///mlflow.db"
ANSWER_S = 10
_SURROUNDINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # else MLflow tells its makers how it is used
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "GIT_PYTHON_REFRESH": "quiet",
}


@contextmanager
def connected(to: str, experiment: str) -> Iterator[Server]:
    """A server that answers, and an experiment in it; what MLflow refuses in between is an :class:`InputError`."""
    _check(to)
    with _surroundings():
        try:
            from mlflow import MlflowClient
            from mlflow.exceptions import MlflowException
        except ImportError as error:
            raise InputError("MLflow is not installed", allowed='pip install "abr-synthesis[mlflow]"') from error
        _quiet()
        try:
            client = MlflowClient(tracking_uri=to)
            yield Server(client, _experiment(client, experiment, to))
        except MlflowException as error:
            raise _mendable(error, to) from error
        except ImportError as error:  # the place of the files (s3, gs, …) wants a package of its own
            raise InputError("MLflow needs another package for this address", value=error.name) from error
        except OSError as error:
            raise InputError(f"MLflow cannot write there: {error.strerror or type(error).__name__}") from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "sqlalchemy":  # of another database than SQLite
                raise _mendable(error, to) from error
            raise


class Server:
    """What of MLflow an export uses. Values that a person did not give (name, machine) are never added."""

    def __init__(self, client: MlflowClient, experiment_id: str):
        self.client, self.experiment_id = client, experiment_id

    def runs_with_tag(self, tag: str, value: str) -> list[str]:
        """Ids of the runs of the experiment that carry the tag."""
        found = self.client.search_runs([self.experiment_id], f"tags.`{tag}` = '{value}'")
        return [run.info.run_id for run in found]

    def create(self, name: str, tags: Mapping[str, str], started: int) -> str:
        """A new run; its id."""
        return self.client.create_run(
            self.experiment_id, start_time=started, tags=dict(tags), run_name=name
        ).info.run_id

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Settings, once."""
        from mlflow.entities import Param

        items = [Param(name, value) for name, value in params.items()]
        for start in range(0, len(items), 100):
            self.client.log_batch(run_id, params=items[start : start + 100])

    def log_points(self, run_id: str, points: Sequence[Point]) -> None:
        """Up to :data:`BATCH` metrics."""
        from mlflow.entities import Metric

        self.client.log_batch(run_id, [Metric(p.name, p.value, p.milliseconds, p.step) for p in points])

    def log_file(self, run_id: str, path: str, file: str | Path) -> None:
        """A file, under ``path``: its text, or the file to send as it is."""
        folder, _, name = path.rpartition("/")
        if isinstance(file, Path):
            self.client.log_artifact(run_id, str(file), folder or None)
            return
        with tempfile.TemporaryDirectory() as temporary:
            written = Path(temporary) / name
            written.write_text(file, encoding="utf-8")
            self.client.log_artifact(run_id, str(written), folder or None)

    def end(self, run_id: str, status: str, ended: int) -> None:
        """Its last word; one that still trains has no end."""
        if status in ("RUNNING", "SCHEDULED"):
            self.client.update_run(run_id, status=status)
        else:
            self.client.set_terminated(run_id, status, ended)

    def discard(self, run_id: str) -> None:
        """Delete a run, as well as the server can be reached; MLflow keeps it restorable for a while."""
        with suppress(Exception):
            self.client.delete_run(run_id)


def batches(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """In parts of :data:`BATCH`."""
    for start in range(0, len(points), BATCH):
        yield points[start : start + BATCH]


def shown(address: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _check(to: str) -> None:
    """Refuse what cannot work before MLflow tries it, some of it for minutes."""
    scheme = urlsplit(to).scheme
    if scheme in ("", "file"):
        if os.environ.get("MLFLOW_ALLOW_FILE_STORE", "").lower() != "true":
            raise InputError("MLflow keeps runs no longer in a plain folder", allowed=ADDRESSES)
    elif scheme in ("http", "https"):
        _check_answers(to)
    elif to.startswith("sqlite:///"):
        _check_database(to)


def _check_answers(to: str) -> None:
    import requests

    try:
        requests.get(f"{to.rstrip('/')}/health", timeout=ANSWER_S)
    except requests.exceptions.InvalidURL as error:
        raise InputError("this is no address", value=shown(to), allowed=ADDRESSES) from error
    except requests.exceptions.SSLError as error:
        raise InputError("the certificate of the MLflow server is not accepted", value=shown(to)) from error
    except requests.exceptions.RequestException as error:
        raise InputError("the MLflow server does not answer", value=shown(to)) from error


def _check_database(to: str) -> None:
    """MLflow would try to open it for two minutes."""
    path = _database(to)
    unusable = InputError(
        "this is no database that can be written", file=path.name, allowed="a SQLite file, or a new one"
    )
    if not path.parent.is_dir() or path.is_dir():
        raise unusable
    try:
        with closing(sqlite3.connect(path, timeout=ANSWER_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        raise unusable from error


def _experiment(client: MlflowClient, name: str, to: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return client.create_experiment(name, artifact_location=_beside_the_database(to))
    if found.lifecycle_stage != "active":
        raise InputError("the experiment has been deleted in MLflow", value=name, allowed="another --experiment")
    return found.experiment_id


def _beside_the_database(to: str) -> str | None:
    """Where the files of a new experiment lie: with a database file beside it and not in the current folder."""
    if not to.startswith("sqlite:///"):
        return None  # the server decides
    database = _database(to)
    return (database.parent / f"{database.stem}-artifacts").as_uri()


def _database(to: str) -> Path:
    return Path(to.removeprefix("sqlite:///").partition("?")[0]).absolute()


def _mendable(error: Exception, to: str) -> InputError:
    """What MLflow says, as far as a person can do something about it."""
    said = str(error)
    if any(f"error code {code}" in said for code in (401, 403)) or getattr(error, "error_code", "") in (
        "PERMISSION_DENIED",
        "UNAUTHENTICATED",
    ):
        return InputError(
            "the MLflow server refuses without the right name and password, or token",
            value=shown(to),
            allowed="MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, are set",
        )
    if "unsupported URI" in said or "Unsupported" in type(error).__name__:
        return InputError("MLflow does not know this kind of address", value=shown(to), allowed=ADDRESSES)
    if urlsplit(to).scheme in ("http", "https"):
        return InputError("the address does not answer as an MLflow server should", value=shown(to), allowed=ADDRESSES)
    return InputError("MLflow cannot use this database", value=shown(to), allowed=ADDRESSES)


@contextmanager
def _surroundings() -> Iterator[None]:
    """MLflow's own settings where the person has none; as before afterwards."""
    added = {name: value for name, value in _SURROUNDINGS.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def _quiet() -> None:
    """After its import, which sets this: what MLflow says of its tables is nothing to a person."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
