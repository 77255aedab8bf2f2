"""Entry of the dashboard: ``streamlit run dashboard/Home.py``. Navigation, sidebar, and the net under every page."""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

try:
    import dashboard.session  # noqa: F401
except ModuleNotFoundError as missing:
    if missing.name not in ("dashboard", "abr_model"):
        raise
    # Run from a checkout that was not installed: the one place that touches the import path.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from abr_model.errors import InputError
from dashboard.navigation import pages
from dashboard.session import theme
from dashboard.style import page_css
from dashboard.whole_runs import hear_runs_out
from dashboard.widgets.problem import show_problem
from dashboard.widgets.sidebar import sidebar

hear_runs_out()
st.set_page_config(page_title="ABR synthesis", layout="wide", initial_sidebar_state=230)
st.html(page_css(theme()))

page = st.navigation(list(pages().values()), position="hidden")
try:
    sidebar(page)
    page.run()
except InputError as error:
    show_problem(error)
