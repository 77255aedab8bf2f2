"""How well an unseen recording is rebuilt from its latent z, and how near that comes to the response behind the noise.

The reconstruction is the decoder's mean at the mean of q(z | trace, conditions, marked labels). It is to give the
response back and leave the noise: so it is held against the recorded trace and, where the recordings are simulated,
against the true response that the trace hides. A perfect one would correlate with the recorded trace as the true
response does, not more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.score import Score, Section
from abr_model.generation.inference import on_time_axis, reconstruct
from abr_model.label_prediction import hidden, predict_labels
from abr_model.preparation import model_inputs
from abr_model.schema import HEARING_LOSS, INTENSITY, LABEL_NAMES, LABELS
from abr_model.training.figures import row_correlations

if TYPE_CHECKING:
    from abr_model.evaluation.comparison import Comparison
    from abr_model.model import TrainedModel

FLAT_UV = 0.001
"""A true response whose SD over time is below 1 nV is no response: it has no shape to correlate with."""
SMALLEST_CELL = 10


def reconstruction_section(
    comparison: Comparison, model: TrainedModel, on_progress: Callable[[float], None] | None = None
) -> Section:
    """Errors and correlations of the reconstruction of the held-out recordings, and labels read from the trace alone.

    Parameters
    ----------
    comparison
        The generated recordings are not looked at.
    model
        The network under test.
    on_progress
        Called with the fraction done.
    """
    tell = on_progress or (lambda _: None)
    recorded = comparison.real.waveforms.astype(np.float64)
    rebuilt = reconstruct(model, comparison.real).astype(np.float64)
    clean = None if comparison.clean is None else comparison.clean.astype(np.float64)
    tell(0.5)
    found = _per_recording(recorded, rebuilt, clean)
    scores = [*_errors(found, comparison), *_likeness(found, comparison), *_against_truth(found, comparison)]
    tell(0.6)
    predicted = _labels_from_trace(comparison, model)
    scores += _label_scores(predicted, comparison)
    tell(1.0)
    tables = {
        "over_time": _over_time(comparison.real.time_ms, recorded, rebuilt, clean),
        "by_level_and_class": _by_cell(found, comparison.real.table),
    }
    return Section("reconstruction", "Reconstruction", scores, tables)


def _per_recording(recorded: np.ndarray, rebuilt: np.ndarray, clean: np.ndarray | None) -> dict[str, np.ndarray]:
    found = {
        "mse": ((rebuilt - recorded) ** 2).mean(1),
        "variance": ((recorded - recorded.mean(0)) ** 2).mean(1),
        "r": row_correlations(rebuilt, recorded),
    }
    if clean is not None:
        found |= {
            "clean_mse": ((rebuilt - clean) ** 2).mean(1),
            "noise_mse": ((recorded - clean) ** 2).mean(1),
            "clean_r": np.where(clean.std(1) > FLAT_UV, row_correlations(rebuilt, clean), np.nan),
            "recorded_clean_r": np.where(clean.std(1) > FLAT_UV, row_correlations(recorded, clean), np.nan),
        }
    return found


def _errors(found: dict, comparison: Comparison) -> list[Score]:
    n = len(found["mse"])
    noise = found.get("noise_mse", np.full(n, np.nan))
    shared = {"n": n, "note": "Real against real: what the true response leaves of the recorded trace, its noise."}
    return [
        _score(
            comparison, "reconstruction_mse_uv2", "Mean squared error", np.mean, found["mse"], noise, "µV²", **shared
        ),
        _score(comparison, "reconstruction_rmse_uv", "Error (RMSE)", _root_mean, found["mse"], noise, "µV", **shared),
        Score(
            "reconstruction_r2",
            "Share of the variance explained (R²)",
            _explained(found["mse"], found["variance"]),
            interval=patient_interval(
                lambda rows: _explained(found["mse"][rows], found["variance"][rows]),
                comparison.patients,
                comparison.seed,
            ),
            limit=_explained(noise, found["variance"]),
            better="higher",
            n=n,
            note="Over all samples; at each sample the mean over recordings is taken off. Per sample in the table.",
        ),
    ]


def _likeness(found: dict, comparison: Comparison) -> list[Score]:
    limit = found.get("recorded_clean_r", np.full(len(found["r"]), np.nan))
    note = (
        "Real against real: correlation of the true response with the recorded trace. To be above it means to rebuild "
        "noise."
    )
    return [
        _score(
            comparison,
            f"reconstruction_correlation_{name}",
            f"Correlation with the recorded trace, {name} over recordings",
            statistic,
            found["r"],
            limit,
            better="higher",
            note=note,
        )
        for name, statistic in (("mean", np.nanmean), ("median", np.nanmedian))
    ]


def _against_truth(found: dict, comparison: Comparison) -> list[Score]:
    names = {
        "clean_correlation_mean": "Correlation with the true response, mean over recordings",
        "clean_correlation_median": "Correlation with the true response, median over recordings",
        "clean_rmse_uv": "Error against the true response (RMSE)",
        "correlation_ratio": "Correlation with the recorded trace, over that of the true response with it",
    }
    if comparison.clean is None:
        why = "only of simulated recordings the true response is known"
        asked = {"clean_correlation_mean": (0.97, None), "correlation_ratio": (0.97, None)}
        return [
            Score(f"reconstruction_{k}", name, np.nan, allowed=asked.get(k, (None, None)), untold=why)
            for k, name in names.items()
        ]
    flat = int(np.isnan(found["clean_r"]).sum())
    left_out = f"{flat} recording{'' if flat == 1 else 's'} without a response left out. " if flat else ""
    beside = f"{left_out}The recorded trace itself has {np.nanmean(found['recorded_clean_r']):.3f} in the mean."
    both = np.isfinite(found["clean_r"]) & np.isfinite(found["r"])

    def ratio(rows: np.ndarray) -> float:
        rows = rows[both[rows]]
        return _divided(found["r"][rows].sum(), found["recorded_clean_r"][rows].sum())

    every = np.arange(len(both))
    return [
        *(
            _score(
                comparison,
                f"reconstruction_clean_correlation_{name}",
                names[f"clean_correlation_{name}"],
                statistic,
                found["clean_r"],
                np.where(both, 1.0, np.nan),
                better="higher",
                note=beside,
                allowed=(0.97, None) if name == "mean" else (None, None),
            )
            for name, statistic in (("mean", np.nanmean), ("median", np.nanmedian))
        ),
        _score(
            comparison,
            "reconstruction_clean_rmse_uv",
            names["clean_rmse_uv"],
            _root_mean,
            found["clean_mse"],
            np.zeros(len(both)),
            "µV",
            note=f"The recorded trace itself has {_root_mean(found['noise_mse']):.4f} µV.",
        ),
        Score(
            "reconstruction_correlation_ratio",
            names["correlation_ratio"],
            ratio(every),
            interval=patient_interval(ratio, comparison.patients, comparison.seed),
            limit=1.0,
            allowed=(0.97, None),
            better="higher",
            n=int(both.sum()),
            note=f"{left_out}Means over recordings, divided. Above 1, noise is rebuilt along with the response.",
            untold="" if both.any() else "no recording has a response",
        ),
    ]


def _labels_from_trace(comparison: Comparison, model: TrainedModel) -> np.ndarray:
    """[N, 6] labels predicted with all labels hidden, ms and µV."""
    inputs = model_inputs(on_time_axis(model, comparison.real), model.scaling)
    shown = hidden(inputs, range(len(LABELS)))
    return predict_labels(model.network, model.scaling, shown, reading=model.label_reading).mean


def _label_scores(predicted: np.ndarray, comparison: Comparison) -> list[Score]:
    """Mean absolute error of each label, read from the trace alone; beside it the training mean's."""
    truth = comparison.real.table[list(LABEL_NAMES)].to_numpy(float)
    usual = comparison.train.table[list(LABEL_NAMES)].mean().to_numpy(float)
    return [
        _score(
            comparison,
            f"reconstruction_mae_{column.name}",
            f"{column.label} read from the trace alone, mean absolute error",
            np.nanmean,
            np.abs(predicted[:, k] - truth[:, k]),
            np.full(len(truth), np.nan),
            column.unit,
            note=f"All labels hidden from the encoder. Predicting the training mean misses by "
            f"{_mean(np.abs(usual[k] - truth[:, k])):.3g} {column.unit}.",
            untold="no held-out recording has this label",
        )
        for k, column in enumerate(LABELS)
    ]


