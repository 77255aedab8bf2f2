"""The model in the address of a page: a link shows another person the same model, where they have it."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from dashboard import session

KEY = "model"
_WRITTEN, _NOTE = "session_model_address", "session_model_address_note"


def follow_model_address() -> str:
    """Choose the model that the address asks for, and write the chosen one into it; gives a note where it is not here.

    The id is the start of a checksum of weights: it says nothing of a patient.
    """
    asked, known = st.query_params.get(KEY), st.session_state.get(_WRITTEN)
    chosen = session.chosen_model_folder()
    if asked and asked != known:
        st.session_state.pop(_NOTE, None)
        found = next((model for model in session.available_models() if model.model_id == asked), None)
        if found is None:
            shown = f"{chosen.name} is shown" if chosen else "there is no other"
            st.session_state[_NOTE] = f"The link was made with model {asked[:8]}, which is not here: {shown}."
        elif chosen is None or found.folder != chosen.folder:
            try:
                session.choose_model(found.folder)
            except InputError as error:
                session.tell_model_problem(str(error))
            st.session_state[_WRITTEN] = asked
            st.rerun()  # the sidebar is drawn before the page, with the model chosen before
    elif asked is None and known is not None:
        st.session_state.pop(_NOTE, None)
    if chosen is not None:
        st.query_params[KEY] = st.session_state[_WRITTEN] = chosen.model_id
    return st.session_state.get(_NOTE, "")
