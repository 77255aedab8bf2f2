"""One thing at a time of a closed study: reviewers, latencies, agreement, where, what was noticed, the items."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from abr_model.review.analysis.judgements import marked_waves
from abr_model.review.analysis.results import LatencyAgreement, ReviewResults
from abr_model.review.study import Key, Study
from abr_model.schema import Kind
from dashboard.charts.review import bland_altman_figure, cells_figure, items_figure, noticed_figure, roc_figure
from dashboard.widgets.download import download_table, figure_box
from dashboard.widgets.review.studies import items_of, store_of

ITEMS_SHOWN = 8


def reviewers_look(study: Study, results: ReviewResults, theme: str) -> None:
    """A row for each reviewer, and their ROC."""
    rows = [
        {
            "Reviewer": r.code,
            "Answers": f"{r.answers} of {r.of}",
            "Right": None if r.accuracy is None else 100 * r.accuracy,
            "p (chance)": r.p,
            "d′": r.d_prime,
            "c": r.criterion,
            "AUC": r.auc,
            "Time (s)": r.median_seconds,
            "Same call twice": None if r.same_call is None else 100 * r.same_call,
            "Error of a mark (ms)": r.own_error_ms,
        }
        for r in results.reviewers
    ]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        table = pd.DataFrame(rows)
        formats = {
            "Right": "%.0f %%",
            "p (chance)": "%.3f",
            "d′": "%.2f",
            "c": "%.2f",
            "AUC": "%.2f",
            "Time (s)": "%.0f",
        }
        formats |= {"Same call twice": "%.0f %%", "Error of a mark (ms)": "%.3f"}
        columns = {name: st.column_config.NumberColumn(name, format=form) for name, form in formats.items()}
        st.dataframe(table, hide_index=True, column_config=columns)
        st.caption(
            "d′: 0 is not told apart (log-linear, Hautus 1995). c above 0 leans to “recorded”. AUC: of the six-point "
            "ratings. Error of a mark: Dahlberg's, of waves marked twice. p: exact test against chance."
        )
        times = {name: f"{value:.0f} s" for name, value in results.seconds.items() if value is not None}
        if times:
            st.caption("Median time on an item: " + ", ".join(f"{name} {value}" for name, value in times.items()) + ".")
    with right:
        figure_box(roc_figure(results, theme), "ROC of the ratings", "Hits against false alarms.", "review_roc")


def latencies_look(study: Study, results: ReviewResults, theme: str) -> None:
    """Bland–Altman of one wave and one pair of markings."""
    names = {k: _pair_name(one) for k, one in enumerate(results.latencies)}
    chosen = st.selectbox("Marks of", list(names), format_func=names.get, key="review_pair", width=520)
    limits = results.latencies[chosen]
    mean, difference, generated = _points(_marks(str(study.folder)), limits)
    figure_box(
        bland_altman_figure(mean, difference, generated, limits, results.kind, theme),
        f"Wave {limits.wave}: {limits.one} minus {limits.other}",
        f"Bias {limits.bias:+.3f} ms, limits of agreement {limits.lower:+.3f} to {limits.upper:+.3f} ms.",
        "review_bland_altman",
        note=f"n = {limits.n}",
        table=pd.DataFrame({"mean_ms": mean, "difference_ms": difference, "generated": generated}),
        caption=_caption(limits),
    )


def _caption(limits: LatencyAgreement) -> str:
    words = (
        f"Bias {limits.bias:+.3f} ms (95 % interval {limits.bias_interval[0]:+.3f} to {limits.bias_interval[1]:+.3f}); "
        f"95 % of differences lie between {limits.lower:+.3f} and {limits.upper:+.3f} ms. Shaded: 95 % intervals "
        "(Bland & Altman 1986)."
    )
    if limits.absent_same is None:
        return words
    return words + f" On {limits.absent_same:.0%} of the traces both saw the wave, or both did not."


def agreement_look(study: Study, results: ReviewResults, theme: str) -> None:
    """α of each question, κ of every two reviewers."""
    left, right = st.columns(2, gap="medium")
    rows = [
        {
            "Question": one.question,
            "Krippendorff's α": one.alpha,
            "from": one.alpha_interval and one.alpha_interval[0],
            "to": one.alpha_interval and one.alpha_interval[1],
            "Fleiss' κ": one.kappa,
        }
        for one in results.agreement
    ]
    with left:
        _numbers(pd.DataFrame(rows), ("Krippendorff's α", "from", "to", "Fleiss' κ"))
        st.caption("1: all say the same; 0: as if by chance. “from … to”: 95 % interval over items.")
    with right:
        pairs = pd.DataFrame(
            [
                {"Reviewers": f"{p.one}, {p.other}", "Cohen's κ": p.kappa, "Same call": p.same, "Items": p.items}
                for p in results.pairs
            ]
        )
        _numbers(pairs, ("Cohen's κ", "Same call"))


def where_look(study: Study, results: ReviewResults, theme: str) -> None:
    """Accuracy by level, hearing and age."""
    alt = ", ".join(f"{cell.band} {cell.accuracy:.0%}" for cell in results.cells)
    table = pd.DataFrame([cell.model_dump() for cell in results.cells])
    caption = "n answers; a level series counts as its loudest level. Bands without answers on both kinds are left out."
    figure_box(
        cells_figure(results.cells, results.margin, theme),
        "Right answers by condition",
        alt,
        "review_where",
        table=table,
        note="95 % intervals",
        caption=caption,
    )


def noticed_look(study: Study, results: ReviewResults, theme: str) -> None:
    """Tick-boxes by kind of item, and notes."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        alt = ", ".join(f"{one.what}: {one.recorded} recorded, {one.generated} generated" for one in results.noticed)
        table = pd.DataFrame([one.model_dump() for one in results.noticed])
        figure_box(noticed_figure(results, theme), "What was noticed", alt, "review_noticed", table=table)
    with right:
        st.markdown("**Notes**")
        if results.notes:
            notes = pd.DataFrame([note.model_dump() for note in results.notes])
            notes["item"] += 1
            notes["generated"] = notes["generated"].map({True: "generated", False: "recorded"})
            notes = notes.rename(columns={"generated": "is", "rating": "rated"})
            st.dataframe(notes[["item", "is", "rated", "note", "reviewer"]], hide_index=True)
            download_table(notes, "Review notes", "review_notes_csv")
        else:
            st.caption("Nobody wrote one.")


