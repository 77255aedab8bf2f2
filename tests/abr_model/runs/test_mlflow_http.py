"""Runs taken to an MLflow server over HTTP; a small one stands in for it and keeps what it is sent."""

from __future__ import annotations

import json
import os
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from abr_model.errors import InputError
from abr_model.runs.mlflow_export import RUN_TAG, content_of, export_run


@pytest.fixture(autouse=True)
def nothing_of_the_person(monkeypatch):
    """Who runs the tests may have a server of their own."""
    for name in [n for n in os.environ if n.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)


class Tracking(BaseHTTPRequestHandler):
    """As much of MLflow's REST interface as an export uses; files are kept by the server (``mlflow-artifacts``)."""

    kept: dict
    token: str | None = None

    def _answer(self, content: dict, status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _serve(self) -> None:
        path = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept, name = self.kept, path.path.rpartition("/mlflow/")[2]
        if path.path == "/health":
            return self._answer({})
        if self.token and self.headers.get("Authorization") != f"Bearer {self.token}":
            return self._answer({"error_code": "PERMISSION_DENIED", "message": "no"}, 403)
        if self.command == "PUT":
            kept["files"][path.path] = body
            return self._answer({})
        asked = json.loads(body) if body else {k: v[0] for k, v in parse_qs(path.query).items()}
        if name == "experiments/get-by-name":
            if asked["experiment_name"] not in kept["experiments"]:
                return self._answer({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}, 404)
            return self._answer({"experiment": {"experiment_id": "7", "lifecycle_stage": "active", "name": "abr"}})
        if name == "experiments/create":
            kept["experiments"].append(asked["name"])
            return self._answer({"experiment_id": "7"})
        if name == "runs/search":
            return self._answer({"runs": []})
        if name == "runs/create":
            kept["run"] = asked
        elif name == "runs/log-batch":
            kept["batches"].append(asked)
        elif name == "runs/update":
            kept["update"] = asked
        run_id = kept["id"]
        run = {"info": {"run_id": run_id, "run_uuid": run_id, "experiment_id": "7", "status": "RUNNING",
                        "start_time": 1, "lifecycle_stage": "active",
                        "artifact_uri": f"mlflow-artifacts:/7/{run_id}/artifacts"}, "data": {}}  # fmt: skip
        return self._answer({"run": run, "run_info": run["info"]})

    do_GET = do_POST = do_PUT = _serve

    def log_message(self, *args) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch):
    """Address of a server, and what it was sent."""
    pytest.importorskip("mlflow")
    kept = {"id": uuid.uuid4().hex, "experiments": [], "batches": [], "files": {}}
    monkeypatch.setattr(Tracking, "kept", kept, raising=False)
    monkeypatch.setattr(Tracking, "token", None)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Tracking)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", Tracking.kept
    listening.shutdown()
    listening.server_close()


def test_a_server_is_sent_everything_over_http(finished_run, server):
    uri, kept = server
    done = export_run(finished_run, uri, with_model=True)
    content = content_of(finished_run, with_model=True)
    assert kept["experiments"] == ["abr"] and kept["run"]["run_name"] == finished_run.id
    sent = [metric for batch in kept["batches"] for metric in batch.get("metrics", [])]
    assert [(m["key"], m["value"], m["step"]) for m in sent] == [(p.name, p.value, p.step) for p in content.points]
    assert len(sent) == done.points > 100
    params = {p["key"]: p["value"] for batch in kept["batches"] for p in batch.get("params", [])}
    assert params == content.params
    assert kept["update"]["status"] == "FINISHED"
    assert {tag["key"]: tag["value"] for tag in kept["run"]["tags"]}[RUN_TAG] == finished_run.id
    weights = (finished_run.model_folder / "weights.safetensors").read_bytes()
    assert {name.rpartition(f"{done.run_id}/artifacts/")[2] for name in kept["files"]} == set(content.files)
    assert weights in kept["files"].values()


def test_a_server_that_wants_a_token_says_so_and_takes_it(finished_run, server, monkeypatch):
    uri, kept = server
    monkeypatch.setattr(Tracking, "token", "tok")
    with pytest.raises(InputError, match="MLFLOW_TRACKING_TOKEN"):
        export_run(finished_run, uri)
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok")
    export_run(finished_run, uri)
    assert kept["batches"]


def test_no_batch_is_larger_than_the_server_takes(finished_run, server, monkeypatch):
    from abr_model.runs import mlflow_export

    uri, kept = server
    real = mlflow_export.content_of

    def long(run, with_model=False):
        content = real(run)
        return mlflow_export.Content(**(vars(content) | {"points": content.points * 10,
                                                         "params": {f"p{i}": "1" for i in range(250)}}))  # fmt: skip

    monkeypatch.setattr(mlflow_export, "content_of", long)
    seen = []
    export_run(finished_run, uri, on_progress=lambda done, of: seen.append((done, of)))
    assert max(len(batch.get("metrics", [])) for batch in kept["batches"]) == 1000
    assert [len(batch["params"]) for batch in kept["batches"] if batch.get("params")] == [100, 100, 50]
    assert seen[-1][0] == seen[-1][1] > 1000


def test_a_server_that_is_none_is_refused(finished_run, server, monkeypatch):
    uri, _ = server
    monkeypatch.setattr(Tracking, "_serve", lambda self: self._answer({}, 404), raising=True)
    for method in ("do_GET", "do_POST", "do_PUT"):
        monkeypatch.setattr(Tracking, method, lambda self: self._answer({"detail": "Not Found"}, 404))
    with pytest.raises(InputError, match="does not answer as an MLflow server"):
        export_run(finished_run, uri)
