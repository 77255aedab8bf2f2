"""A run taken to MLflow, for those who keep an MLflow server: settings, metrics, tags and files.

What leaves the run folder is made by :func:`content_of`, without MLflow, so that it can be looked at: no path of this
machine, no label, note, log or pseudonym. :func:`export_run` hands it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from abr_model import __version__
from abr_model.cohort import read_metadata
from abr_model.errors import InputError
from abr_model.model_card import EAR_LINK_FILE
from abr_model.provenance import Provenance
from abr_model.runs.comparison import read_history
from abr_model.runs.history import History
from abr_model.runs.mlflow_server import EXPERIMENT, batches, connected
from abr_model.runs.run import Run
from abr_model.runs.run_config import RunConfig
from abr_model.runs.settings import WITHOUT_EFFECT, settings_of, value_words
from abr_model.schema import KIND_NOTICES, Kind

STATES = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED", "crashed": "FAILED", "running": "RUNNING"}
"""MLflow's word for each state of a run; every other is ``SCHEDULED``."""
RUN_TAG = "abr.run"
MODEL_FILES = ("weights.safetensors", "model.json", "card.md")
MODEL_FILES_IF_THERE = (EAR_LINK_FILE,)
MAX_VALUE = 6000
_WITH_SUFFIX = ("train_", "gradient_norm")
_HIDDEN = "(not exported)"


@dataclass(frozen=True)
class Point:
    """One logged number; ``step`` counts optimiser steps, ``milliseconds`` are those of the clock, since 1970."""

    name: str
    value: float
    step: int
    milliseconds: int


@dataclass(frozen=True)
class Content:
    """What of a run goes to MLflow. ``files`` are artifacts: path there → text, or the file to send as it is."""

    name: str
    status: str
    started: int
    ended: int
    params: dict[str, str]
    tags: dict[str, str]
    points: list[Point]
    files: dict[str, str | Path]


@dataclass(frozen=True)
class Exported:
    """Where a run is now, and how much of it."""

    run_id: str
    experiment: str
    params: int
    points: int
    files: tuple[str, ...]
    replaced: int


