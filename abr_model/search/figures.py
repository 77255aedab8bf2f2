"""What a search can make small: the logged figures of the validation part, and what each says."""

from __future__ import annotations

from abr_model.schema import WAVES

SELECTION_FIGURE = "validation_loss_final_beta"
"""The validation loss with the schedule's last β, which also chooses the best epoch of a run."""

FIGURES = {
    SELECTION_FIGURE: "Validation loss (with the last β)",
    "validation_rmse_uv": "Reconstruction error of the trace (µV RMS)",
    **{f"validation_latency_{wave}_mae_ms": f"Error of wave {wave}'s latency (ms)" for wave in WAVES},
    **{f"validation_amplitude_{wave}_mae_uv": f"Error of wave {wave}'s amplitude (µV)" for wave in WAVES},
}
"""Names in ``metrics.jsonl``, and words for a person. Of all of them less is better."""


def has_unit(figure: str) -> bool:
    """Whether a figure is in µV or ms, so that it means the same whatever the loss is made of."""
    return figure.endswith(("_uv", "_ms"))


class EpochFigures:
    """The figures of every epoch of one run, from rows of its ``metrics.jsonl`` as they come.

    What a resumed training does again counts as it was done last.
    """

    def __init__(self, figure: str):
        self.figure = figure
        self._rows: dict[int, dict] = {}

    def add(self, rows: list[dict]) -> list[tuple[int, float]]:
        """Take rows along; returns (epoch from 0, figure) of the epochs among them."""
        new = []
        for row in rows:
            if row["kind"] == "resumed":
                self._rows = {epoch: old for epoch, old in self._rows.items() if old["step"] <= row["step"]}
            elif row["kind"] == "epoch":
                self._rows[row["epoch"]] = row
                if row.get(self.figure) is not None:
                    new.append((row["epoch"], float(row[self.figure])))
        return new

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def best(self) -> tuple[int, float] | None:
        """The best epoch (smallest validation loss with the last β) and the figure in it; None before the first.

        Not the epoch in which the figure itself is smallest: the model of a run is that of its best epoch.
        """
        losses = {e: row[SELECTION_FIGURE] for e, row in self._rows.items() if row.get(SELECTION_FIGURE) is not None}
        if not losses:
            return None
        epoch = min(losses, key=losses.get)
        value = self._rows[epoch].get(self.figure)
        return None if value is None else (epoch, float(value))
