"""What is done to recordings of every format: the corrections that a person asked for, the oldest ages pooled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from abr_model.schema import AGE, LATENCIES
from abr_model.sources.part import Part
from abr_model.sources.report import Refusals

POOLED_AGE = 90.0
"""All ages above 89 become this: the very old are few enough to be recognised by their age."""

Parts = list[tuple[Part, Refusals]]


def turned_over(parts: Parts) -> Parts:
    """The parts with every trace upside down; a recording keeps its name."""
    return [(replace(part, waveforms=-part.waveforms + np.float32(0)), refusals) for part, refusals in parts]


def labels_shifted(parts: Parts, shift_ms: float) -> tuple[Parts, int]:
    """The parts with ``shift_ms`` added to every latency, and of how many recordings labels were moved.

    A recording with a latency that then cannot be is refused.
    """
    shifted, moved = [], 0
    for part, refusals in parts:
        table = part.table.copy()
        outside = np.zeros(len(table), dtype=bool)
        labelled = np.zeros(len(table), dtype=bool)
        for column in LATENCIES:
            if column.name not in table:
                continue
            values = (table[column.name] + shift_ms).round(6)
            bad = ((values < column.minimum) | (values > column.maximum)).to_numpy()
            reason = f"{column.in_sentence} moved by {shift_ms:+g} ms is out of range (allowed: {column.allowed})"
            refusals.add_all(part.rows[bad], column.name, [f"{v:g}" for v in table[column.name][bad]], reason)
            table[column.name] = values
            labelled |= values.notna().to_numpy()
            outside |= bad
        moved += int((labelled & ~outside).sum())
        shifted.append((_kept(replace(part, table=table), ~outside), refusals))
    return [(part, refusals) for part, refusals in shifted if len(part.rows)], moved


def oldest_pooled(parts: Parts) -> tuple[Parts, int]:
    """The parts with ages above 89 as 90, and how many recordings that concerns."""
    pooled, count = [], 0
    for part, refusals in parts:
        if AGE.name in part.table and (old := part.table[AGE.name] > POOLED_AGE - 1).any():
            count += int(old.sum())
            part = replace(part, table=part.table.assign(**{AGE.name: part.table[AGE.name].mask(old, POOLED_AGE)}))
        pooled.append((part, refusals))
    return pooled, count


def _kept(part: Part, keep: np.ndarray) -> Part:
    if keep.all():
        return part
    table = part.table[keep].reset_index(drop=True)
    return Part(part.waveforms[keep], table, part.sampling, part.rows[keep])
