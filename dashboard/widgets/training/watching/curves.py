"""The curves of a training in groups: loss, latent space, errors in ms and µV, optimiser."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from abr_model.runs.history import SELECTION_LOSS, History, thinned
from abr_model.runs.run import Run
from abr_model.schema import WAVES
from dashboard import session
from dashboard.charts.training.curves import Curve, Frame, chart, training_curves
from dashboard.charts.training.latents import latent_map
from dashboard.charts.training.terms import term, terms_of
from dashboard.widgets.training.run_facts import config_of
from dashboard.widgets.training.watching.figures import draw
from dashboard.widgets.training.watching.view_settings import ViewSettings

LARGE, MEDIUM, SMALL = 200, 270, 200


class Curves:
    """Draws the curves of one run as they stand, in the way that a person has chosen."""

    def __init__(self, run: Run, history: History, view: ViewSettings):
        self.run, self.history, self.view = run, history, view
        config = config_of(run)
        self.objective = config.preset.objective.kind if config else ""
        self.theme = session.theme()

    # --- groups ---------------------------------------------------------------------------------------------------

    def loss(self) -> None:
        """The loss alone, large."""
        self._term("loss", LARGE, wide=True)

    def terms(self) -> None:
        """Every other term of the loss, three beside one another."""
        names = [name for name in self._terms() if name not in ("loss", "kl")]
        for start in range(0, len(names), 3):
            for column, name in zip(st.columns(3), names[start : start + 3], strict=False):
                with column:
                    self._term(name, SMALL)

    def latent_space(self) -> None:
        """KL in all and of each latent unit, active units, β."""
        total, active, beta = st.columns(3)
        with total:
            self._term("kl", SMALL)
        with active:
            self._one("active_units", "Active units", "latent units", "validation", from_zero=True, height=SMALL, help=(
                "Latent units whose value differs between recordings (variance of the posterior mean above 0.01). "
                "The others say nothing."))  # fmt: skip
        with beta:
            self._one("beta", "β", "weight of the KL", "schedule", from_zero=True, height=SMALL, help=(
                "Weight of the KL in the loss. It usually rises during training: first the traces are learned, then "
                "z is made even."))  # fmt: skip
        with st.container(border=True, gap="xsmall"):
            _title("KL of each latent unit", "nats", (
                "How much each latent unit says about a recording, over the epochs. The unit that says most in the "
                "end is on top; a pale row is a unit that is not used. Measured on the validation part."))  # fmt: skip
            if not self.history.epochs_done:
                st.markdown(":gray[Known after the first epoch.]")
                return
            self._draw("latents", self._latent_map, alt="Heat map of the KL of each latent unit over epochs")

    def _latent_map(self) -> go.Figure:
        epochs, kl = self.history.vectors("kl_per_latent")
        return latent_map(epochs, kl, self.theme, since=self._since("epochs"), revision=self.run.id)

    def errors(self) -> None:
        """What the network gets wrong on the validation part, in the units of a report."""
        trace, latency, amplitude = st.columns(3)
        with trace:
            self._one("validation_rmse_uv", "Reconstructed trace", "µV RMS", "validation", from_zero=True, help=(
                "Root mean square difference between the recorded and the reconstructed trace. It does not fall below "
                "the residual noise of the recordings."))  # fmt: skip
        with latency:
            self._waves("validation_latency_{}_mae_ms", "Latency", "ms", "latencies")
        with amplitude:
            self._waves("validation_amplitude_{}_mae_uv", "Amplitude", "µV", "amplitudes")

    def optimiser(self) -> None:
        """How the weights are moved, and how fast."""
        rate, gradient, speed = st.columns(3)
        with rate:
            self._one("learning_rate", "Learning rate", "size of a step", "schedule", help=(
                "How far a step moves the weights; the preset's schedule changes it."))  # fmt: skip
        with gradient:
            self._one("gradient_norm", "Gradient norm", "before clipping", "training", help=(
                "How steep the loss is. Peaks are cut off at the preset's “gradient clip”; one that keeps growing "
                "means that training becomes unstable: try a lower learning rate."))  # fmt: skip
        with speed:
            self._one("recordings_per_second", "Speed", "recordings per second", "epochs", from_zero=True, help=(
                "Training recordings by seconds of the epoch, without its validation."))  # fmt: skip

    # --- single charts --------------------------------------------------------------------------------------------

    def _terms(self) -> list[str]:
        return terms_of(self.history.names("step") or self.history.names("epoch"))

    def _term(self, name: str, height: int, wide: bool = False) -> None:
        shown = term(name, self.objective)
        with st.container(border=True, gap="xsmall"):
            _title(shown.title, shown.unit, shown.meaning)
            self._chart(name, lambda: [*self._trained(f"train_{name}"),
                                       *self._validated(f"validation_{name}", "validation")], shown.unit,
                        height, shown.title, wide=wide)  # fmt: skip

    def _one(
        self, name: str, title: str, unit: str, of: str, *, help: str, height: int = MEDIUM, from_zero: bool = False
    ) -> None:
        curves = {
            "validation": lambda: self._validated(name, "validation"),
            "training": lambda: self._trained(name),
            "schedule": lambda: self._steps_of(name),
            "epochs": lambda: self._validated(name, "training"),
        }[of]
        with st.container(border=True, gap="xsmall"):
            _title(title, unit, help)
            self._chart(name, curves, unit, height, title, from_zero=from_zero)

    def _waves(self, name: str, title: str, unit: str, what: str) -> None:
        def curves() -> list[Curve]:
            series = ((wave, *self._series(name.format(wave), "epoch")) for wave in WAVES)
            return [Curve(wave, *thinned(x, y), f"wave {wave}") for wave, x, y in series]

        with st.container(border=True, gap="xsmall"):
            _title(f"{title} error", unit, (
                f"Mean absolute difference between marked and predicted {what} of each wave, on the validation part; "
                "the network sees the trace alone, no label."))  # fmt: skip
            self._chart(
                f"{title.lower()}_errors", curves, unit, MEDIUM, f"{title} error by wave", from_zero=True, legend="Wave"
            )

    def _chart(
        self,
        name: str,
        curves: Callable[[], Sequence[Curve]],
        unit: str,
        height: int,
        title: str,
        **look,
    ) -> None:
        def build() -> go.Figure:
            return chart(curves(), self._frame(), unit=unit, height=height, **look)

        self._draw(name, build, alt=f"{title} ({unit}) over {self.view.axis}, of this training")

    def _draw(self, name: str, build: Callable[[], go.Figure], alt: str) -> None:
        settings = (self.run.id, self.theme, *self.view.key())
        draw(name, build, settings=settings, version=self.history.version, live=self.view.live, alt=alt)

    # --- what is drawn --------------------------------------------------------------------------------------------

    def _frame(self) -> Frame:
        view = self.view
        return Frame(
            self.theme, view.axis, self._since(view.axis), view.log, self._best(), f"{self.run.id} {view.axis}"
        )

    def _trained(self, name: str) -> list[Curve]:
        kind = "step" if name in self.history.names("step") else "epoch"
        x, y = self._series(name, kind)
        return [Curve(c.name, *thinned(c.x, c.y), c.style) for c in training_curves(x, y, self.view.smoothing)]

    def _validated(self, name: str, style: str) -> list[Curve]:
        x, y = thinned(*self._series(name, "epoch"))
        return [Curve("validation" if style == "validation" else "training, each epoch", x, y, style)]

    def _steps_of(self, name: str) -> list[Curve]:
        x, y = thinned(*self._series(name, "step"))
        return [Curve("", x, y, "training", steps=name == "beta")]

    def _series(self, name: str, kind: str) -> tuple[np.ndarray, np.ndarray]:
        return self.history.series(name, kind, self.view.axis)

    def _since(self, axis: str) -> float | None:
        """Left end of the axis for the last epochs asked for; None for all."""
        if not self.view.last:
            return None
        kind = "step" if self.history.last("step") else "epoch"
        epochs, _ = self.history.series("beta", kind, "epochs")
        on_axis, _ = self.history.series("beta", kind, axis)
        if not len(epochs) or epochs[-1] <= self.view.last:
            return None
        return float(on_axis[np.searchsorted(epochs, epochs[-1] - self.view.last)])

    def _best(self) -> tuple[float, int] | None:
        best = self.history.best
        if best is None:
            return None
        x, loss = self._series(SELECTION_LOSS, "epoch")
        return float(x[int(np.nanargmin(loss))]), best.epoch


def _title(title: str, unit: str, help: str) -> None:
    st.markdown(f"**{title}** :gray[ · {unit}]", help=help or None)
