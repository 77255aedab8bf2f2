"""Does the generator give its training patients away? Nearness to them, membership attacks, near-copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from abr_model.evaluation.auc import RankedScores
from abr_model.evaluation.bootstrap import patient_interval
from abr_model.evaluation.comparison import Comparison
from abr_model.evaluation.features import Components
from abr_model.evaluation.privacy.matched import Matched, matched, matched_real
from abr_model.evaluation.privacy.membership import (
    COMPONENTS,
    nearest_generated,
    nearest_generated_for_its_kind,
    points_of,
    small_loss,
)
from abr_model.evaluation.privacy.near_copies import BY_CHANCE, SAME, CopyFinder
from abr_model.evaluation.privacy.neighbours import nearest_distance, nearest_positions
from abr_model.evaluation.score import Score, Section

if TYPE_CHECKING:
    from abr_model.model import TrainedModel

KEY, TITLE = "privacy", "Privacy"
ALLOWED_AUC = (None, 0.55)
ALLOWED_SHARE = (0.47, 0.53)
NEIGHBOURS = 50
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95)
FEWEST_PATIENTS = 3
"""On each side."""

DISTANCE_RATIO = Score(
    "distance_ratio",
    "Distance to the nearest training recording, generated over held-out",
    float("nan"),
    better="near limit",
    of="patients",
    note=(
        "median over patients of the median of each one's recordings, in 30 principal components; below 1: generated "
        "recordings are nearer to training recordings than a new patient's are. A generator that leaves the residual "
        "noise out is below 1 for that alone"
    ),
    source="distance to the closest record: Zhao et al. 2021 (CTAB-GAN)",
)
NEARER = Score(
    "nearer_to_training",
    "Nearer to a training than to a held-out patient",
    float("nan"),
    allowed=ALLOWED_SHARE,
    better="near limit",
    note=(
        "share of recordings generated for the conditions of training and of held-out patients, as many of each, whose "
        "nearest recording is a training patient's, among as many recordings of both; limit: recordings of a third "
        "group of patients. The interval resamples the patients that they are near to as well"
    ),
    source="Platzer & Reutterer 2021",
)
COPIES = Score(
    "near_copies",
    "Near-copies of a training recording",
    float("nan"),
    unit="%",
    better="lower",
    note=(
        "share of recordings generated for the conditions of training patients that are closer to one training "
        f"patient's recording than to everyone else's by a factor that {BY_CHANCE:.1%} of real recordings of new "
        f"patients reach, or that correlate with one beyond {SAME}; limit: held-out recordings"
    ),
    source="nearest-neighbour distance ratio: Lowe 2004; Zhao et al. 2021 (CTAB-GAN)",
)
ATTACKS = (
    Score(
        "membership_auc_nearest",
        "Membership inference: nearest generated recording",
        float("nan"),
        allowed=ALLOWED_AUC,
        note="AUC of telling training from held-out recordings by how near a generated one is",
        source="Chen et al. 2020, GAN-Leaks",
    ),
    Score(
        "membership_auc_relative",
        "Membership inference: nearest generated beside nearest other person's",
        float("nan"),
        allowed=ALLOWED_AUC,
        note="as above; the distance to recordings of other training patients says how common a trace is",
        source="after van Breugel et al. 2023, DOMIAS",
    ),
    Score(
        "membership_auc_loss",
        "Membership inference: loss in the network",
        float("nan"),
        allowed=ALLOWED_AUC,
        note="AUC by the reconstruction's whitened error + KL; the attacker holds the network",
        source="Yeom et al. 2018",
    ),
)


def privacy_section(
    comparison: Comparison,
    model: TrainedModel | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> Section:
    """Whether generated recordings, or the network, give training patients away.

    Everything but the distance ratio compares training with held-out patients (validation and test part) by recordings
    that are generated for the conditions of *both*, as many of each: for conditions of held-out patients alone the
    generated recordings would be nearer to held-out recordings because of the conditions that they share.

    Parameters
    ----------
    comparison
        With ``generate``; without it only the distance ratio and the near-copies of ``generated`` can be told.
    model
        The network for the attack on it; None: that attack is left out.
    """
    tell = on_progress or (lambda _: None)
    attacks = [score for attack in ATTACKS for score in (attack, _by_patient(attack))]
    reason = _why_not(comparison)
    if reason:
        scores = (DISTANCE_RATIO, NEARER, *attacks, COPIES)
        return Section(KEY, TITLE, [replace(s, untold=reason) for s in scores])
    finder = CopyFinder(comparison.train, seed=comparison.seed)
    tell(0.1)
    distance, tables = _distances(comparison)
    tell(0.3)
    if comparison.generate is None:
        reason = "there is no generator to ask for recordings of the training patients' conditions"
        copies = _copies(finder, comparison, comparison.generated.waveforms, comparison.patients)
        untold = [replace(s, untold=reason) for s in (NEARER, *attacks)]
        return Section(KEY, TITLE, [distance, *untold, copies], tables)
    sides, real = matched(comparison), matched_real(comparison)
    tell(0.6)
    n = len(sides.members)
    copies = _copies(finder, comparison, sides.generated.waveforms[:n], sides.patients[:n])
    nearer = _nearer(sides, real, comparison)
    tell(0.7)
    attacks = _attacks(sides, real, comparison, model)
    tables["membership"] = pd.DataFrame(
        [(s.name, s.of, s.value, *(s.interval or (np.nan, np.nan)), s.limit, s.n) for s in attacks],
        columns=["attack", "of", "auc", "auc_low", "auc_high", "auc_real_against_real", "n"],
    )
    tell(1.0)
    return Section(KEY, TITLE, [distance, nearer, *attacks, copies], tables)


def _why_not(comparison: Comparison) -> str:
    parts = {
        name: set(getattr(comparison, name).table["patient_id"].astype(str)) for name in ("train", "other", "real")
    }
    if parts["train"] & (parts["other"] | parts["real"]):
        return "the same patients are in the training and in the held-out part (split by recording)"
    if min(len(patients) for patients in parts.values()) < FEWEST_PATIENTS:
        return f"fewer than {FEWEST_PATIENTS} patients in the training, validation or test part"
    return ""


def _by_patient(attack: Score) -> Score:
    return replace(attack, key=f"{attack.key}_patient", name=f"{attack.name}, by patient", of="patients")


def _untold(attack: Score, reason: str) -> list[Score]:
    return [replace(score, untold=reason) for score in (attack, _by_patient(attack))]


# --- nearness -------------------------------------------------------------------------------------------------------


def _distances(comparison: Comparison) -> tuple[Score, dict[str, pd.DataFrame]]:
    components = Components(comparison.train.waveforms)
    training = components(comparison.train.waveforms, COMPONENTS)
    patients = {"generated": comparison.patients, "real": comparison.patients}
    patients["other"] = comparison.other.table["patient_id"].to_numpy()
    far = {
        name: nearest_distance(components(getattr(comparison, name).waveforms, COMPONENTS), training)
        for name in patients
    }
    by_patient = {name: pd.Series(far[name]).groupby(patients[name].astype(str)).median() for name in patients}
    beside = pd.concat([by_patient[name] for name in ("generated", "real")], axis=1).to_numpy()

    def ratio(rows: np.ndarray) -> float:
        above, below = np.median(beside[rows], axis=0)
        return float(above / below) if below > 0 else float("nan")

    both = np.concatenate([by_patient["other"], by_patient["real"]])
    others = len(by_patient["other"])

    def real_ratio(rows: np.ndarray) -> float:
        above, below = both[rows[rows < others]], both[rows[rows >= others]]
        if not len(above) or not len(below) or np.median(below) <= 0:
            return float("nan")
        return float(np.median(above) / np.median(below))

    score = replace(
        DISTANCE_RATIO,
        value=ratio(np.arange(len(beside))),
        interval=patient_interval(ratio, np.arange(len(beside)), comparison.seed),
        limit=real_ratio(np.arange(len(both))),
        limit_interval=patient_interval(real_ratio, np.arange(len(both)), comparison.seed),
        n=len(beside),
    )
    if not np.isfinite(score.value):
        score = replace(score, untold="held-out recordings are in the training part")
    quantiles = pd.DataFrame({"quantile": QUANTILES})
    for name, title in (("generated", "generated"), ("real", "held_out"), ("other", "other_held_out")):
        quantiles[f"{title}_uv"] = np.quantile(far[name], QUANTILES)
    return score, {"distance_to_training": quantiles}


def _nearer(sides: Matched, real: Matched, comparison: Comparison) -> Score:
    def share(groups: Matched, query_patients: np.ndarray) -> tuple[float, tuple[float, float] | None]:
        both, queries, _ = points_of(groups)
        near = nearest_positions(queries, both, NEIGHBOURS)
        member, names = groups.is_member, np.concatenate([groups.patients, query_patients]).astype(str)
        of = np.unique(names, return_inverse=True)[1]
        near_of, references = of[near], len(both)

        def statistic(rows: np.ndarray) -> float:
            drawn = np.zeros(of.max() + 1, dtype=bool)
            drawn[of[rows[rows < references]]] = True
            asked = rows[rows >= references] - references
            first = drawn[near_of[asked]].argmax(1)
            return float(member[near[asked, first]].mean())

        everyone = np.arange(len(names))
        return statistic(everyone), patient_interval(statistic, names, comparison.seed)

    value, interval = share(sides, sides.patients)
    limit, limit_interval = share(real, comparison.patients)
    n = len(sides.generated)
    return replace(NEARER, value=value, interval=interval, limit=limit, limit_interval=limit_interval, n=n)


def _copies(finder: CopyFinder, comparison: Comparison, traces: np.ndarray, patients: np.ndarray) -> Score:
    found = finder.find(traces).mask
    held_out = [comparison.other, comparison.real]
    limit = np.concatenate([finder.find(cohort.waveforms).mask for cohort in held_out])
    others = np.concatenate([cohort.table["patient_id"].to_numpy() for cohort in held_out])
    return replace(
        COPIES,
        value=100 * float(found.mean()),
        interval=patient_interval(lambda rows: 100 * float(found[rows].mean()), patients, comparison.seed),
        limit=100 * float(limit.mean()),
        limit_interval=patient_interval(lambda rows: 100 * float(limit[rows].mean()), others, comparison.seed),
        n=len(found),
    )


# --- membership -----------------------------------------------------------------------------------------------------


def _attacks(sides: Matched, real: Matched, comparison: Comparison, model: TrainedModel | None) -> list[Score]:
    by_nearest, by_relative, by_loss = ATTACKS
    scores = _by_recording_and_patient(by_nearest, [(g, nearest_generated(g)) for g in (sides, real)], comparison.seed)
    if len(sides.rest) and len(real.rest):
        pairs = [(g, nearest_generated_for_its_kind(g)) for g in (sides, real)]
        scores += _by_recording_and_patient(by_relative, pairs, comparison.seed)
    else:
        scores += _untold(by_relative, "there are no other training patients to compare with")
    if model is None:
        return scores + _untold(by_loss, "no network was given to attack")
    pairs = [(g, small_loss(g, model)) for g in (sides, _unseen(comparison))]
    return scores + _by_recording_and_patient(by_loss, pairs, comparison.seed)


def _unseen(comparison: Comparison) -> Matched:
    """Two groups of patients that the network has not learned from."""
    return Matched(comparison.other, comparison.real, comparison.train, comparison.generated)


def _by_recording_and_patient(attack: Score, pairs, seed: int) -> list[Score]:
    measured = {"recordings": [], "patients": []}
    for groups, belief in pairs:
        table = pd.DataFrame({"patient": groups.patients, "member": groups.is_member, "belief": belief})
        for of, rows in (("recordings", table), ("patients", table.groupby("patient", as_index=False).mean())):
            auc = RankedScores(rows["belief"].to_numpy(), rows["member"].to_numpy() > 0)
            measured[of].append((auc(), patient_interval(auc, rows["patient"].to_numpy(), seed), len(rows)))
    return [
        replace(
            attack if of == "recordings" else _by_patient(attack),
            value=value,
            interval=interval,
            limit=limit,
            limit_interval=limit_interval,
            n=n,
        )
        for of, ((value, interval, n), (limit, limit_interval, _)) in measured.items()
    ]
