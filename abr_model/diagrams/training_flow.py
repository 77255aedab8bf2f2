"""The training as a flow, from the cohort to the saved model, with the counts and the live state of a run."""

from __future__ import annotations

from functools import lru_cache

from abr_model.configuration import LatentFlowConfig, Preset
from abr_model.diagrams.graph import Arrow, Block, Diagram, Group, Line, Place
from abr_model.diagrams.subject import Subject
from abr_model.diagrams.training_progress import FITTING, MEASURING, PREPARING, SAVED, TRAINING, Progress
from abr_model.network import parameter_count

NAME = "training_flow"
CAPTION = (
    "At the right of a block: full circle = done, half = at work, empty (broken line) = to come, cross = failed there. "
    "Means over the last logged epoch or step; validation and test part hold patients that are not trained on"
)
TERMS = {
    "waveform": "trace",
    "latency": "latencies",
    "amplitude": "amplitudes",
    "marked": "which waves are marked",
    "kl": "KL",
    "static": "conditions from z",
}
"""Terms of the objectives in words; another one is shown by its own name."""


def training_flow(subject: Subject, progress: Progress | None = None) -> Diagram:
    """The figure of a subject; ``progress`` as read just now, else as :meth:`Progress.of` reads it."""
    progress = progress or Progress.of(subject)
    blocks = [*_preparation(subject.preset, progress), *_learning(subject, progress), *_ending(subject, progress)]
    leaky = "" if subject.preset.preparation.split == "patient" else " (here they do: the split is by recording, leaky)"
    return Diagram(
        NAME,
        "Training: from the cohort to the model",
        " · ".join(
            [f"{subject.words[:1].upper()}{subject.words[1:]}", *([progress.words] * progress.is_of_a_training)]
        ),
        (*blocks, _status(progress)),
        _ARROWS,
        _GROUPS,
        f"{CAPTION}{leaky}.",
        row_gap=20.0,
    )


def _preparation(preset: Preset, progress: Progress) -> list[Block]:
    asked, state = preset.preparation, progress.state_of(PREPARING)
    kept = sum(progress.recordings.values()) or None
    rules = [
        asked.polarity and f"{asked.polarity} polarity",
        asked.fmp_above is not None and f"Fmp > {asked.fmp_above:g}",
    ]
    rate = f"{asked.samples} samples" + (
        "" if asked.sampling_rate_hz is None else f" at {asked.sampling_rate_hz / 1000:g} kHz"
    )
    shares = " / ".join(f"{100 * share:g}" for share in asked.fractions)
    age = "its logarithm" if preset.scaling.age == "log" else "linear"
    trace = "one scale" if preset.scaling.waveform == "global" else "scaled per sample"
    return [
        Block("cohort", "Cohort",
              (progress.cohort or "to be chosen", *_count("recordings", progress.cohort_recordings)), "data",
              Place(0, 0), "The recordings that a person chose to train on.", state=state,
              code="abr_model.cohort:Cohort"),
        Block("selection", "Selection", (", ".join(filter(None, rules)) or "every recording", "conditions known", rate,
              *_count("kept", kept)), "step", Place(1, 0),
              "Which recordings can be learned from; what a filter leaves out is left out before.", state=state,
              code="abr_model.selection:SelectionRules"),
        Block("split", "Split", (f"by {asked.split}", ("shares", f"{shares} %")), "step",
              Place(2, 0), "Each patient is in one part only, so that held-out means unseen.", state=state,
              code="abr_model.preparation:split_by_patient"),
        Block("scaling", "Scaling", (f"trace: {trace}; age: {age}", "fitted on the training part"), "step", Place(0, 1),
              "Units (µV, ms, dB nHL) to the numbers of the network, and back.", state=state,
              code="abr_model.scaling:Scaling"),
        *(
            Block(part, f"{words} part", tuple(_part(progress, part)), "data", Place(column, 1), meaning, state=state,
                  code="abr_model.preparation:Split")
            for part, words, column, meaning in (
                ("train", "Training", 1, "What the weights are learned from."),
                ("validation", "Validation", 3, "Says after each epoch how well unseen patients are described."),
                ("test", "Test", 4, "Looked at once, at the end."),
            )
        ),
    ]  # fmt: skip


