"""From a closed study to its results."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from abr_model.review.analysis.accuracy import accuracy, against_chance, clopper_pearson
from abr_model.review.analysis.agreement import cohen_kappa, fleiss_kappa, krippendorff_alpha, pairs
from abr_model.review.analysis.cells import cells
from abr_model.review.analysis.detection import rating_auc, roc_points, sensitivity
from abr_model.review.analysis.judgements import by_reviewer, judgements, marked_waves
from abr_model.review.analysis.latencies import error_of_one
from abr_model.review.analysis.marks import latency_agreement
from abr_model.review.analysis.noticing import notes, noticed_things
from abr_model.review.analysis.plausibility import plausibility
from abr_model.review.analysis.resampling import item_intervals
from abr_model.review.analysis.results import Agreement, ItemResult, Pair, PlausibilityResult, Reviewer, ReviewResults
from abr_model.review.analysis.words import statement, verdict_of
from abr_model.review.answer import RATINGS
from abr_model.review.config import StudyConfig
from abr_model.review.store import AnswerStore
from abr_model.review.study import Study


def analyse(study: Study, store: AnswerStore | None = None) -> ReviewResults:
    """Results of a closed study.

    Only answers that were confirmed count. Repeats count for the agreement of a reviewer with themselves alone.

    Raises
    ------
    InputError
        The study is still open, or a file of it is damaged.
    """
    store = store or study.store()
    config, key = study.config, study.key(store)
    stored = store.answers()
    table, marks = judgements(stored, key), marked_waves(stored, key)
    codes = list(config.reviewers) or sorted({one.reviewer for one in stored})
    found = accuracy(table)
    first = table[table["repeat"] == 0]
    ratings = by_reviewer(table, "rating")
    kinds = key.generated[ratings.columns.to_numpy(dtype=int)] if ratings.size else np.zeros(0, dtype=bool)
    closed = store.closed
    return ReviewResults(
        study=study.id,
        label=config.label,
        notice=config.notice,
        kind=config.kind,
        cohort=config.cohort,
        model=config.model,
        model_id=config.model_id,
        held_out=config.held_out,
        items=config.items,
        generated_items=int(key.generated.sum()),
        display=config.display,
        margin=config.margin,
        closed="" if closed is None else closed.isoformat(timespec="seconds"),
        verdict=verdict_of(found, config.margin),
        statement=statement(found, config),
        answers=len(table),
        asked=config.presentations * len(codes),
        accuracy=found and found.value,
        accuracy_interval=found and found.interval,
        accuracy_narrow=found and found.narrow,
        effective_answers=found and found.effective,
        holds_for=found.of if found else "",
        **_told_apart(ratings.to_numpy(), kinds, config.seed),
        ratings={
            name: [int(((first["generated"] == is_generated) & (first["rating"] == k)).sum()) for k in _scale()]
            for name, is_generated in (("recorded", False), ("generated", True))
        },
        roc={
            code: roc_points(own["rating"], own["generated"])
            for code, own in first.groupby("reviewer")
            if own["generated"].nunique() == 2
        },
        plausibility=_plausibility(table, config),
        reviewers=[_reviewer(code, table, marks, config) for code in codes],
        agreement=_agreement(table, key.generated, config),
        pairs=_pairs(by_reviewer(table, "called_generated")),
        latencies=latency_agreement(marks, config),
        cells=cells(table),
        noticed=noticed_things(table) if config.noticed else [],
        notes=notes(table),
        by_item=_by_item(first),
        seconds={
            name: _number(first.loc[first["generated"] == is_generated, "seconds"].median())
            for name, is_generated in (("recorded", False), ("generated", True))
        },
    )


def _scale() -> range:
    return range(1, RATINGS + 1)


def _told_apart(ratings: np.ndarray, generated: np.ndarray, seed: int) -> dict:
    """d′, criterion, area under the ROC of [reviewers, items] ratings: means over reviewers, intervals over items."""

    def means(columns: np.ndarray | slice) -> tuple[float, float, float]:
        found = []
        for row in ratings[:, columns]:
            answered = np.isfinite(row)
            own, kinds = row[answered], generated[columns][answered]
            if kinds.any() and not kinds.all():
                called = own > RATINGS // 2
                one = sensitivity(
                    int(called[kinds].sum()), int(kinds.sum()), int(called[~kinds].sum()), int((~kinds).sum())
                )
                found.append((one.d_prime, one.criterion, rating_auc(own, kinds)))
        return tuple(np.mean(found, axis=0)) if found else (math.nan,) * 3

    if not ratings.size:
        return dict.fromkeys(("d_prime", "d_prime_interval", "criterion", "auc", "auc_interval"))
    d_prime, criterion, auc = means(slice(None))
    of_d_prime, _, of_auc = item_intervals(means, generated, seed)
    return {
        "d_prime": _number(d_prime),
        "criterion": _number(criterion),
        "auc": _number(auc),
        "d_prime_interval": of_d_prime,
        "auc_interval": of_auc,
    }


def _reviewer(code: str, table: pd.DataFrame, marks: pd.DataFrame, config: StudyConfig) -> Reviewer:
    own = table[table["reviewer"] == code]
    first, second = own[own["repeat"] == 0].set_index("item"), own[own["repeat"] == 1].set_index("item")
    n, right, generated = len(first), int(first["correct"].sum()), int(first["generated"].sum())
    both_kinds = 0 < generated < n
    called = first["called_generated"]
    one = sensitivity(
        int((called & first["generated"]).sum()), generated, int((called & ~first["generated"]).sum()), n - generated
    )
    again = first.join(second[["called_generated"]], rsuffix="_again", how="inner")
    twice = marks[marks["reviewer"] == code].pivot_table(index=["item", "trace", "wave"], columns="repeat", values="ms")
    of_kind = [first.loc[first["generated"] == kind, "correct"].mean() for kind in (True, False)]
    return Reviewer(
        code=code,
        answers=len(own),
        of=config.presentations,
        right=right,
        recorded=n - generated,
        generated=generated,
        accuracy=float(np.mean(of_kind)) if both_kinds else None,
        interval=clopper_pearson(right, n) if n else None,
        p=against_chance(right, n) if n else None,
        d_prime=one.d_prime if both_kinds else None,
        d_prime_interval=one.interval if both_kinds else None,
        criterion=one.criterion if both_kinds else None,
        auc=_number(rating_auc(first["rating"], first["generated"])) if both_kinds else None,
        median_seconds=_number(own["seconds"].median()),
        repeated=len(again),
        same_call=_number((again["called_generated"] == again["called_generated_again"]).mean()),
        own_kappa=_number(cohen_kappa(again["called_generated"], again["called_generated_again"])),
        own_error_ms=_number(error_of_one(twice[0], twice[1])) if {0, 1} <= set(twice.columns) else None,
    )


def _agreement(table: pd.DataFrame, generated: np.ndarray, config: StudyConfig) -> list[Agreement]:
    questions = [("recorded or generated", "called_generated", "nominal"), ("how sure", "rating", "ordinal")]
    questions += [("plausibility", "plausibility", "ordinal")] if config.plausibility else []
    rows = []
    for words, column, level in questions:
        values = by_reviewer(table, column)
        if len(values) < 2:
            continue
        matrix, kinds = values.to_numpy(), generated[values.columns.to_numpy(dtype=int)]
        [interval] = item_intervals(
            lambda items, m=matrix, k=level: [krippendorff_alpha(m[:, items], k)], kinds, config.seed
        )
        kappa = _number(fleiss_kappa(matrix)) if level == "nominal" else None
        alpha = _number(krippendorff_alpha(matrix, level))
        rows.append(Agreement(question=words, alpha=alpha, alpha_interval=interval, level=level, kappa=kappa))
    return rows


def _pairs(calls: pd.DataFrame) -> list[Pair]:
    found = []
    for one, other in pairs(list(calls.index)):
        both = calls.loc[[one, other]].dropna(axis=1).to_numpy()
        same = float((both[0] == both[1]).mean()) if both.size else None
        kappa = _number(cohen_kappa(*both)) if both.size else None
        found.append(Pair(one=one, other=other, kappa=kappa, same=same, items=both.shape[1]))
    return found


def _plausibility(table: pd.DataFrame, config: StudyConfig) -> PlausibilityResult | None:
    found = plausibility(table)
    if found is None:
        return None
    values = by_reviewer(table, "plausibility").mean(axis=0)
    kinds = table.groupby("item")["generated"].first().reindex(values.index).to_numpy(dtype=bool)
    means = values.to_numpy()

    [interval] = item_intervals(lambda items: [rating_auc(means[items], kinds[items])], kinds, config.seed)
    return PlausibilityResult(**vars(found), superiority_interval=interval)


def _by_item(first: pd.DataFrame) -> list[ItemResult]:
    return [
        ItemResult(
            item=int(item),
            generated=bool(of["generated"].iloc[0]),
            ratings={code: int(rating) for code, rating in zip(of["reviewer"], of["rating"], strict=True)},
            mean_rating=float(of["rating"].mean()),
            called_generated=int(of["called_generated"].sum()),
        )
        for item, of in first.groupby("item")
    ]


def _number(value) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