def _over_time(time_ms: np.ndarray, recorded: np.ndarray, rebuilt: np.ndarray, clean: np.ndarray | None):
    """R² and RMSE per sample."""

    def r2(truth: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return 1 - ((rebuilt - truth) ** 2).mean(0) / truth.var(0)

    columns = {"time_ms": time_ms, "r2": r2(recorded), "rmse_uv": np.sqrt(((rebuilt - recorded) ** 2).mean(0))}
    if clean is not None:
        columns |= {"clean_r2": r2(clean), "clean_rmse_uv": np.sqrt(((rebuilt - clean) ** 2).mean(0))}
    return pd.DataFrame(columns)


def _by_cell(found: dict, table: pd.DataFrame) -> pd.DataFrame:
    """Means per level and hearing class with at least :data:`SMALLEST_CELL` recordings."""
    rows = []
    for (level, loss), at in table.groupby([INTENSITY.name, HEARING_LOSS.name], observed=True).indices.items():
        if len(at) >= SMALLEST_CELL:
            row = {INTENSITY.name: level, HEARING_LOSS.name: loss, "recordings": len(at)}
            row |= {"rmse_uv": _root_mean(found["mse"][at]), "correlation": _mean(found["r"][at])}
            if "clean_r" in found:
                row |= {
                    "clean_rmse_uv": _root_mean(found["clean_mse"][at]),
                    "clean_correlation": _mean(found["clean_r"][at]),
                    "recorded_clean_correlation": _mean(found["recorded_clean_r"][at]),
                }
            rows.append(row)
    return pd.DataFrame(rows)


def _score(
    comparison: Comparison, key: str, name: str, statistic, values: np.ndarray, limit: np.ndarray, unit="", **more
) -> Score:
    """A statistic of values per recording; NaN are left out of value, interval and n."""
    present = np.isfinite(values)
    untold = more.pop("untold", "there is no recording to tell from")
    more = {"n": int(present.sum())} | more
    if not present.any():
        return Score(key, name, np.nan, unit, untold=untold, **more)

    def of(rows: np.ndarray) -> float:
        kept = values[rows]
        kept = kept[np.isfinite(kept)]
        return float(statistic(kept)) if len(kept) else np.nan

    known = limit[np.isfinite(limit)]
    return Score(
        key,
        name,
        of(np.arange(len(values))),
        unit,
        interval=patient_interval(of, comparison.patients, comparison.seed),
        limit=float(statistic(known)) if len(known) else np.nan,
        **more,
    )


def _explained(errors: np.ndarray, variance: np.ndarray) -> float:
    return 1 - _divided(errors.sum(), variance.sum())


def _root_mean(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values)))


def _mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def _divided(a: float, b: float) -> float:
    return float(a / b) if b else np.nan
