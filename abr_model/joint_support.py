"""Where training recordings lie jointly in age, level, rate and hearing class: how many patients are near a condition.

The four conditions are cut into cells, and each cell holds how many different *patients* have a training recording
within :data:`REACH` cells in age, level and rate, of the same class. Patients are counted and not recordings, because
the ten recordings of one ear say little more about another ear than one of them does.

What is kept goes out with a model and must not lead to a person. So conditions are kept by cell alone, a count only as
a band (:data:`BANDS`), and fewer than three patients look like none: an age and a rare hearing class of one patient
would point at him, and a model that has seen one or two ears can but repeat them. This is disclosure control as for
published tables, no mathematical guarantee.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSS_CODES, INTENSITY, RATE

LEVEL_CELL_DB = 5.0
AGE_CELL = 1.25
"""Factor of (age + 0.1 years) from one cell to the next: two to three weeks for a newborn, six years at 30."""
RATE_CELL = 1.25
"""Factor of the rate. A cell of each kind moves wave V by at most about 0.2 ms (physiology notes: 0.04 ms/dB at low
level, Gorga's age term, 0.5 ms per decade of rate)."""
AGE_OFFSET_YEARS = 0.1
"""As in the network's own age input (:mod:`abr_model.scaling`)."""
REACH = 2
"""Cells on either side that are near: 10 dB, and a factor of 1.25² = 1.6 in age and rate."""
BANDS = (0, 3, 5, 10, 20, 50)
"""Least number of patients of each band. Fewer than three are told as none."""

_PATIENTS_AT_ONCE = 500  # counted together: memory stays bounded
_CLASSES = pd.Index(HEARING_LOSS_CODES, dtype=object)


class JointSupport(BaseModel):
    """Bands of patients near each cell, packed; JSON, a few kB.

    ``cells`` are the bands as bytes, axes class (order of :data:`HEARING_LOSS_CODES`), age, level, rate in C order,
    deflated (zlib), in base64.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    level_cell_db: float = Field(default=LEVEL_CELL_DB, ge=1, le=50)
    age_cell: float = Field(default=AGE_CELL, ge=1.05, le=10, description="factor of (age + offset)")
    age_offset_years: float = Field(default=AGE_OFFSET_YEARS, ge=0.01, le=10)
    rate_cell: float = Field(default=RATE_CELL, ge=1.05, le=10, description="factor")
    reach: int = Field(default=REACH, ge=0, le=10, description="cells on either side that are near")
    bands: tuple[int, ...] = Field(default=BANDS, min_length=2, max_length=20, description="least patients of each")
    cells: str = Field(description="zlib, base64; see the class")

    @model_validator(mode="after")
    def _cells_fit(self) -> JointSupport:
        if self.bands[0] != 0 or list(self.bands) != sorted(set(self.bands)):
            raise ValueError("bands must rise from 0")
        size = int(np.prod(self.shape))
        unpack = zlib.decompressobj()
        try:
            # never more than fits: a small text may unfold to gigabytes
            cells = unpack.decompress(base64.b64decode(self.cells, validate=True), size + 1)
        except (ValueError, zlib.error) as error:
            raise ValueError(f"the cells cannot be unpacked: {error}") from error
        if len(cells) != size:
            raise ValueError(f"there must be {size} cells")
        if max(cells) >= len(self.bands):
            raise ValueError("a cell names a band that does not exist")
        return self

    @classmethod
    def of(cls, table: pd.DataFrame) -> JointSupport:
        """Count the patients near each cell.

        Parameters
        ----------
        table
            Columns ``patient_id`` and the four conditions, a row per training recording; rows that lack a condition
            are left out.
        """
        table = table[["patient_id", AGE.name, INTENSITY.name, RATE.name, HEARING_LOSS.name]].dropna()
        grid = cls._empty()
        patient = pd.factorize(table["patient_id"])[0]
        seen = np.unique(np.column_stack([patient, *grid.positions(table)]), axis=0)  # a patient counts once in a cell
        patients = np.zeros(int(np.prod(grid.shape)), dtype=np.int64)
        for first in range(0, int(patient.max(initial=-1)) + 1, _PATIENTS_AT_ONCE):
            block = seen[(seen[:, 0] >= first) & (seen[:, 0] < first + _PATIENTS_AT_ONCE)]
            patients += _patients_near(block - [first, 0, 0, 0, 0], grid.shape)
        bands = np.searchsorted(BANDS, patients, side="right") - 1
        return cls(cells=_pack(bands.astype(np.uint8)))

    @classmethod
    def _empty(cls) -> JointSupport:
        return cls.model_construct()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Cells in class, age, level and rate; they span what the schema allows."""
        last = lambda column, coordinate: int(coordinate(column.maximum)) + 1  # noqa: E731
        return (
            len(HEARING_LOSS_CODES),
            last(AGE, self._age_position),
            last(INTENSITY, self._level_position),
            last(RATE, self._rate_position),
        )

    def positions(self, conditions: Mapping) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Cell [N] in class, age, level and rate of N conditions within the schema's ranges; class −1 where unknown.

        ``conditions`` is a table, or a mapping from the names of the four conditions to arrays [N].
        """
        age, level, rate = (np.asarray(conditions[c.name], dtype=float) for c in (AGE, INTENSITY, RATE))
        classes = class_index(conditions[HEARING_LOSS.name])
        return classes, self._age_position(age), self._level_position(level), self._rate_position(rate)

    def band(self, conditions: Mapping) -> np.ndarray:
        """[N] which of ``bands`` the number of patients near each of N conditions belongs to; 0 where one is missing.

        ``conditions`` as in :meth:`positions`.
        """
        positions = np.stack(self.positions(conditions))
        known = (positions >= 0).all(axis=0)
        return np.where(known, self.cell_bands()[tuple(np.where(known, positions, 0))], 0)

    def cell_bands(self) -> np.ndarray:
        """[classes, ages, levels, rates] bands, read-only."""
        return _unpack(self)

    def patients_in_words(self, band: int) -> str:
        """How many patients a band stands for: ``"fewer than 3"``, ``"5 to 9"``, ``"50 or more"``."""
        if band == 0:
            return f"fewer than {self.bands[1]}"
        if band == len(self.bands) - 1:
            return f"{self.bands[-1]} or more"
        return f"{self.bands[band]} to {self.bands[band + 1] - 1}"

    def nearest(self, condition: Mapping, least_band: int) -> tuple[float, dict] | None:
        """The nearest cell of the same class where as many patients are near as ``least_band`` says.

        Returns
        -------
        tuple or None
            Euclidean distance in cells, 0 where the condition's own cell has as many, and for each numeric condition
            the middle of that cell where it differs from the condition's cell; None where the class has no such cell.
        """
        group, *here = (int(p[0]) for p in self.positions({name: [value] for name, value in condition.items()}))
        there = np.argwhere(self.cell_bands()[group] >= least_band)
        if not len(there):
            return None
        distance = np.sqrt(((there - here) ** 2).sum(axis=1))
        best = int(np.argmin(distance))
        values = self.middles(there[best])
        return float(distance[best]), {
            name: value for (name, value), a, b in zip(values.items(), there[best], here, strict=True) if a != b
        }

    def middles(self, cell) -> dict[str, float]:
        """Age, level and rate in the middle of a cell (age, level, rate)."""
        age, level, rate = cell
        return {
            AGE.name: max(self.age_offset_years * (self.age_cell**age - 1), 0.0),
            INTENSITY.name: INTENSITY.minimum + level * self.level_cell_db,
            RATE.name: RATE.minimum * self.rate_cell**rate,
        }

    def _age_position(self, years):
        return _whole(np.log1p(years / self.age_offset_years) / np.log(self.age_cell))

    def _level_position(self, level):
        return _whole((level - INTENSITY.minimum) / self.level_cell_db)

    def _rate_position(self, rate):
        return _whole(np.log(rate / RATE.minimum) / np.log(self.rate_cell))


def joint_support(support: Mapping[str, Any]) -> JointSupport | None:
    """The joint part of ``TrainedModel.support``; None for a model that was saved before there was one.

    Raises
    ------
    pydantic.ValidationError
        It is damaged.
    """
    if "joint" not in support:
        return None
    return _checked(tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in dict(support["joint"]).items()))


@lru_cache(maxsize=32)
def _checked(content: tuple) -> JointSupport:
    return JointSupport.model_validate(dict(content))


def class_index(hearing_loss: Sequence) -> np.ndarray:
    """[N] place of each class in :data:`HEARING_LOSS_CODES`, −1 where there is no such class."""
    return _CLASSES.get_indexer(np.asarray(hearing_loss, dtype=object))


def _whole(position: np.ndarray) -> np.ndarray:
    """The nearest cell, −1 for NaN."""
    return np.where(np.isnan(position), -1, np.floor(position + 0.5)).astype(np.int64)


def _patients_near(seen: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """[cells] different patients with a recording within reach of each cell; ``seen`` [M, 5] is patient and cell."""
    steps = np.arange(-REACH, REACH + 1)
    around = np.stack(np.meshgrid([0], [0], steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 5)
    reached = (seen[:, None, :] + around[None]).reshape(-1, 5)
    inside = (reached[:, 2:] >= 0).all(axis=1) & (reached[:, 2:] < shape[1:]).all(axis=1)
    flat = np.ravel_multi_index(reached[inside].T, (_PATIENTS_AT_ONCE, *shape))
    size = int(np.prod(shape))
    return np.bincount(np.unique(flat) % size, minlength=size)


def _pack(bands: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(bands.tobytes(), 9)).decode("ascii")


@lru_cache(maxsize=32)
def _unpack(support: JointSupport) -> np.ndarray:
    content = zlib.decompress(base64.b64decode(support.cells))
    return np.frombuffer(content, dtype=np.uint8).reshape(support.shape)