def items_look(study: Study, results: ReviewResults, theme: str) -> None:
    """The items that were recognised best, and those that passed for the other kind."""
    groups = {
        "generated, recognised": (True, True),
        "generated, taken for recorded": (True, False),
        "recorded, taken for generated": (False, True),
        "recorded, recognised": (False, False),
    }
    name = st.segmented_control(
        "Items", list(groups), default="generated, recognised", required=True, key="review_items"
    )
    generated, high = groups[name]
    of_kind = sorted(
        (i for i in results.by_item if i.generated == generated), key=lambda i: i.mean_rating, reverse=high
    )
    shown = [i for i in of_kind if (i.mean_rating > 3.5) == high][:ITEMS_SHOWN]
    if not shown:
        st.caption("There is none.")
        return
    blinded = items_of(study)
    kind = Kind.GENERATED if generated else results.kind
    titles = [f"{_conditions(blinded.items[i.item])} · mean rating {i.mean_rating:.1f}" for i in shown]
    rows = [blinded.items[i.item]["rows"] for i in shown]
    traces = [blinded.traces[first:last] * blinded.step_uv for first, last in rows]
    time_ms = study.config.sampling.time_ms(study.config.samples)
    figure_box(
        items_figure(titles, traces, time_ms, [kind] * len(shown), theme),
        name[:1].upper() + name[1:],
        "; ".join(titles),
        "review_items_figure",
        note="ms, one gain for all; rating 1: surely recorded, 6: surely generated",
        caption=results.notice,
    )


LOOKS = {
    "Reviewers": (lambda results: bool(results.reviewers), reviewers_look),
    "Marked latencies": (lambda results: bool(results.latencies), latencies_look),
    "Agreement": (lambda results: bool(results.agreement), agreement_look),
    "Where": (lambda results: bool(results.cells), where_look),
    "Noticed": (lambda results: bool(results.noticed), noticed_look),
    "Items": (lambda results: True, items_look),
}
"""Name → whether a study has it, and what shows it."""


@st.cache_resource(max_entries=4, show_spinner=False)
def _marks(folder: str) -> pd.DataFrame:
    study = Study(folder)
    store = store_of(study)
    key: Key = study.key(store)
    marks = marked_waves(store.answers(), key)
    return marks[marks["repeat"] == 0]


def _points(marks: pd.DataFrame, limits: LatencyAgreement) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, differences and kinds of the pairs behind ``limits``."""
    of_wave = marks[marks["wave"] == limits.wave].set_index(["item", "trace"])
    one = of_wave[of_wave["reviewer"] == limits.one]
    if limits.which == "all":
        both = one.join(of_wave.loc[of_wave["reviewer"] == limits.other, ["ms"]].rename(columns={"ms": "other"}))
    else:
        both = one[one["generated"] == (limits.which == "generated")].assign(other=lambda table: table["label_ms"])
    both = both.dropna(subset=["ms", "other"])
    mean, difference = (both["ms"] + both["other"]) / 2, both["ms"] - both["other"]
    return mean.to_numpy(), difference.to_numpy(), both["generated"].to_numpy(dtype=bool)


def _pair_name(one: LatencyAgreement) -> str:
    other = {"cohort": "marks of the cohort", "model": "marks of the model"}.get(one.other, one.other)
    items = "all items" if one.which == "all" else f"{one.which} items"
    return f"Wave {one.wave}: {one.one} and {other}, {items}"


def _conditions(item: dict) -> str:
    levels = [level for level in item["levels"] if level]
    level = levels[:1] if len(levels) < 2 else [f"{levels[0].split()[0]} to {levels[-1]}"]
    return " · ".join([*level, *item["facts"][:1]])


def _numbers(table: pd.DataFrame, names: tuple[str, ...]) -> None:
    columns = {name: st.column_config.NumberColumn(name, format="%.2f") for name in names}
    st.dataframe(table, hide_index=True, column_config=columns)
