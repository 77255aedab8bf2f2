"""Pass bands of physiology, of the held-out recordings and of what is held beside them, in one table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.realism.check import Check

REQUIRED_SHARE = 90.0


def band_table(held_out: list[Check], sides: dict[str, list[Check]]) -> pd.DataFrame:
    """One row a pass band.

    Parameters
    ----------
    held_out
        Checks of the held-out recordings (or of the true responses).
    sides
        By name, the same checks of others.

    Returns
    -------
    DataFrame
        ``band``, ``unit``, ``low``, ``high``, ``held_out`` (what was measured), ``held_out_state``, ``held_out_n``, the
        same of each side, ``counts``: whether the band counts for the generated ones (the held-out ones meet it and
        both can be judged), ``source``. Bands without limits or that none can tell are left out.
    """
    by_key = {name: {check.key: check for check in checks} for name, checks in sides.items()}
    rows = []
    for check in held_out:
        found = {"held_out": check} | {name: of[check.key] for name, of in by_key.items() if check.key in of}
        told = [c for c in found.values() if np.isfinite(c.measured)]
        if not told or not any(c.required for c in found.values()):
            continue
        limits = next(c for c in found.values() if c.required)
        row = {"key": check.key, "band": check.name, "unit": check.unit, "low": limits.low, "high": limits.high}
        for name, one in found.items():
            row |= {name: one.measured, f"{name}_state": one.state, f"{name}_error": one.error, f"{name}_n": one.n}
        rows.append(row | {"source": check.source})
    columns = ["key", "band", "unit", "low", "high"]
    for name in ("held_out", *sides):
        columns += [name, f"{name}_state", f"{name}_error", f"{name}_n"]
    return pd.DataFrame(rows, columns=[*columns, "source"])


def counting(table: pd.DataFrame, side: str, judged: np.ndarray | None = None) -> np.ndarray:
    """[bands] whether a band counts for ``side``: the held-out ones meet it, and ``side`` can be judged."""
    counts = (table["held_out_state"] == "met") & table[f"{side}_state"].isin(["met", "not met"])
    return counts.to_numpy(dtype=bool) & (True if judged is None else judged)


def share_met(table: pd.DataFrame, side: str, counts: np.ndarray) -> float:
    """Percent of the bands that count which ``side`` meets; NaN where none counts."""
    return float(100 * (table.loc[counts, f"{side}_state"] == "met").mean()) if counts.any() else float("nan")


def share_interval(
    table: pd.DataFrame, side: str, counts: np.ndarray, seed: int, draws: int = 2000
) -> tuple[float, float] | None:
    """95 % interval of :func:`share_met`: each number drawn anew within its standard error over patients (or ears).

    A band without width (the order of the waves), or a number without an error, stays as it was measured.
    """
    if not counts.any():
        return None
    rows = table[counts]
    rng = np.random.default_rng([seed, 952])
    low, high = rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
    error = rows[f"{side}_error"].to_numpy(dtype=float)
    error = np.where(np.isfinite(error) & (high > low), error, 0.0)
    drawn = rows[side].to_numpy(dtype=float) + error * rng.standard_normal((draws, len(rows)))
    percent = (rows["unit"] == "%").to_numpy()
    drawn = np.where(percent, np.clip(drawn, 0.0, 100.0), drawn)
    met = (drawn >= low) & (drawn <= high)
    met[:, error == 0] = (rows[f"{side}_state"] == "met").to_numpy()[error == 0]
    bottom, top = np.percentile(100 * met.mean(axis=1), [2.5, 97.5])
    return float(bottom), float(top)
