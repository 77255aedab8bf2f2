"""What goes into a network and what comes out of it: the blocks that all networks share."""

from __future__ import annotations

from abr_model.diagrams.anatomy import Anatomy
from abr_model.diagrams.graph import Block, Place
from abr_model.schema import HEARING_LOSS_CODES, WAVES


def inputs_and_outputs(anatomy: Anatomy) -> list[Block]:
    """The data blocks that both networks have."""
    samples, subject = anatomy.network.samples, anatomy.subject
    waves = ", ".join(WAVES)
    time = f"{samples} samples"
    if subject.model is not None:
        axis = subject.model.sampling.time_ms(samples)
        time = f"{samples} samples, {axis[0]:.0f} to {axis[-1]:.1f} ms"
    recording = ("B", samples)
    labels = ("B", 2 * len(WAVES))
    return [
        _data(anatomy, "labels_in", "Wave labels and mask", 0,
              ("latency and amplitude", f"of waves {waves}; 1 = marked"),
              "Latencies and amplitudes that somebody marked, and which of them are marked at all; a missing label "
              "enters as 0 beside its mask.", labels),
        _data(anatomy, "waveform_in", "Recording", 1, (time, "averaged waveform"),
              "The averaged waveform, brought to the network's scale.", recording),
        _data(anatomy, "conditions", "Conditions", 2, ("age, intensity, stimulus", "rate, hearing loss"),
              f"Age, intensity, stimulus rate and hearing loss ({len(HEARING_LOSS_CODES)} classes) of the "
              "recording, or those asked for when generating.", ("B", 4)),
        _data(anatomy, "waveform_out", "Response", 3, (time, "mean, without residual noise"),
              "The decoded response: what remains of a recording when its residual noise is left out.", recording),
        _data(anatomy, "labels_out", "Wave labels", 4, ("latency and amplitude", f"of waves {waves}"),
              "Where whoever marked the training recordings would put the marks, and how large the waves are.", labels),
    ]  # fmt: skip


def _data(anatomy: Anatomy, block_id: str, title: str, column: int, lines, meaning: str, shape) -> Block:
    return anatomy.block(
        block_id, title, Place(column, 0), lines=lines, role="data", meaning=meaning, shape_in=shape, shape_out=shape
    )
