"""All training runs with their true state, newest first; one is chosen to look at."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd
import streamlit as st

from abr_model.runs.run import Run
from dashboard.widgets.training.run_monitor import STATE_BADGES, shown_state


def run_label(run: Run) -> str:
    """How a person tells runs apart: preset, when it was made, and the tail of the id; the same as long as it lives."""
    parts = re.fullmatch(r"(\d{4}-\d{2}-\d{2})-(\d{2})(\d{2})-(.+)-(\w+)", run.id)
    if parts is None:
        return run.id
    day, hour, minute, preset, tail = parts.groups()
    return f"{preset} · {datetime.fromisoformat(day):%d %b %Y}, {hour}:{minute} · {tail}"


def run_table(runs: list[Run]) -> None:
    """One row a run: state, epochs, recordings, cohort. Read from each run's own folder."""
    rows = []
    for run in runs:
        status = run.status
        recordings = status.get("recordings") or {}
        rows.append(
            {
                "run": run_label(run),
                "state": STATE_BADGES[shown_state(run)][1],
                "epochs": f"{status.get('epochs_done') or 0} of {status.get('epochs') or '?'}",
                "recordings": f"{sum(recordings.values()):,}" if recordings else "–",
                "cohort": status.get("cohort") or "–",
                "model": "yes" if run.has_model else "–",
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key="training_run_table",
        column_config={
            "run": "Run",
            "state": "State",
            "epochs": "Epochs done",
            "recordings": "Recordings used",
            "cohort": "Cohort",
            "model": "Model",
        },
    )
