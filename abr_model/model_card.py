"""The card of a trained model: what it is, what it was trained on, how well it does, what it must not be used for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.schema import CONDITIONS, HEARING_LOSS, HEARING_LOSSES, KIND_NOTICES, WAVES

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

FIGURE_WORDS = {
    "waveform_rmse_uv": ("Reconstruction error of a recording (RMSE)", "µV"),
    "mean_trace_rmse_uv": ("… when the mean training trace is predicted instead", "µV"),
    "waveform_correlation": ("Reconstruction correlation, mean over recordings", ""),
    **{
        f"latency_{w}_mae_ms": (f"Wave {w} latency read from the trace alone, mean absolute error", "ms") for w in WAVES
    },
    **{
        f"amplitude_{w}_mae_uv": (f"Wave {w} amplitude read from the trace alone, mean absolute error", "µV")
        for w in WAVES
    },
    "kl_nats": ("KL of the posterior to its prior", "nats"),
    "active_units": ("Active latent units", ""),
}
"""Words and unit of each figure that is measured on the held-out part at the end of training."""


def figure_rows(figures: dict[str, float | None]) -> list[tuple[str, str]]:
    """Figures in words and with their unit; a figure that could not be measured says so."""
    rows = []
    for name, (words, unit) in FIGURE_WORDS.items():
        if name in figures:
            value = figures[name]
            rows.append((words, "not measurable" if value is None else f"{value:.3g} {unit}".strip()))
    return rows


EAR_LINK_FILE = "ear_link.safetensors"
"""What the training, or ``abr model link-ears``, puts beside the weights (:mod:`abr_model.ears.link`)."""
SCORECARD_FILE = "scorecard.json"
"""What ``abr evaluate --into-card`` puts beside the weights."""
_MET = {True: "met", False: "**not met**", None: "cannot be told"}


def evaluation_in(folder: str | Path, model_id: str) -> dict | None:
    """What the scorecard in a model's folder says in short: ``made`` and the rows of its ``summary``.

    None where there is no scorecard, where it is damaged, or where it belongs to other weights.
    """
    try:
        content = json.loads((Path(folder) / SCORECARD_FILE).read_bytes())
        if (
            content["format"] != "abr-scorecard"
            or content["version"] != 1
            or content["subject"]["model_id"] != model_id
        ):
            return None
        rows = [
            {name: str(row[name]) for name in ("what", "value", "real", "required")} | {"met": _MET[row["met"]]}
            for row in content["summary"]
        ]
        return {"made": str(content["made"]), "rows": rows} if rows else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ear_link_in(folder: str | Path, weights_sha256: str) -> dict | None:
    """What the link of ears in a model's folder says of itself: ``ears``, ``recordings``, ``explained`` (a share).

    None where there is none, where it is damaged, or where it belongs to other weights. Its network is not read.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(Path(folder) / EAR_LINK_FILE, framework="numpy") as file:
            said = json.loads((file.metadata() or {})["description"])
        if said["weights_sha256"] != weights_sha256:
            return None
        return {"ears": int(said["ears"]), "recordings": int(said["recordings"]), "explained": float(said["explained"])}
    except (SafetensorError, OSError, ValueError, KeyError, TypeError):
        return None


def model_card(model: TrainedModel, evaluation: dict | None = None, ear_link: dict | None = None) -> str:
    """The card as Markdown, from what the model itself knows; ``evaluation`` as :func:`evaluation_in` gives it,
    ``ear_link`` as :func:`ear_link_in`."""
    made, sampling = model.provenance, model.sampling
    end = sampling.time_ms(model.network.samples)[-1]
    parts = ", ".join(
        f"{part} {made.recordings[part]:,} recordings of {made.patients[part]:,} patients" for part in made.recordings
    )
    leaky = ""
    if made.split != "patient":
        leaky = (
            "\n**The split is by recording: the same patients are in training and test, so the figures below are too "
            "good.** It exists only for comparison with the original.\n"
        )
    only = "" if made.filter.is_empty else f"\n- Of it only recordings with: {'; '.join(made.filter.in_words())}."
    figures = "\n".join(f"| {words} | {value} |" for words, value in figure_rows(made.figures))
    best = "" if made.best_epoch is None else f"; these are the weights of epoch {made.best_epoch + 1}"
    software = ", ".join(f"{name} {number}" for name, number in made.software.items())
    return f"""# Model {model.model_id}: preset “{model.preset.name}”

**Research use only.** What it generates is synthetic and must say so. Not a medical device: not for diagnosis, not
for deciding about a patient.

A conditional variational autoencoder of auditory brainstem responses (ABR): age, intensity, stimulus rate and hearing
loss in; an averaged waveform in µV ({model.network.samples} samples at {sampling.rate_hz:g} Hz,
{sampling.start_ms:.2f} to {end:.2f} ms) with latencies and amplitudes of waves I, III and V out.
{model.parameters:,} trainable parameters.

## Trained on
- {KIND_NOTICES[made.kind].capitalize()}.
- Cohort: {made.cohort}. SHA-256 of its content `{made.cohort_digest}`.{only}
- Split by {made.split}: {parts}.
- {made.epochs} epochs{best}. {made.ended.capitalize() + "." if made.ended else ""}
- Command: `{made.command}`
- {made.trained_at}, {software}.
{leaky}
## Figures, measured on the test part at the end of training
| what | value |
|---|---|
{figures}

They say how well an unseen recording is *reconstructed*; its wave labels are *read from the trace alone*, without the
marked ones in the input. They say nothing about how real *generated* recordings look.

{_evaluation_lines(evaluation)}{_ear_link_lines(ear_link)}## Where it knows something
{_support_lines(model)}

## Limits
- Outside of these conditions it extrapolates, also where a combination is rare although each of its conditions is
  common. The page, `abr generate` and each row of an export say so; the waveform itself does not.
- Wave labels follow those who marked the training recordings; “not marked” there does not mean “absent”.
"""


def _evaluation_lines(evaluation: dict | None) -> str:
    if evaluation is None:
        return ""
    cells = (
        "| " + " | ".join(row[name].replace("|", "/") for name in ("what", "value", "real", "required", "met")) + " |\n"
        for row in evaluation["rows"]
    )
    return f"""## How real generated recordings look
Measured on patients that the model has not seen ({evaluation["made"]}); all numbers are in `scorecard.html` and
`{SCORECARD_FILE}` beside this card. In brackets the 95 % interval over patients. *Real against real* is the same number
with recordings of other unseen patients in the place of the generated ones.

| what | generated | real against real | required | |
|---|---|---|---|---|
{"".join(cells)}
"""


def _ear_link_lines(link: dict | None) -> str:
    if link is None:
        return ""
    return f"""## One ear
With `{EAR_LINK_FILE}` beside the weights it infers an ear from one of its recordings and shows it under other
conditions. How an ear's recordings go together was learned from {link["recordings"]:,} recordings of {link["ears"]:,}
ears; one other recording of an ear tells {link["explained"]:.0%} of what a recording says beyond its conditions.

"""


def _support_lines(model: TrainedModel) -> str:
    lines = []
    for column in CONDITIONS:
        known = model.support[column.name]
        if column is HEARING_LOSS:
            counts = ", ".join(f"{h.label.lower()} {known[h.code]:,}" for h in HEARING_LOSSES)
            lines.append(f"- {column.label}, recordings: {counts}.")
        else:
            lines.append(
                f"- {column.title}: {known['minimum']:.3g} to {known['maximum']:.3g}; "
                f"98 % of recordings {known['p1']:.3g} to {known['p99']:.3g}."
            )
    return "\n".join(lines)
