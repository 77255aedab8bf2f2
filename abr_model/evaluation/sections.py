"""The sections of a scorecard in their order; each is one function in a file of its own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from abr_model.errors import InputError
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.score import Section


@dataclass(frozen=True)
class SectionEntry:
    """One question of the evaluation.

    Parameters
    ----------
    key
        Of its :class:`Section`, and its name on the command line.
    room
        Folder of this package in which the module ``key`` lies.
    title
        The question in words, before it is answered.
    function
        Name of the function in that module.
    needs_network
        Whether it looks into the network (a posterior, a likelihood) and not at recordings alone.
    uses_network
        Whether it can say more when it may look into the network; without one (None) it says less.
    needs_training
        Whether it looks at the recordings that the model learned from, so that nothing can be said without them.
    """

    key: str
    room: str
    title: str
    function: str
    needs_network: bool = False
    uses_network: bool = False
    needs_training: bool = False

    def run(self, comparison: Comparison, model, on_progress: Callable[[float], None]) -> Section:
        """The answer; ``on_progress`` gets the fraction done and may raise to stop."""
        # Only now: sections are heavy.
        module = importlib.import_module(f"abr_model.evaluation.{self.room}.{self.key}")
        function = getattr(module, self.function)
        subject = (comparison, model) if self.needs_network or self.uses_network else (comparison,)
        return function(*subject, on_progress=on_progress)


SECTIONS = (
    SectionEntry("two_sample", "likeness", "Can a classifier tell them apart?", "two_sample_section"),
    SectionEntry("distributions", "likeness", "Distributions of traces", "distributions_section"),
    SectionEntry("cells", "conditions", "Conditional fidelity, cell by cell", "cells_section"),
    SectionEntry("physiology", "conditions", "Pass bands of physiology", "physiology_section"),
    SectionEntry(
        "designed",
        "conditions",
        "Pass bands, on a designed experiment",
        "designed_section",
        needs_network=True,
        needs_training=True,
    ),
    SectionEntry("adherence", "conditions", "Does a trace follow its conditions?", "adherence_section"),
    SectionEntry("coherence", "conditions", "Reported waves against the trace", "coherence_section"),
    SectionEntry("reconstruction", "inference", "Reconstruction", "reconstruction_section", needs_network=True),
    SectionEntry(
        "likelihood", "inference", "Likelihood", "likelihood_section", needs_network=True, needs_training=True
    ),
    SectionEntry("imputation", "inference", "A missing wave label filled in", "imputation_section", needs_network=True),
    SectionEntry("usefulness", "usefulness", "Usefulness", "usefulness_section"),
    SectionEntry("privacy", "privacy", "Privacy", "privacy_section", uses_network=True, needs_training=True),
)


def chosen_sections(keys: list[str] | tuple[str, ...] | None) -> list[SectionEntry]:
    """The sections with these keys, in the order of :data:`SECTIONS`; None: all.

    Raises
    ------
    InputError
        There is no such section, or none was named.
    """
    if keys is None:
        return list(SECTIONS)
    known = [entry.key for entry in SECTIONS]
    for key in keys:
        if key not in known:
            raise InputError("there is no such section", value=key, allowed=", ".join(known))
    if not keys:
        raise InputError("no section was named", allowed=", ".join(known))
    return [entry for entry in SECTIONS if entry.key in keys]
