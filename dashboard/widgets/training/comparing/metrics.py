"""What a run logs, in words: the metrics by which runs are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from abr_model.runs.history import SELECTION_LOSS, History
from abr_model.schema import WAVES
from dashboard.charts.training.terms import term, terms_of


@dataclass(frozen=True)
class Metric:
    """One logged number: ``name`` and ``kind`` as :class:`~abr_model.runs.history.History` knows it, and its words."""

    name: str
    kind: Literal["step", "epoch"]
    title: str
    unit: str

    @property
    def key(self) -> str:
        """To choose it by."""
        return f"{self.kind}:{self.name}"

    @property
    def axis_title(self) -> str:
        """Title of the axis of its values."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


_KNOWN = {
    "validation_rmse_uv": ("Error of the trace, validation", "µV RMS"),
    SELECTION_LOSS: ("Loss with the last β, validation", ""),
    **{f"validation_latency_{w}_mae_ms": (f"Error of wave {w} latency, validation", "ms") for w in WAVES},
    **{f"validation_amplitude_{w}_mae_uv": (f"Error of wave {w} amplitude, validation", "µV") for w in WAVES},
    "active_units": ("Active latent units", ""),
    "beta": ("β, the weight of the KL", ""),
    "learning_rate": ("Learning rate", ""),
    "gradient_norm": ("Gradient norm before clipping", ""),
    "recordings_per_second": ("Speed", "recordings per second"),
    "processor_seconds": ("Processor time of an epoch", "s"),
}
_FIRST = ("validation_rmse_uv", SELECTION_LOSS, "validation_latency_V_mae_ms", "validation_amplitude_V_mae_uv")


def metrics_of(histories: Sequence[History]) -> list[Metric]:
    """What at least one of the runs has logged: errors in µV and ms first, then the loss and its terms, then the rest.

    A value of the training part that is logged within epochs is taken from there, else its mean over the epoch.
    """
    epoch = list(dict.fromkeys(name for history in histories for name in history.names("epoch")))
    step = list(dict.fromkeys(name for history in histories for name in history.names("step")))
    found = [_epoch(name) for name in _FIRST if name in epoch]
    terms = terms_of([*step, *epoch])
    for name in dict.fromkeys(terms):
        title = term(name, "").title
        if f"train_{name}" in step or f"train_{name}" in epoch:
            found.append(
                Metric(f"train_{name}", "step" if f"train_{name}" in step else "epoch", f"{title}, training", "")
            )
        if f"validation_{name}" in epoch:
            found.append(Metric(f"validation_{name}", "epoch", f"{title}, validation", ""))
    known = {metric.name for metric in found}
    for name in [*_KNOWN, *epoch, *step]:
        if name not in known and (name in step or name in epoch):
            known.add(name)
            found.append(_epoch(name) if name in epoch and name not in step else _step(name))
    return found


def _epoch(name: str) -> Metric:
    return Metric(name, "epoch", *_words(name))


def _step(name: str) -> Metric:
    return Metric(name, "step", *_words(name))


def _words(name: str) -> tuple[str, str]:
    return _KNOWN.get(name, (name.replace("_", " ").capitalize(), ""))
