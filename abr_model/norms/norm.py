"""What a norm is: the latency of a wave by level, mean ± SD, and whose ears, which earphone, which rate it is from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from abr_model.schema import WAVES

INTERVALS = ("I-III", "III-V", "I-V")
"""Interpeak intervals, which a norm may give beside latencies."""
MEASURES = WAVES + INTERVALS


@dataclass(frozen=True, kw_only=True)
class Norm:
    """Latency of waves by level in normal hearing.

    Laboratories differ by more than the SD within one (physiology notes, adult click latency), so a norm is never
    shown without :attr:`label`, and a person can bring their own.

    Parameters
    ----------
    name
        Short: ``"Hood 1998"``.
    population
        Whose ears: ``"14 women of 20 to 30 years, normal hearing"``.
    stimulus, transducer, rate_per_s
        None where the source, as it is known here, does not say.
    ages
        Youngest and oldest of the population in years; None where not said.
    reference
        Where it was published.
    note
        What one should know before trusting it.
    """

    name: str
    population: str
    stimulus: str = "click"
    transducer: str | None = None
    rate_per_s: str | None = None
    ages: tuple[float, float] | None = None
    reference: str = ""
    note: str = ""

    @property
    def waves(self) -> tuple[str, ...]:
        """The waves and intervals (:data:`INTERVALS`) that it gives, in order."""
        raise NotImplementedError

    def tabulated(self, wave: str, age_years: float | None = None) -> np.ndarray:
        """[L] levels in dB nHL that draw the band well, ascending; empty where it says nothing of ``wave``."""
        raise NotImplementedError

    def band(self, wave: str, level_db_nhl, age_years: float | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Mean and SD of a wave's latency (or of an interval) at levels [L], ms.

        Parameters
        ----------
        age_years
            Age from birth at term, years; None means an adult's.

        Returns
        -------
        mean_ms, sd_ms
            [L] each; NaN where the norm says nothing.
        """
        raise NotImplementedError

    @property
    def label(self) -> str:
        """Source, stimulus, transducer, rate and population, as they stand below a figure."""
        rate = f"{self.rate_per_s}/s" if self.rate_per_s else "rate not stated"
        parts = (self.name, self.stimulus, self.transducer or "transducer not stated", rate, self.population)
        return " · ".join(part for part in parts if part)

    def covers_age(self, age_years: float) -> bool:
        """Whether someone of this age could have been in the population."""
        return self.ages is None or self.ages[0] <= age_years <= self.ages[1]

    def table(self, age_years: float | None = None) -> pd.DataFrame:
        """``wave``, ``level_db_nhl``, ``mean_ms``, ``sd_ms`` and the label, for a file."""
        parts = []
        for wave in self.waves:
            levels = self.tabulated(wave, age_years)
            mean, sd = self.band(wave, levels, age_years)
            parts.append(
                pd.DataFrame({"wave": wave, "level_db_nhl": levels, "mean_ms": mean.round(3), "sd_ms": sd.round(3)})
            )
        return pd.concat(parts, ignore_index=True).assign(norm=self.label)


@dataclass(frozen=True, kw_only=True, eq=False)
class TableNorm(Norm):
    """A norm given level by level; between two levels it is interpolated, beyond them it says nothing.

    ``rows`` has the columns ``wave``, ``level_db_nhl``, ``mean_ms``, ``sd_ms``, ``n``, ``age_from_years``,
    ``age_to_years``; the latter two are NaN where one table holds for all ages, otherwise they are the age groups.
    """

    rows: pd.DataFrame = field(repr=False)

    @property
    def waves(self) -> tuple[str, ...]:
        given = set(self.rows["wave"])
        return tuple(wave for wave in MEASURES if wave in given)

    def tabulated(self, wave: str, age_years: float | None = None) -> np.ndarray:
        return self._rows_of(wave, age_years)["level_db_nhl"].to_numpy(dtype=float)

    def band(self, wave, level_db_nhl, age_years=None):
        level, rows = np.asarray(level_db_nhl, dtype=float), self._rows_of(wave, age_years)
        if rows.empty:
            return np.full(level.shape, np.nan), np.full(level.shape, np.nan)
        known = rows["level_db_nhl"].to_numpy(dtype=float)
        return tuple(
            np.interp(level, known, rows[column].to_numpy(dtype=float), left=np.nan, right=np.nan)
            for column in ("mean_ms", "sd_ms")
        )

    def counts(self, wave: str, age_years: float | None = None) -> np.ndarray:
        """[L] how many ears had the wave at the levels of :meth:`tabulated`; NaN where not said."""
        return self._rows_of(wave, age_years)["n"].to_numpy(dtype=float)

    def _rows_of(self, wave: str, age_years: float | None) -> pd.DataFrame:
        rows = self.rows[self.rows["wave"] == wave]
        grouped = rows["age_from_years"].notna() | rows["age_to_years"].notna()
        if grouped.any():
            first, last = rows["age_from_years"].fillna(0), rows["age_to_years"].fillna(np.inf)
            # a group ends where the next begins: that age belongs to the next
            inside = (first <= age_years) & (age_years < last) if age_years is not None else last == last.max()
            if age_years is not None and not inside.any():
                inside = (first <= age_years) & (age_years <= last)
            rows = rows[inside | ~grouped]
        return rows.sort_values("level_db_nhl").drop_duplicates("level_db_nhl")