def export_run(
    run: Run,
    to: str,
    *,
    experiment: str = EXPERIMENT,
    with_model: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> Exported:
    """Write a run to an MLflow tracking server or database.

    A run that was exported before is replaced there: its newest metrics would not fit to those that a resumed training
    has given up.

    Parameters
    ----------
    run
        Any run; of one that is still trained what there is so far.
    to
        ``http(s)://…``, or a database (``sqlite:///mlflow.db``). Name and password come from MLflow's own environment
        variables.
    experiment
        Its name there; made when missing.
    with_model
        Whether weights and description of the model go along.
    on_progress
        Given the numbers of metrics that were sent and that there are.

    Raises
    ------
    InputError
        MLflow is not installed, the server does not answer or refuses, an address of no kind that MLflow knows, the run
        has no model where one is asked for.
    """
    content = content_of(run, with_model=with_model)
    with connected(to, experiment) as server:
        before = server.runs_with_tag(RUN_TAG, run.id)
        made = server.create(content.name, content.tags, content.started)
        try:
            server.log_params(made, content.params)
            sent = 0
            for part in batches(content.points):
                server.log_points(made, part)
                sent += len(part)
                on_progress(sent, len(content.points))
            for path, file in content.files.items():
                server.log_file(made, path, file)
            server.end(made, content.status, content.ended)
        except BaseException:
            server.discard(made)
            raise
        for earlier in before:
            server.discard(earlier)
    return Exported(made, experiment, len(content.params), len(content.points), tuple(content.files), len(before))


def content_of(run: Run, *, with_model: bool = False) -> Content:
    """All that :func:`export_run` sends.

    Raises
    ------
    InputError
        ``config.yaml`` is damaged, or there is no model to send; or one that names pseudonyms of patients, because the
        run was filtered by them.
    """
    config, status = run.config, run.status
    history = read_history(run)
    started = round(config.created.timestamp() * 1000)
    points = list(_points(history, started))
    for name, value in (status.get("figures") or {}).items():
        if value is not None:
            last = points[-1] if points else Point("", 0.0, 0, started)
            points.append(Point(f"test_{name}", float(value), last.step, last.milliseconds))
    return Content(
        name=run.id,
        status=STATES.get(run.state, "SCHEDULED"),
        started=started,
        ended=max((point.milliseconds for point in points), default=started),
        params=_params(config),
        tags=_tags(run, config, status),
        points=points,
        files=_files(run, config, with_model),
    )


def _params(config: RunConfig) -> dict[str, str]:
    settings = settings_of(config) | {"filter": _filter_words(config)}
    return {name: value_words(value)[:MAX_VALUE] for name, value in settings.items() if value != WITHOUT_EFFECT}


def _filter_words(config: RunConfig) -> str:
    """Without pseudonyms: they mean nothing on another machine and belong to patients."""
    words = config.filter.changed(patients=()).in_words()
    if named := len(config.filter.patients):
        words.append(f"{named:,} chosen patient{'s' if named > 1 else ''}")
    return "; ".join(words) or "none"


def _tags(run: Run, config: RunConfig, status: dict) -> dict[str, str]:
    kind = _kind(run, config)
    notice = KIND_NOTICES[kind] if kind else "it is not known what the recordings are"
    tags = {
        RUN_TAG: run.id,
        "abr.state": run.state,
        "abr.cohort": config.cohort,
        "abr.cohort_digest": config.cohort_digest,
        "abr.recordings": str(kind or "not known"),
        "abr.split": config.preset.preparation.split,
        "abr.dry_run": value_words(config.dry_run),
        "abr.search": config.search,
        "abr.model_id": status.get("model_id"),
        "abr.best_epoch": None if status.get("best_epoch") is None else str(status["best_epoch"] + 1),
        "abr.software": f"abr-synthesis {__version__}",
        "abr.use": "research use only",
        "mlflow.note.content": f"Conditional VAE of auditory brainstem responses. Trained on: {notice}. What it "
        "generates is synthetic. Research use only.",
    }
    return {name: value for name, value in tags.items() if value}


def _kind(run: Run, config: RunConfig) -> Kind | None:
    """Clinical, simulated or generated: as the model says, else as the cohort's file does where it still lies there."""
    import json

    try:
        described = json.loads((run.model_folder / "model.json").read_text(encoding="utf-8"))
        return Kind(described["provenance"]["kind"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        metadata = read_metadata(config.cohort_path)
        if metadata["digest"] == config.cohort_digest:
            return Provenance.model_validate(metadata["provenance"]).kind
    except (InputError, OSError, KeyError, ValueError):
        pass
    return None


def _points(history: History, started: int) -> Iterator[Point]:
    """Every number of the metrics, oldest first; what is missing is left out. Names as in TensorBoard: a value of the
    training part has ``_step`` or ``_epoch`` behind it."""
    found = []
    for kind in ("step", "epoch"):
        for name in history.names(kind):
            steps, values = history.series(name, kind, "steps")
            minutes, _ = history.series(name, kind, "minutes")
            suffix = "_step" if kind == "step" else "_epoch" if name.startswith(_WITH_SUFFIX) else ""
            found += _column(f"{name}{suffix}", steps, minutes, values, started)
    epochs, per_latent = history.vectors("kl_per_latent")
    if names := history.names("epoch"):
        done, _ = history.series(names[0], "epoch", "epochs")
        steps, _ = history.series(names[0], "epoch", "steps")
        minutes, _ = history.series(names[0], "epoch", "minutes")
        if len(done) == len(epochs):
            for unit in range(per_latent.shape[1]):
                found += _column(f"kl_per_latent/{unit:03d}", steps, minutes, per_latent[:, unit], started)
    yield from sorted(found, key=lambda point: (point.step, point.name))


def _column(name: str, steps, minutes, values, started: int) -> Iterator[Point]:
    for step, minute, value in zip(steps.tolist(), minutes.tolist(), values.tolist(), strict=True):
        if value == value and step == step:  # NaN: not measured
            yield Point(name, value, int(step), started + (round(minute * 60_000) if minute == minute else 0))


def _files(run: Run, config: RunConfig, with_model: bool) -> dict[str, str | Path]:
    files: dict[str, str | Path] = {"config.yaml": redacted(config)}
    named = bool(config.filter.patients)
    if with_model:
        if not run.has_model:
            raise InputError("the run has no model yet", value=run.id, allowed="without --model")
        if named:
            raise InputError(
                "the model's description names pseudonyms of patients: the run was filtered by them",
                value=run.id,
                allowed="without --model",
            )
        more = [name for name in MODEL_FILES_IF_THERE if (run.model_folder / name).is_file()]
        return files | {f"model/{name}": run.model_folder / name for name in (*MODEL_FILES, *more)}
    card = run.model_folder / "card.md"
    if card.is_file() and not named:
        files["card.md"] = card
    return files


def redacted(config: RunConfig) -> str:
    """``config.yaml`` without what belongs to this machine or is free text of a person: where the cohort lies, the
    label, pseudonyms of a filter."""
    values = config.model_dump(mode="json")
    values["cohort_path"] = values["label"] = _HIDDEN
    if config.filter.patients:
        values["filter"]["patients"] = _HIDDEN
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
