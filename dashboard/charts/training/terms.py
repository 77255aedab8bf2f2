"""What training makes smaller, in words and in its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term of the objective: what it is called, its unit, and what it means to a person who watches."""

    title: str
    unit: str
    meaning: str


_NATS = "nats"
_SQUARES = "SD²"
_MEANINGS = {
    "loss": ("Loss", "What training makes smaller: all terms with their weights. Recordings of the validation part "
             "are not trained on; when only the training part still falls, the model learns them by heart."),
    "kl": ("KL in all", "How much the latent z says about a recording, over all latent units (Kullback–Leibler "
           "divergence). Near 0 the recordings are not told apart: posterior collapse."),
    "waveform": ("Trace", "How far the reconstructed trace is from the recorded one."),
    "latency": ("Latencies", "How far the latencies of the marked waves I, III and V are off."),
    "amplitude": ("Amplitudes", "How far the amplitudes of the marked waves I, III and V are off."),
    "marked": ("Which waves are marked", "How well it is predicted which wave labels a recording has."),
    "static": ("Conditions", "How far age, level, rate and hearing loss, proposed from z, are off."),
}  # fmt: skip
_FIRST = ("loss", "kl", "waveform", "latency", "amplitude", "marked", "static")


def term(name: str, objective: str) -> Term:
    """A term of an objective (``"reference"`` or ``"whitened"``); one that is not known is shown by its own name.

    The reference objective sums squared errors of scaled values (in units of the training part's SD); the whitened one
    is a negative log-likelihood. Both are means over recordings.
    """
    title, meaning = _MEANINGS.get(name, (name.replace("_", " ").capitalize(), ""))
    unit = _NATS if name == "kl" or objective == "whitened" else _SQUARES
    if objective == "reference":
        unit = {"loss": "sum of all terms", "static": "SD² and nats"}.get(name, unit)
    return Term(title, unit, meaning)


def terms_of(names: list[str]) -> list[str]:
    """The terms among the names of logged values: loss, KL, trace, labels, then others by name."""
    found = [name.removeprefix("train_") for name in names if name.startswith("train_")]
    return sorted(found, key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
