"""Runs beside one another: in which settings they differ, and which did best, as far as that can be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from abr_model.model_card import FIGURE_WORDS
from abr_model.runs.history import History
from abr_model.runs.run import Run
from abr_model.runs.run_config import RunConfig
from abr_model.runs.settings import WITHOUT_EFFECT, settings_of, value_words
from abr_model.schema import WAVES


@dataclass(frozen=True)
class Figure:
    """One number by which runs are compared.

    ``better`` says which end is better, None where neither is. ``of`` is what it was measured on: a number of
    ``"validation"`` or ``"test"`` says which run is better only where both were measured on the same recordings, and
    one ``in_units_of_loss`` only where they also have the same loss. ``brief`` is a name for where there is no room.
    """

    words: str
    unit: str
    better: Literal["lower", "higher"] | None
    of: Literal["test", "validation", "training"]
    in_units_of_loss: bool = False
    brief: str = ""

    @property
    def title(self) -> str:
        """Words and unit."""
        return f"{self.words} ({self.unit})" if self.unit else self.words

    @property
    def short(self) -> str:
        """The brief name where there is one, else the title."""
        return self.brief or self.title


_NEITHER = ("mean_trace_rmse_uv", "kl_nats", "active_units")
"""The first is a property of the recordings; of the others neither more nor less is better in itself."""

_AT_BEST = {
    "validation_rmse_uv": ("Validation error of the trace at the best epoch", "µV RMS", "Trace error, validation (µV)"),
    "validation_latency_V_mae_ms": (
        "Validation error of wave V latency at the best epoch",
        "ms",
        "Wave V latency error, validation (ms)",
    ),
}
_BRIEF = {
    "waveform_rmse_uv": "Trace error, test (µV)",
    "mean_trace_rmse_uv": "… of predicting the mean trace (µV)",
    "waveform_correlation": "Correlation, test",
    "kl_nats": "KL of the posterior, test (nats)",
    "active_units": "Active latent units, test",
} | {
    f"{what}_{wave}_mae_{unit}": f"Wave {wave} {what} error, test ({'µV' if unit == 'uv' else unit})"
    for what, unit in (("latency", "ms"), ("amplitude", "uv"))
    for wave in WAVES
}
_WHILE_TRAINING = {
    "best_loss": Figure("Best validation loss (with the last β)", "", "lower", "validation", True, "Validation loss"),
    "best_epoch": Figure("Best epoch", "", None, "validation"),
    **{
        name: Figure(words, unit, "lower", "validation", brief=brief) for name, (words, unit, brief) in _AT_BEST.items()
    },
}


def _better(name: str) -> Literal["lower", "higher"] | None:
    if name in _NEITHER:
        return None
    return "higher" if name == "waveform_correlation" else "lower"


_AT_THE_END = {
    name: Figure(words, unit, _better(name), "test", brief=_BRIEF.get(name, ""))
    for name, (words, unit) in FIGURE_WORDS.items()
}
_COST = {
    "epochs_done": Figure("Epochs trained", "", None, "training"),
    "minutes": Figure("Training time", "min", None, "training"),
    "recordings_per_second": Figure("Recordings trained on per second", "", None, "training"),
}
FIGURES: dict[str, Figure] = _WHILE_TRAINING | _AT_THE_END | _COST
"""Every figure by its key. Those of the test part are measured on the model of the best epoch when training ends;
those of the validation part are known while it trains."""

Configs = Mapping[str, RunConfig]
Histories = Callable[[Run], History]


def configs_of(runs: Sequence[Run]) -> dict[str, RunConfig]:
    """What each run was asked to do, by its id.

    Raises
    ------
    InputError
        A run whose ``config.yaml`` is missing or damaged.
    """
    return {run.id: run.config for run in runs}


def configuration_differences(runs: Sequence[Run], configs: Configs | None = None) -> pd.DataFrame:
    """Settings that are not the same in all ``runs``.

    Parameters
    ----------
    runs
        Two or more.
    configs
        As :func:`configs_of` gives them, where they have been read already.

    Returns
    -------
    DataFrame
        A row for each setting that differs, its dotted name in the index; a column for each run, its id as the name.
        Values are words; :data:`~abr_model.runs.settings.WITHOUT_EFFECT` where the run's preset has no such setting or
        it has no effect there.

    Raises
    ------
    InputError
        As :func:`configs_of`.
    """
    settings = all_settings(runs, configs)
    words = pd.DataFrame(
        {run.id: {name: value_words(value) for name, value in settings[run.id].items()} for run in runs}
    )
    if words.empty:
        return words
    order = list(dict.fromkeys(name for run in runs for name in settings[run.id]))
    words = words.reindex(order).fillna(WITHOUT_EFFECT)
    return words[words.nunique(axis=1) > 1]


def all_settings(runs: Sequence[Run], configs: Configs | None = None) -> dict[str, dict]:
    """:func:`~abr_model.runs.settings.settings_of` each run, by its id."""
    configs = configs_of(runs) if configs is None else configs
    return {run.id: settings_of(configs[run.id]) for run in runs}


def read_history(run: Run) -> History:
    """The history of a run, read now."""
    history = History(run.folder)
    history.update()
    return history


def best_figures(runs: Sequence[Run], histories: Histories = read_history) -> pd.DataFrame:
    """The best that each run has reached so far.

    Parameters
    ----------
    runs
        Any.
    histories
        Gives a run's history; by default it is read now.

    Returns
    -------
    DataFrame
        A row for each of :data:`FIGURES` that at least one run has, in that order; a column for each run, its id as the
        name; float64, NaN where the run has not (yet) that figure.
    """
    found = {run.id: _figures(run, histories(run)) for run in runs}
    table = pd.DataFrame(found, index=list(FIGURES), columns=[run.id for run in runs], dtype=np.float64)
    return table.dropna(how="all")


def _figures(run: Run, history: History) -> dict[str, float]:
    values = {name: value for name, value in (run.status.get("figures") or {}).items() if name in FIGURES}
    if history.best is not None:
        epoch, loss = history.best
        values |= {"best_epoch": epoch, "best_loss": loss}
        for name in _AT_BEST:
            done, measured = history.series(name, "epoch", "epochs")
            values[name] = float(measured[np.round(done) == epoch][0]) if len(done) else None
    last = history.last("epoch") or {}
    if history.epochs_done:
        values["epochs_done"] = history.epochs_done
    values["minutes"] = last.get("minutes")
    _, speeds = history.series("recordings_per_second", "epoch", "epochs")
    if len(speeds):
        values["recordings_per_second"] = float(np.median(speeds))
    return {name: np.nan if value is None else float(value) for name, value in values.items()}


# --- which can be called better ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparable:
    """Which figures of some runs say which run is better.

    Attributes
    ----------
    recordings
        Whether validation and test part are the same recordings in all of them.
    loss
        Whether their losses are the same sum of the same terms, on the same scale.
    """

    recordings: bool
    loss: bool

    def __call__(self, figure: Figure) -> bool:
        """Whether the best of ``figure`` may be called the best."""
        if figure.better is None:
            return False
        if figure.in_units_of_loss and not self.loss:
            return False
        return self.recordings or figure.of == "training"

    @property
    def caveats(self) -> list[str]:
        """What a person must know before they call a run better, as sentences."""
        said = []
        if not self.recordings:
            said.append(
                "These runs were not measured on the same recordings (cohort, filter, selection or split differ): "
                "a smaller error may only mean easier recordings, so no best is marked."
            )
        elif not self.loss:
            said.append(
                "These runs minimise different losses: their losses cannot be compared, errors in µV and ms can."
            )
        return said


def comparable(runs: Sequence[Run], configs: Configs | None = None) -> Comparable:
    """What can be said about these runs.

    Two runs have the same recordings where the cohort's content, the filter, the number of recordings and the whole
    preparation (selection, window, split and its seed) are the same.
    """
    configs = configs_of(runs) if configs is None else configs
    chosen = [configs[run.id] for run in runs]
    recordings = {
        (c.cohort_digest, c.filter.sha256(), c.recordings, c.dry_run, c.preset.preparation.model_dump_json())
        for c in chosen
    }
    losses = {(c.preset.objective.model_dump_json(), c.preset.scaling.model_dump_json()) for c in chosen}
    same = len(recordings) <= 1
    return Comparable(recordings=same, loss=same and len(losses) <= 1)


def is_best(figures: pd.DataFrame, can_compare: Comparable) -> pd.DataFrame:
    """Which cell of :func:`best_figures` is the best of its row: bool, of the same shape.

    Nothing is marked where fewer than two runs have the figure, where neither end is better, or where the runs cannot
    be compared by it. Equal values are all marked.
    """
    marks = pd.DataFrame(False, index=figures.index, columns=figures.columns)
    for name in figures.index:
        figure, row = FIGURES[name], figures.loc[name]
        if not can_compare(figure) or row.notna().sum() < 2:
            continue
        marks.loc[name] = row == (row.min() if figure.better == "lower" else row.max())
    return marks
