"""The scorecard to take along: one page that opens from disk without a network, and the numbers as JSON."""

from __future__ import annotations

import streamlit as st

from abr_model.evaluation.report.report import report_html
from abr_model.evaluation.scorecard import Scorecard


def export_buttons(scorecard: Scorecard) -> None:
    """Two downloads; each file is made when its button is clicked."""
    name = f"evaluation-{scorecard.subject.model_id or 'baseline'}-{scorecard.made}"
    st.download_button(
        "Report (HTML)",
        data=lambda: report_html(scorecard).encode("utf-8"),
        file_name=f"{name}.html",
        mime="text/html",
        key="evaluation_html",
        on_click="ignore",
        help="One page with every number, table and figure; it opens from disk without a network and prints well.",
    )
    st.download_button(
        "Numbers (JSON)",
        data=lambda: scorecard.to_json().encode("utf-8"),
        file_name=f"{name}.json",
        mime="application/json",
        key="evaluation_json",
        on_click="ignore",
        help="Everything for programs; `abr evaluate --beside FILE` puts it beside another model.",
    )
