"""What a design gives: how many recordings, how well the training data cover them, and the first rows."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from abr_model.batches.plan import Plan
from abr_model.generation.support import support_of_rows
from abr_model.schema import COLUMNS_BY_NAME, CONDITION_NAMES, HEARING_LOSSES
from dashboard.style import GRID, TRACE_STYLES, faded

ROWS_SHOWN = 200
_LABELS = {h.code: h.label for h in HEARING_LOSSES}
_SHORT = {h.code: h.short_label.lower() for h in HEARING_LOSSES}
DEGREE_WORDS = {
    "inside": "inside the training data",
    "sparse": "few training data",
    "outside": "outside the training data",
}


def plan_head(plan: Plan, theme: str) -> None:
    """Counts, and a bar of how well the training data cover the rows."""
    total = len(plan.rows)
    classes = " · ".join(f"{_SHORT[code]} {count:,}" for code, count in plan.classes.items())
    st.markdown(f"### {total:,} recording{'' if total == 1 else 's'}")
    st.html(support_bar(plan.degrees, theme))
    left_out = f" · {plan.left_out:,} outside left out" if plan.left_out else ""
    st.caption(f"{classes}{left_out}")


def support_bar(degrees: dict[str, int], theme: str) -> str:
    """A bar divided into what lies inside, where training data are few, and outside, with its words (HTML)."""
    colour = TRACE_STYLES["generated"].colour(theme)
    fills = {
        "inside": faded(colour, 0.75),
        "sparse": faded(colour, 0.3),
        "outside": f"repeating-linear-gradient(135deg,{GRID[theme]} 0 5px,{faded('#C0272D', 0.55)} 5px 8px)",
    }
    total = sum(degrees.values())
    there = {degree: count for degree, count in degrees.items() if count}
    parts = "".join(
        f'<span style="flex:{count / total:.5f} 0 3px;background:{fills[degree]}"></span>'
        for degree, count in there.items()
    )
    words = " ".join(
        f'<span style="white-space:nowrap;margin-right:1rem"><i style="display:inline-block;width:.7rem;height:.7rem;'
        f'border-radius:2px;background:{fills[degree]};margin-right:.35rem;vertical-align:-1px"></i>'
        f"{count:,} {DEGREE_WORDS[degree]}</span>"
        for degree, count in there.items()
    )
    return (
        f'<div style="display:flex;height:.7rem;border-radius:4px;overflow:hidden;gap:1px" role="presentation">'
        f"{parts}</div>"
        f'<div style="font-size:.85rem;margin-top:.4rem">{words}</div>'
    )


def plan_table(plan: Plan, support) -> None:
    """The first rows, each with its verdict."""
    rows = plan.rows.at(0, min(ROWS_SHOWN, len(plan.rows)))
    different = rows.drop_duplicates()
    shown = pd.DataFrame(plan.listed, columns=list(CONDITION_NAMES)) if len(different) < len(rows) else different
    verdicts = support_of_rows(support, shown)
    shown = shown.assign(hearing_loss=shown["hearing_loss"].map(_LABELS), training=[_words(v) for v in verdicts])
    titles = {name: COLUMNS_BY_NAME[name].title for name in CONDITION_NAMES} | {"training": "Training data"}
    st.dataframe(
        shown.rename(columns=titles),
        hide_index=True,
        height=min(320, 38 + 35 * len(shown)),
        key="batch_conditions",
        column_config={
            titles["age_years"]: st.column_config.NumberColumn(format="%.4g"),
            titles["intensity_db_nhl"]: st.column_config.NumberColumn(format="%.4g"),
            titles["stimulus_rate_per_s"]: st.column_config.NumberColumn(format="%.4g"),
        },
    )
    if len(shown) >= ROWS_SHOWN:
        st.caption(f"The first {len(shown):,} different conditions.")
    elif len(shown) > 1:
        st.caption(f"All {len(shown):,} different conditions.")


def _words(verdict: str) -> str:
    """``"outside: age_years"`` → ``"outside (age)"``."""
    parts = []
    for part in verdict.split("; "):
        degree, _, names = part.partition(": ")
        of = ", ".join(COLUMNS_BY_NAME[n].in_sentence if n in COLUMNS_BY_NAME else n for n in names.split())
        parts.append(f"{'few' if degree == 'sparse' else degree}" + (f" ({of})" if of else ""))
    return ", ".join(parts)
