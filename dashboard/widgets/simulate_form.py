"""Simulate a clinic from the page."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from dashboard import session
from dashboard.widgets.problem import show_problem

MAXIMUM_PATIENTS = 3000


def simulate_form() -> None:
    """Number of patients and seed; the new cohort is chosen when it is ready."""
    patients = st.number_input("Patients", 10, MAXIMUM_PATIENTS, 300, 50, key="data_simulate_patients")
    seed = st.number_input(
        "Seed", 0, 2**31 - 1, 1, 1, key="data_simulate_seed", help="The same patients and seed give the same clinic."
    )
    if not st.button("Simulate", key="data_simulate", width="stretch"):
        return
    bar = st.progress(0.0, f"Simulating {patients:,} patients …")

    def tell(done: int, of: int) -> None:
        bar.progress(done / of, f"{done:,} of {of:,} patients")

    try:
        session.choose_cohort(session.simulated_cohort_file(int(patients), int(seed), tell))
    except InputError as error:
        bar.empty()
        show_problem(error)
        return
    st.rerun()
