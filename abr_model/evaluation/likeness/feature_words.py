"""What a feature of the two-sample classifier is, in an audiologist's words."""

from __future__ import annotations

from abr_model.evaluation.likeness.feature_pictures import BAND, COMPONENT

ABOUT = {
    "largest value": ("Height of the largest peak", "the largest voltage anywhere on the trace, µV"),
    "smallest value": ("Depth of the deepest trough", "the smallest voltage anywhere on the trace, µV"),
    "time of the largest value": ("When the largest peak comes", "time of the largest voltage, ms"),
    "time of the smallest value": ("When the deepest trough comes", "time of the smallest voltage, ms"),
    "standard deviation along the trace": ("Size of the whole trace", "standard deviation along the trace, µV"),
    "first sample": ("Voltage at stimulus onset", "the first sample, µV"),
    "last sample": ("Voltage at the end of the window", "the last sample, µV"),
    "mean step from sample to sample": ("Fine ripple", "mean step from one sample to the next, µV"),
    "kurtosis along the trace": ("One sharp peak against many small waves", "kurtosis along the trace"),
}
"""Name of a feature (:func:`abr_model.evaluation.features.trace_features`) → title, and what its values are."""


def feature_title(name: str, where: str = "") -> str:
    """In a few words: ``"Shape of the trace, most at 6.1 ms"``; ``where`` as in ``telling_features``."""
    if COMPONENT.fullmatch(name):
        place = where.removeprefix("largest at ")
        return f"Shape of the trace, most at {place}" if place else "Shape of the trace"
    if band := BAND.fullmatch(name):
        return f"Power from {band[1]} to {band[2]} Hz"
    return ABOUT.get(name, (name[:1].upper() + name[1:], ""))[0]


def feature_unit(name: str) -> str:
    """What its values are, for an axis."""
    if found := COMPONENT.fullmatch(name):
        return f"principal component {found[1]}, µV"
    if BAND.fullmatch(name):
        return "log power (natural logarithm of µV²)"
    return ABOUT.get(name, ("", name))[1]


def feature_difference(shift_sd: float, spread_ratio: float, auc_alone: float) -> str:
    """How generated recordings differ in it, as a sentence."""
    parts = []
    if abs(shift_sd) >= 0.05:
        parts.append(f"{'higher' if shift_sd > 0 else 'lower'} on average by {abs(shift_sd):.2f} standard deviations")
    if abs(spread_ratio - 1) >= 0.05:
        more = "more" if spread_ratio > 1 else "less"
        parts.append(f"scattered {more} ({spread_ratio:.2f} times the standard deviation)")
    if not parts:
        return (
            "Neither mean nor scatter differs: it tells only together with other features, or by the form of its "
            "distribution."
        )
    alone = "" if abs(auc_alone - 0.5) >= 0.02 else " By itself it tells hardly anything; together with others it does."
    return f"Of generated recordings it is {' and '.join(parts)}.{alone}"
