"""Views of recordings need the cohort behind a scorecard: it is there, can be simulated, or must be loaded."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.evaluation.scorecard import Scorecard
from abr_model.training_cohort import simulated_as
from dashboard import session
from dashboard.held_out import Sides, cohort_file_of, sides_of
from dashboard.session import LoadedModel
from dashboard.widgets.empty_state import empty_state
from dashboard.widgets.problem import plain, show_problem


def recordings_behind(scorecard: Scorecard, chosen: LoadedModel) -> Sides | None:
    """Held-out and generated recordings of a scorecard; where the cohort is not here, what to do about it, and None."""
    path = cohort_file_of(scorecard, chosen.model)
    if path is None:
        offer_cohort(scorecard.subject.cohort)
        return None
    try:
        return sides_of(chosen, path, scorecard.subject.is_other_cohort, scorecard.seed)
    except InputError as error:
        show_problem(error)
        return None


def offer_cohort(title: str) -> None:
    """Say that the cohort called ``title`` is not here; one that was simulated can be simulated again."""
    made = simulated_as(title)
    if made is None:
        empty_state(
            "The recordings are not here",
            f"This view looks at single recordings of “{plain(title)}”. Import that cohort again to see them; the "
            "numbers of the scorecard need no recordings.",
            "data",
            "Open Data",
        )
        return
    patients, seed = made
    with st.container(border=True):
        st.markdown("**The recordings are not here yet**")
        st.markdown(
            f":gray[This view looks at single recordings. The model learned from a simulated clinic: the same "
            f"{patients:,} patients can be simulated again (seed {seed}, about {max(patients // 120, 1)} s).]"
        )
        if st.button(f"Simulate the {patients:,} patients", key="evaluation_simulate", type="primary"):
            bar = st.progress(0.0, text="Simulating patients …")
            try:
                session.simulated_cohort_file(
                    patients, seed, lambda done, total: bar.progress(done / total, f"{done:,} of {total:,} patients")
                )
            except InputError as error:
                show_problem(error)
                return
            st.rerun()
