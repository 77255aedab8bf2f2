"""What would give a generated recording away, the most telling first, drawn on the trace."""

from __future__ import annotations

import streamlit as st

from abr_model.evaluation.likeness.feature_pictures import BAND, DRAWN, marked_spans
from abr_model.evaluation.likeness.feature_words import feature_difference, feature_title
from abr_model.evaluation.scorecard import Scorecard
from dashboard import session
from dashboard.charts.evaluation.telling import (
    feature_distribution,
    feature_in_spectrum,
    feature_on_trace,
    telling_bars,
)
from dashboard.style import PLOTLY_CONFIG
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.problem import plain

_FEATURE, _BARS = "evaluation_feature", "evaluation_telling_bars"


def telling_view(scorecard: Scorecard) -> None:
    """The features by which a classifier tells generated recordings from held-out ones."""
    section = scorecard.section("two_sample")
    features = None if section is None else section.tables.get("telling_features")
    if features is None or not len(features):
        empty_state(
            "Not measured yet",
            "The section “Can a classifier tell them apart?” is not in this scorecard. “New evaluation” measures it.",
        )
        return
    _answer(scorecard)
    shown = features.head(DRAWN)
    if st.session_state.get(_FEATURE) not in set(shown["feature"]):
        st.session_state[_FEATURE] = shown["feature"].iloc[0]
    left, right = st.columns([1, 1.5], gap="medium")
    with left, st.container(border=True, gap="xsmall"):
        st.markdown("**What it tells them by** :gray[ · click a bar]")
        titles = dict(zip(shown["feature"], _titles(shown), strict=True))
        chosen = st.selectbox(
            "Feature", list(titles), format_func=titles.get, key=_FEATURE, label_visibility="collapsed"
        )
        st.plotly_chart(
            telling_bars(shown, chosen, session.theme()),
            key=_BARS,
            config=PLOTLY_CONFIG,
            theme=None,
            on_select=_clicked,
            selection_mode="points",
            alt="; ".join(f"{titles[row.feature]}: {row.auc_lost_without:.3f}" for row in shown.itertuples()),
        )
        st.caption(
            "AUC that the classifier loses when the feature is exchanged at random between recordings. Features that "
            "say the same share it. A small bar everywhere means that no single feature gives a recording away."
        )
    with right:
        _feature(scorecard, features[features["feature"] == chosen].iloc[0])


def _answer(scorecard: Scorecard) -> None:
    section = scorecard.section("two_sample")
    score = next((s for s in section.scores if s.key == "two_sample_auc_boosting"), None)
    if score is None or not score.is_told:
        return
    interval = ""
    if score.interval:
        interval = f" (95 % interval {100 * score.interval[0]:.0f} to {100 * score.interval[1]:.0f})"
    limit = "" if score.limit != score.limit else f"; of two groups of real patients: {100 * score.limit:.0f}"
    st.markdown(
        f"Shown a generated and a held-out recording of the same conditions, the classifier is surer of the generated "
        f"one **{100 * score.value:.0f} times in 100**{interval}. :gray[50: it cannot tell{limit}.]"
    )


def _titles(features) -> list[str]:
    return [
        f"{feature_title(row.feature, row.where or '')} · {row.feature}"
        if row.feature.startswith("component")
        else feature_title(row.feature)
        for row in features.itertuples()
    ]


def _clicked() -> None:
    points = st.session_state[_BARS].selection.points
    if points and (found := points[0].get("customdata")):
        st.session_state[_FEATURE] = found[0] if isinstance(found, list) else found


def _feature(scorecard: Scorecard, row) -> None:
    tables = scorecard.section("two_sample").tables
    traces = scorecard.section("distributions")
    kind, theme = scorecard.subject.kind, session.theme()
    bins, weights = tables.get("feature_histograms"), tables.get("feature_weights")
    own = None if bins is None else bins[bins["feature"] == row["feature"]]
    title = feature_title(row["feature"], row["where"] or "")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(title)}**")
        st.markdown(f":gray[{feature_difference(row['shift_sd'], row['spread_ratio'], row['auc_alone'])}]")
        if traces is None:
            st.caption("Mean traces are in the section “Distributions of traces”, which was not measured.")
        elif BAND.fullmatch(row["feature"]):
            figure = feature_in_spectrum(traces.tables["by_frequency"], row["feature"], kind, theme)
            _draw(figure, "evaluation_feature_spectrum", f"Mean spectra, {title} shaded")
        else:
            by_time = traces.tables["by_time"]
            spans = marked_spans(row["feature"], weights, own, by_time["time_ms"].to_numpy())
            _draw(
                feature_on_trace(by_time, spans, kind, theme),
                "evaluation_feature_trace",
                f"Mean traces and their difference; shaded for {title}: "
                + (", ".join(f"{a:.1f} to {b:.1f} ms" for a, b in spans) or "the whole trace"),
            )
            st.caption(
                "Shaded: where this feature looks at the trace."
                if spans
                else "This feature looks at the whole trace: no single place of it is marked."
            )
    with st.container(border=True, gap="xsmall"):
        st.markdown("**How its values lie** :gray[ · held-out and generated]")
        if own is None or not len(own):
            st.caption(
                "This scorecard was made before the distributions of features were kept. Measure “Can a classifier "
                "tell them apart?” again to see them."
            )
        else:
            _draw(
                feature_distribution(own, row["feature"], kind, theme),
                "evaluation_feature_values",
                f"Distribution of {title} in held-out and generated recordings",
            )


def _draw(figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config=PLOTLY_CONFIG, theme=None, alt=alt)
