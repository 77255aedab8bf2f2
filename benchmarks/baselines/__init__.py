"""What a model must beat: generators that are simpler, or that others would take.

Each is one file with one function::

    fit(parts, preset, seed, on_progress=None) -> Generate

``parts`` are the three parts of a cohort, of which a fit sees ``parts.train`` and ``parts.scaling``; ``preset`` says
how they were prepared. The result goes from conditions and a seed to a generated cohort, as a trained model does.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.configuration import Preset
    from abr_model.evaluation.comparison import Generate
    from abr_model.training.parts import Parts


class Fit(Protocol):
    """Learns from the training part; ``on_progress`` is called with the fraction done, 0 to 1."""

    def __call__(
        self, parts: Parts, preset: Preset, seed: int, on_progress: Callable[[float], None] | None = None
    ) -> Generate: ...


BASELINES = {
    "pca_flow": ("pca_flow", "fit", "32 principal components, conditional flow, residual noise"),
    "nearest_recording": ("nearest_recording", "fit", "A training recording of the nearest conditions, with noise"),
    "time_vae": ("time_vae", "fit", "TimeVAE: convolutional conditional VAE"),
    "pythae_vae": ("pythae_vae", "fit", "pythae's VAE of trace and conditions, z from N(0, I)"),
    "pythae_vae_mixture": ("pythae_vae", "fit_mixture", "pythae's VAE of trace and conditions, z from a mixture"),
}
"""Name → file, function, name in words."""


def baseline(name: str) -> Fit:
    """The fit of a baseline; its file is read only now, because some need packages that others do not.

    Raises
    ------
    InputError
        There is no such baseline.
    """
    if name not in BASELINES:
        raise InputError("there is no such baseline", value=name, allowed=", ".join(BASELINES))
    file, function, _ = BASELINES[name]
    return getattr(import_module(f".{file}", __name__), function)