def _learning(subject: Subject, progress: Progress) -> list[Block]:
    preset, row, state = subject.preset, progress.row, progress.state_of(TRAINING)
    training = preset.training
    augmented = []
    if training.noise_sd:
        augmented.append(f"noise SD {training.noise_sd:g}")
    if training.max_shift_samples:
        augmented.append(f"shift ≤ {training.max_shift_samples} samples")
    schedule = {
        "one cycle": "one cycle, up and down to 0",
        "cosine": "cosine to 0",
        "step": f"× {training.gamma:g} every {training.step_size} epochs",
        "constant": "constant",
    }[training.schedule]
    validated = progress.validated
    return [
        Block("batches", "Batches", (
            ("recordings a step", f"{training.batch_size:,}"), *_count("steps an epoch", progress.steps_per_epoch),
            ("epochs", _of(progress.epochs_done, training.epochs)), ", ".join(augmented) or "no augmentation"), "step",
            Place(0, 2), "The training part in a new order in each epoch, some recordings at a time.", state=state,
            code="abr_model.training.batches:Batches"),
        Block("network", "Network", (
            "encode, draw z, decode", ("parameters", f"{parameter_count(subject.network):,}"),
            ("precision", f"{training.precision}{'' if training.precision == 'bf16' else ' bit'}")), "network",
            Place(1, 2), "The network of the main architecture.", state=state,
            code=f"{type(subject.network).__module__}:{type(subject.network).__name__}"),
        Block("objective", "Objective", tuple(_terms(subject, row)), "step", Place(2, 2),
              "What training makes smaller; β weighs the KL and rises with the epochs.", state=state,
              code="abr_model.objective"),
        Block("optimiser", "Optimiser", (
            f"{training.optimiser.capitalize()}, learning rate {training.learning_rate:g}", schedule,
            *_value("learning rate now", row.get("learning_rate"), ".2g"),
            (f"gradient norm (limit {training.gradient_clip:,g})", _digits(row.get("gradient_norm")))), "step",
            Place(2, 3), "Moves every weight a little, so that the loss falls.", state=state,
            code="abr_model.training.module:TrainingModule.configure_optimizers"),
        Block("validate", "Validation", (
            ("loss with the last β", _number(validated.get("validation_loss_final_beta"), ".4g")),
            ("trace error", _number(validated.get("validation_rmse_uv"), ".3f", " µV")),
            ("wave V latency error", _number(validated.get("validation_latency_V_mae_ms"), ".2f", " ms")),
            ("latent units in use", _number(validated.get("active_units"), ".0f"))), "step", Place(3, 2),
            "The same loss on the validation part; ends the training early when it no longer falls.", state=state,
            code="abr_model.training.module:TrainingModule.validation_step"),
        Block("best", "Best weights", (
            ("epoch", "–" if progress.best_epoch is None else f"{progress.best_epoch:,}"),
            ("its validation loss", _number(progress.best_loss, ".4g"))), "step", Place(3, 3),
            "The epoch with the smallest validation loss; its weights become the model.", state=state,
            code="abr_model.training.checkpoints:checkpoint_callbacks"),
    ]  # fmt: skip


def _ending(subject: Subject, progress: Progress) -> list[Block]:
    sampler, figures = subject.preset.sampler, progress.figures
    if isinstance(sampler, LatentFlowConfig):
        lines: tuple[Line, ...] = (("steps", f"{sampler.training_steps:,}"), "on z and noise of the training part")
        code = "abr_model.sampler.latent_flow:LatentFlow"
    else:
        lines, code = ("z from N(0, I): nothing to fit",), "abr_model.sampler.standard_normal:StandardNormal"
    return [
        Block("sampler", "Sampler", lines, "sampler", Place(3, 4), "Where z comes from when generating.", code=code,
              state=progress.state_of(FITTING)),
        Block("figures", "Figures on the test part", (
            ("trace error", _number(figures.get("waveform_rmse_uv"), ".3f", " µV")),
            ("correlation", _number(figures.get("waveform_correlation"), ".3f")),
            ("wave V latency error", _number(figures.get("latency_V_mae_ms"), ".2f", " ms"))), "step", Place(4, 4),
            "How well unseen recordings are reconstructed; says nothing yet about generated ones.",
            state=progress.state_of(MEASURING), code="abr_model.training.figures:held_out_figures"),
        Block("model", "Model", (
            ("id", progress.model_id or "–"), ("parameters with sampler", f"{subject.parameters:,}")), "latent",
            Place(2, 4), "Weights, scaling and sampler in one folder: what generates.",
            state=progress.state_of(SAVED), code="abr_model.model:TrainedModel"),
    ]  # fmt: skip


