"""How well generated recordings pass for held-out ones: ``python benchmarks/fidelity.py --model FOLDER --cohort FILE``.

The cohort must be the one that the model was trained on: its held-out patients are found again from the preset. Every
held-out recording gets a generated one of the same conditions. Reported, each beside the same figure between two
groups of held-out patients (the floor):

- two-sample AUC: a gradient-boosting classifier tells generated from held-out by 30 principal components, log power in
  12 bands, nine simple statistics and the conditions; folds by patient; 0.5 means it cannot;
- Fréchet distance in 20 principal components, in units of the largest one's SD;
- error of the mean trace per level and hearing class with at least 40 recordings;
- median distance to the nearest training recording in 30 principal components, for generated and for held-out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from scipy.linalg import sqrtm
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.neighbors import NearestNeighbors

from abr_model.cohort import Cohort
from abr_model.generation.generate import generate
from abr_model.model import TrainedModel
from abr_model.schema import CONDITION_NAMES, HEARING_LOSS_CODES
from abr_model.training.parts import prepare_parts

BANDS = np.array([0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 30, 45, 70])
SMALLEST_CELL = 40


class Components:
    """Principal components of the training traces."""

    def __init__(self, training: np.ndarray):
        self.mean = training.mean(0)
        self.axes = np.linalg.svd(training - self.mean, full_matrices=False)[2]

    def __call__(self, traces: np.ndarray, n: int) -> np.ndarray:
        return (traces - self.mean) @ self.axes[:n].T


def features(traces: np.ndarray, conditions: np.ndarray, components: Components) -> np.ndarray:
    """[N, F] what the classifier sees of traces [N, T] and conditions [N, 4]."""
    power = np.abs(np.fft.rfft(traces * np.hanning(traces.shape[1]))) ** 2
    bands = np.log(np.add.reduceat(power, BANDS[:-1], axis=1) / np.diff([*BANDS[:-1], power.shape[1]]) + 1e-4)
    centred = traces - traces.mean(1, keepdims=True)
    simple = [
        traces.max(1), traces.min(1), traces.argmax(1), traces.argmin(1), traces.std(1), traces[:, 0], traces[:, -1],
        np.abs(np.diff(traces)).mean(1), (centred**4).mean(1) / traces.var(1) ** 2,
    ]  # fmt: skip
    return np.column_stack([components(traces, 30), bands, *simple, conditions])


def two_sample_auc(a: np.ndarray, b: np.ndarray, patients_a: np.ndarray, patients_b: np.ndarray) -> float:
    """AUC of telling ``b`` from ``a``, cross-validated with folds by patient."""
    x, y = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    scores = np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, np.concatenate([patients_a, patients_b])):
        classifier = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.08, max_leaf_nodes=16, random_state=0)
        scores[test] = classifier.fit(x[train], y[train]).predict_proba(x[test])[:, 1]
    return float(roc_auc_score(y, scores))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance between two clouds of points [N, D], each taken as Gaussian."""
    covariance_a, covariance_b = np.cov(a.T), np.cov(b.T)
    root = np.real(sqrtm(covariance_a @ covariance_b))
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(covariance_a + covariance_b - 2 * root))


def cell_error_nv(generated: Cohort, held_out: Cohort) -> float:
    """RMSE in nV of the mean trace over cells of level and hearing class."""
    cells = held_out.table.groupby(["intensity_db_nhl", "hearing_loss"]).indices.values()
    errors = [
        ((generated.waveforms[rows].mean(0) - held_out.waveforms[rows].mean(0)) ** 2).mean()
        for rows in cells
        if len(rows) >= SMALLEST_CELL
    ]
    return float(1000 * np.sqrt(np.mean(errors)))


def condition_numbers(cohort: Cohort) -> np.ndarray:
    """[N, 4] conditions as numbers for a tree: log-age, level, rate, class index."""
    table = cohort.table[list(CONDITION_NAMES)].copy()
    table["age_years"] = np.log(table["age_years"] + 0.1)
    table["hearing_loss"] = table["hearing_loss"].map(HEARING_LOSS_CODES.index)
    return table.to_numpy(float)


def measure(model: TrainedModel, cohort: Cohort, seed: int) -> dict:
    """All figures of one model on the held-out patients of its cohort."""
    parts = prepare_parts(cohort, model.preset)
    held_out, other = parts.test, parts.validation
    generated = generate(model, held_out.table[list(CONDITION_NAMES)], seed, "recording")
    components = Components(parts.train.waveforms[::3])
    scale = components(held_out.waveforms, 1).std()
    seen = {
        name: features(c.waveforms, condition_numbers(held_out if c is generated else c), components)
        for name, c in (("generated", generated), ("held_out", held_out), ("other", other))
    }
    patients, others = held_out.table["patient_id"].to_numpy(), other.table["patient_id"].to_numpy()
    nearest = NearestNeighbors(n_neighbors=1).fit(components(parts.train.waveforms, 30) / scale)

    def distance(c: Cohort) -> float:
        return float(np.median(nearest.kneighbors(components(c.waveforms, 30) / scale)[0]))

    def in_components(c: Cohort) -> np.ndarray:
        return components(c.waveforms, 20) / scale

    return {
        "model": model.model_id,
        "held_out_recordings": len(held_out),
        "auc": two_sample_auc(seen["generated"], seen["held_out"], patients, patients),
        # without conditions: between different patients the age gives the patient away
        "auc_floor": two_sample_auc(seen["other"][:, :-4], seen["held_out"][:, :-4], others, patients),
        "frechet": frechet(in_components(generated), in_components(held_out)),
        "frechet_floor": frechet(in_components(other), in_components(held_out)),
        "cell_mean_rmse_nv": cell_error_nv(generated, held_out),
        "nearest_training_generated": distance(generated),
        "nearest_training_held_out": distance(held_out),
    }


def main() -> None:
    """Print the figures of one or more models; ``--json`` writes them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+", required=True, help="model folders")
    parser.add_argument("--cohort", type=Path, required=True, help="the cohort they were trained on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cohort = Cohort.read(arguments.cohort)
    rows = []
    for folder in arguments.model:
        model = TrainedModel.load(folder)
        if model.provenance.cohort_digest != cohort.digest():
            parser.error(f"{folder.name} was trained on another cohort")
        rows.append(
            {"preset": model.preset.name, "epochs": model.provenance.epochs} | measure(model, cohort, arguments.seed)
        )
        print(json.dumps(rows[-1], indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
