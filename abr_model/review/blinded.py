"""The blinded half of a study: all that the reviewing screen can know of an item.

A screen, a network log or a saved page must not tell what is recorded and what is generated. So every trace, whatever
it is, is rounded to the step of the recording device, passes one low-pass and is written as whole numbers; items carry
no name, and no number of the cohort; ages and rates are written in words. The file lies outside of the sealed folder,
and nothing that serves a reviewer opens that one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import butter, sosfiltfilt

from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.provenance import Sampling
from abr_model.review.config import StudyConfig
from abr_model.schema import INTENSITY

ITEMS_FILE, TRACES_FILE = "items.json", "traces.npy"
STEP_UV = 0.001
LARGEST_STEPS = 32_000
"""A trace is written in 16 bits."""


@dataclass(frozen=True)
class BlindedItems:
    """What reviewers see.

    ``items`` holds for each ``{"levels": ["80 dB nHL", …], "facts": ["34 years", …], "ear": "right" | None,
    "rows": [first, after the last]}``; ``traces`` [n, T] int16 in steps of ``step_uv``; ``half_range_uv`` is the gain
    of the study: nearly every trace stays within it.
    """

    items: list[dict]
    traces: np.ndarray
    step_uv: float
    half_range_uv: float

    def __len__(self) -> int:
        return len(self.items)

    def trace_count(self, item: int) -> int:
        """Traces of an item: 1, or the levels of its series."""
        first, last = self.items[item]["rows"]
        return last - first

    def payload(self, item: int) -> dict:
        """An item as it goes to the browser: conditions in words, and the traces."""
        found = self.items[item]
        first, last = found["rows"]
        steps = np.ascontiguousarray(self.traces[first:last], dtype="<i2")
        return {
            "levels": found["levels"],
            "facts": found["facts"],
            "ear": found["ear"],
            "traces": base64.b64encode(steps.tobytes()).decode("ascii"),
        }

    def write(self, folder: Path) -> None:
        """``items.json`` and ``traces.npy``."""
        words = {"step_uv": self.step_uv, "half_range_uv": self.half_range_uv, "items": self.items}
        (folder / ITEMS_FILE).write_text(json.dumps(words, ensure_ascii=False) + "\n", encoding="utf-8")
        np.save(folder / TRACES_FILE, self.traces, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path) -> BlindedItems:
        """Those of a study folder; :class:`InputError` where a file is missing or damaged."""
        try:
            words = json.loads((folder / ITEMS_FILE).read_text(encoding="utf-8"))
            traces = np.load(folder / TRACES_FILE, allow_pickle=False)
            return cls(words["items"], traces, float(words["step_uv"]), float(words["half_range_uv"]))
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise InputError("the items of the study cannot be read", file=ITEMS_FILE) from error


def blind(
    shown: list[pd.DataFrame],
    waveforms: list[np.ndarray],
    sampling: Sampling,
    config_shown,
    low_pass_hz,
    quantum_uv: float | None = None,
) -> BlindedItems:
    """Blinded items, in the order given.

    Parameters
    ----------
    shown
        For each item the table [k] of the recordings whose conditions stand above it.
    waveforms
        For each item [k, T] µV.
    config_shown
        The conditions to show.
    low_pass_hz
        Zero-phase low-pass for every trace; None for none.
    quantum_uv
        Step of the device's converter, where the recorded traces show one (:func:`quantum_of`): every trace is rounded
        to it first, so that generated ones carry the same comb.
    """
    if quantum_uv is not None:
        waveforms = [np.rint(np.asarray(traces, dtype=np.float64) / quantum_uv) * quantum_uv for traces in waveforms]
    filtered = [low_passed(traces, sampling, low_pass_hz) for traces in waveforms]
    everything = np.concatenate(filtered)
    largest = float(np.abs(everything).max())
    step = STEP_UV if largest <= STEP_UV * LARGEST_STEPS else largest / LARGEST_STEPS
    items, first = [], 0
    for table, traces in zip(shown, filtered, strict=True):
        items.append(_words(table, config_shown) | {"rows": [first, first + len(traces)]})
        first += len(traces)
    half = float(np.quantile(np.abs(everything).max(axis=1), 0.9)) * 1.15
    return BlindedItems(items, np.rint(everything / step).astype(np.int16), step, float(f"{max(half, 0.05):.2g}"))


def quantum_of(waveforms: np.ndarray) -> float | None:
    """The step in µV of which all samples [n, T] are multiples, as a converter leaves it; None where there is none that
    is larger than :data:`STEP_UV`."""
    values = np.unique(np.abs(np.asarray(waveforms, dtype=np.float64)))
    steps = np.diff(values)
    steps = steps[steps > STEP_UV / 10]
    if not len(steps) or steps.min() < STEP_UV:
        return None
    step = float(np.median(steps[steps < 1.5 * steps.min()]))
    whole = values / step
    return step if (np.abs(whole - np.rint(whole)) < 0.05).mean() > 0.99 else None


def low_passed(waveforms: np.ndarray, sampling: Sampling, low_pass_hz: float | None) -> np.ndarray:
    """[n, T] through a zero-phase Butterworth low-pass of order 2 each way."""
    waveforms = np.asarray(waveforms, dtype=np.float64)
    if low_pass_hz is None:
        return waveforms
    sections = butter(2, low_pass_hz, fs=sampling.rate_hz, output="sos")
    pad = min(3 * (2 * len(sections) + 1), waveforms.shape[1] - 1)
    return sosfiltfilt(sections, waveforms, axis=1, padlen=pad)


def _words(table: pd.DataFrame, shown) -> dict:
    """What stands above an item. The level belongs to each trace, the rest to the item."""
    first = table.iloc[0]
    levels = [in_words(INTENSITY.name, level) if INTENSITY.name in shown else "" for level in table[INTENSITY.name]]
    facts, ear = [], None
    for name in shown:
        value = first[name]
        if name == INTENSITY.name or pd.isna(value):
            continue
        if name == "ear":
            ear = str(value)
            facts.append(f"{value} ear")
        elif name == "sex":
            facts.append(str(value))
        else:
            facts.append(in_words(name, value))
    return {"levels": levels, "facts": facts, "ear": ear}


def order_of(config: StudyConfig, reviewer: str) -> list[tuple[int, int]]:
    """What a reviewer sees one after another: ``(item, repeat)``, repeat 1 for the second time.

    An order of their own for each code name. Items that come back are of the first third and come back in the last
    half, at places that nothing gives away.
    """
    words = hashlib.sha256(reviewer.encode()).digest()[:16]
    rng = np.random.default_rng([config.seed, 5119, *np.frombuffer(words, dtype="<u4").tolist()])
    order = [(int(item), 0) for item in rng.permutation(config.items)]
    third = order[: max(config.items // 3, 1)]
    again = [third[k] for k in rng.permutation(len(third))[: config.repeats]]
    for item, _ in again:
        order.insert(int(rng.integers(config.items // 2, len(order) + 1)), (item, 1))
    return order