def _status(progress: Progress) -> Block:
    # Why it failed may name a file, and a file may be named after a patient: that stays in the log.
    why = "why: see the run's log" if progress.state in ("failed", "crashed") else progress.message
    said = [
        progress.name and f"run {progress.name}",
        why,
        progress.updated and f"last news {progress.updated}",
    ]
    lines = [line for line in said if line]
    words = progress.words
    return Block("status", f"{words[:1].upper()}{words[1:]}", tuple(lines), "note", Place(3, 0, columns=2),
                 "State of the run, as its folder says it.")  # fmt: skip


def _terms(subject: Subject, row: dict) -> list[Line]:
    names = _term_names(subject.preset)
    lines: list[Line] = [(TERMS.get(name, name), _number(row.get(f"train_{name}"), ".4g")) for name in names]
    points = subject.preset.objective.beta_points
    end = f"{points[0][1]:g} → {points[-1][1]:g}"
    return [*lines, (f"β ({end})", _number(row.get("beta"), ".3g")), ("loss", _number(row.get("train_loss"), ".4g"))]


@lru_cache(maxsize=32)
def _term_names(preset: Preset) -> tuple[str, ...]:
    """The terms that the objective really has: asked on a few random recordings."""
    import torch

    from abr_model.objective import build_objective
    from abr_model.training.measuring import random_recordings

    batch, network = random_recordings(2, preset), Subject.of_preset(preset).network
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        posterior, _, decoded = network(batch)
        found = build_objective(preset.objective, network.samples)(batch, posterior, decoded, 1.0)
    return tuple(name for name in found if name != "loss")


def _part(progress: Progress, part: str) -> list[Line]:
    return [*_count("recordings", progress.recordings.get(part)), *_count("patients", progress.patients.get(part))]


def _count(words: str, number: int | None) -> tuple[Line, ...]:
    return ((words, "–" if number is None else f"{number:,}"),)


def _value(words: str, number: float | None, digits: str) -> tuple[Line, ...]:
    return ((words, _number(number, digits)),)


def _number(number: float | None, digits: str, unit: str = "") -> str:
    return "–" if number is None else f"{number:{digits}}{unit}".replace("-", "−")


def _digits(number: float | None) -> str:
    return _number(number, ",.0f" if number is not None and abs(number) >= 100 else ".3g")


def _of(done: int | None, of: int) -> str:
    return f"{of:,}" if done is None else f"{done:,} of {of:,}"


_ARROWS = (
    Arrow("cohort.right", "selection.left"),
    Arrow("selection.right", "split.left"),
    Arrow("split.bottom", "train.top", lane=0.5),
    Arrow("split.bottom", "validation.top", lane=0.5),
    Arrow("split.bottom", "test.top", lane=0.5),
    Arrow("train.left", "scaling.right"),
    Arrow("scaling.bottom", "batches.top"),
    Arrow("batches.right", "network.left"),
    Arrow("network.right", "objective.left"),
    Arrow("objective.bottom", "optimiser.top", "gradient"),
    Arrow("optimiser.left", "network.bottom", "new weights"),
    Arrow("objective.right", "validate.left"),
    Arrow("validation.bottom", "validate.top"),
    Arrow("validate.bottom", "best.top"),
    Arrow("best.bottom", "sampler.top"),
    Arrow("sampler.left", "model.right"),
    Arrow("sampler.right", "figures.left"),
    Arrow("test.bottom", "figures.top"),
    Arrow("figures.bottom", "model.bottom", "stand in its card", lane=4.5),
)
_GROUPS = (
    Group(
        "Before",
        ("cohort", "selection", "split", "scaling", "train", "validation", "test"),
        ((0, 0, 3, 2), (0, 1, 5, 1)),
    ),
    Group("Each step", ("batches", "network", "objective", "optimiser"), ((0, 2, 3, 2),)),
    Group("Each epoch", ("validate", "best"), ((3, 2, 1, 2),)),
    Group("At the end", ("sampler", "figures", "model"), ((2, 4, 3, 1),)),
)
