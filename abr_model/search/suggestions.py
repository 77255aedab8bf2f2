"""A range to begin with for any setting: around what the preset says, within what its field allows."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from abr_model.configuration import Preset
from abr_model.errors import InputError
from abr_model.search.space import Choices, Dimension, Range, _kind, applied, field_of, settings_of, value_in

FIRST = (
    "training.learning_rate",
    "training.batch_size",
    "network.width",
    "network.layers",
    "network.latent",
    "network.label_dropout",
    "network.dropout",
)
"""What is most often worth a search, in this order; those of them that a preset has."""

_USUAL = {
    "training.weight_decay": Range(low=1e-6, high=0.1, log=True),
    "training.gamma": Range(low=0.2, high=0.9),
    "training.noise_sd": Range(low=0.0, high=0.3),
    "training.max_shift_samples": Range(low=0, high=10),
    "network.dropout": Range(low=0.0, high=0.3),
    "network.label_dropout": Range(low=0.0, high=0.6),
    "network.layers": Range(low=1, high=4),
    "objective.ridge": Range(low=1e-4, high=0.01, log=True),
}
_OVER_DECADES = ("learning_rate", "gradient_clip")
_STRUCTURE = ("width", "heads", "latent", "feed_forward", "token_channels", "hidden", "patch", "batch_size")


def suggested(preset: Preset, setting: str) -> Dimension:
    """Between which values to search a setting, where nobody says otherwise.

    A learning rate from a quarter to four times that of the preset; sizes of the network as half, same, double, as far
    as the preset allows each; every option of a choice; else half to double.
    """
    field, value = field_of(preset, setting), value_in(preset, setting)
    name = setting.partition(".")[2]
    if setting in _USUAL:
        return _USUAL[setting]
    if _kind(field) == "choice":
        return Choices(choices=choices_of(field))
    low, high = bounds_of(field)
    if name in _STRUCTURE:
        possible = [v for v in (value // 2, value, value * 2) if _possible(preset, setting, v)]
        if len(possible) > 1:
            return Choices(choices=tuple(possible))
    factor = 4 if name in _OVER_DECADES else 2
    kind = int if _kind(field) == "int" else float
    middle = kind(value if value else min(1, high))
    ends = [max(low, middle / factor), min(high, middle * factor)]
    ends = [round(end) for end in ends] if kind is int else [float(f"{end:.3g}") for end in ends]
    if ends[0] >= ends[1]:
        ends = [low, high]
    return Range(low=kind(ends[0]), high=kind(ends[1]), log=name in _OVER_DECADES and ends[0] > 0)


def first_settings(preset: Preset, figure: str) -> list[str]:
    """Settings to begin with: the first three of :data:`FIRST` that the preset has."""
    known = settings_of(preset, figure)
    return [setting for setting in FIRST if setting in known][:3]


def _possible(preset: Preset, setting: str, value: int) -> bool:
    try:
        applied(preset, {setting: value})
    except InputError:
        return False
    return True


def choices_of(field: FieldInfo) -> tuple:
    """Every option of a field that has only some."""
    if field.annotation is bool:
        return (False, True)
    annotations = [field.annotation, *getattr(field.annotation, "__args__", ())]
    literals = [a for a in annotations if str(getattr(a, "__origin__", "")) == "typing.Literal"]
    choices = [choice for literal in literals for choice in literal.__args__]
    return (*choices, *([None] if type(None) in annotations else []))


def bounds_of(field: FieldInfo) -> tuple[float, float]:
    """Lowest and highest number that a field allows; of an open end the next number that is allowed to four digits."""
    low, high = -1e9, 1e9
    for rule in field.metadata:
        if getattr(rule, "ge", None) is not None:
            low = rule.ge
        if getattr(rule, "gt", None) is not None:
            low = rule.gt + 1e-4
        if getattr(rule, "le", None) is not None:
            high = rule.le
        if getattr(rule, "lt", None) is not None:
            high = rule.lt - 1e-4
    return low, high
