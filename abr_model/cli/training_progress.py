"""The progress bar of a training on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class TrainingProgress:
    """Draws what :func:`abr_model.training.fit.fit` reports; use it as a context and as ``on_event``.

    Parameters
    ----------
    epochs
        Epochs asked for.
    visible
        False where there is no terminal: nothing is drawn, ``train.log`` says it all.
    console
        Where to draw; standard error when left out.
    """

    def __init__(self, epochs: int, visible: bool, console: Console | None = None):
        self.epochs = epochs
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[numbers]}"),
            console=console or Console(stderr=True),
            disable=not visible,
        )
        self._task = self._progress.add_task("starting", total=None, numbers="")
        self._validation = ""

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *exception) -> None:
        self._progress.stop()

    def __call__(self, event: dict) -> None:
        """Show one event."""
        row = event.get("row")
        if row is None:
            self._progress.update(self._task, description=event["stage"], numbers="")
            self._progress.update(self._task, completed=event.get("done", 0), total=event.get("of"))
        elif row["kind"] == "epoch":
            self._validation = f" · validation {_short(row.get('validation_loss'))}"
            self._progress.update(self._task, completed=row["epoch"] + 1, total=self.epochs, numbers=self._numbers(row))
        elif row["kind"] == "step":
            description = f"epoch {row['epoch'] + 1}"
            self._progress.update(self._task, description=description, numbers=self._numbers(row))
            self._progress.update(self._task, completed=row["epoch"], total=self.epochs)

    def _numbers(self, row: dict) -> str:
        loss, kl, beta = (_short(row.get(name)) for name in ("train_loss", "train_kl", "beta"))
        return f"loss {loss} · KL {kl} · β {beta}{self._validation}"


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
