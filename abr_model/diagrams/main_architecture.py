"""The main architecture: a recording with its conditions and labels to z, and z with conditions back to a recording.

Columns, from the left: wave labels, encoder (down), conditions, decoder (up), and the heads for the labels; the latent
z lies along the bottom. So what goes in and what comes out stand at the same height.
"""

from __future__ import annotations

from abr_model.configuration import PatchNetworkConfig
from abr_model.diagrams import patch_architecture, reference_architecture
from abr_model.diagrams.anatomy import Anatomy
from abr_model.diagrams.graph import Diagram
from abr_model.diagrams.subject import Subject

NAME = "main_architecture"
CAPTION = (
    "Grey: what goes in and what comes out; in brackets the shape of what a block puts out, B recordings at a time. "
    "Under each block its trainable parameters with their share of the whole model (full bar) and its share of the "
    "time (open bar). Dashed arrows: z is drawn from the posterior while training and from the sampler while "
    "generating. Dotted: compared."
)


def main_architecture(subject: Subject) -> Diagram:
    """The figure of a subject, without times.

    Raises
    ------
    AssertionError
        A part of the network is in no block, or in two: a network was changed and its figure was not.
    """
    anatomy = Anatomy(subject)
    patch = isinstance(subject.preset.network, PatchNetworkConfig)
    blocks, arrows, groups = (patch_architecture if patch else reference_architecture).figure(anatomy)
    network, sampler = sum(anatomy.count(name) for name in anatomy.parameters), anatomy.count("sampler")
    of_sampler = f" + {sampler:,} of the sampler = {anatomy.total:,}" if sampler else ""
    diagram = Diagram(
        NAME,
        "Conditional variational autoencoder of the ABR",
        f"{subject.words[:1].upper()}{subject.words[1:]} · {network:,} parameters of the network{of_sampler}",
        tuple(blocks),
        tuple(arrows),
        tuple(groups),
        CAPTION,
        row_gap=18.5,
    )
    check_complete(diagram, anatomy)
    return diagram


def check_complete(diagram: Diagram, anatomy: Anatomy) -> None:
    """Every parameter of the network stands in exactly one block, and the sampler in one if it has any."""
    owned = [anatomy.owned(*(name for name in block.modules if name != "sampler")) for block in diagram.blocks]
    once = set().union(*owned)
    assert sum(len(names) for names in owned) == len(once), "a part of the network is in two blocks"
    assert once == set(anatomy.parameters), f"in no block: {sorted(set(anatomy.parameters) - once)}"
    assert diagram.parameters == anatomy.total, "the sampler is in no block, or in two"
