"""Which published latencies stand behind a figure, and bringing one's own."""

from __future__ import annotations

import streamlit as st

from abr_model.errors import InputError
from abr_model.norms import Norm, published_norms, read_norm, template
from dashboard.widgets.download import download_table
from dashboard.widgets.problem import plain, sentence

NO_NORM = "no norm"
LARGEST_FILE_MB = 1
_BROUGHT = "session_norms"
_CHOSEN = "session_norm"


def norm_picker(key: str) -> Norm | None:
    """A list of norms, those of the person first, and a popover to bring another. Survives a page change.

    Parameters
    ----------
    key
        Start of the keys of the elements.

    Returns
    -------
    None where no norm is wanted.
    """
    norms = {norm.name: norm for norm in (*st.session_state.get(_BROUGHT, ()), *published_norms())}
    names = [*norms, NO_NORM]
    chosen = st.session_state.get(_CHOSEN)
    chosen = chosen if chosen in names else names[0]
    st.session_state[f"{key}_norm"] = chosen
    notes = [plain(f"{norm.name}: {norm.note} {norm.reference}".strip()) for norm in norms.values()]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False):
        st.selectbox("Norm", names, key=f"{key}_norm", help="\n\n".join(notes), on_change=_choose, args=(key,))
        with st.popover("Bring your own", type="tertiary", width="content", key=f"{key}_norm_popover"):
            _bring(key)
    return norms.get(chosen)


def norm_in_words(norm: Norm, age_years: float | None) -> list[str]:
    """Source below a figure: what the band is, and of whom."""
    words = [f"Band: mean ± 2 SD, {plain(norm.label)}."]
    if age_years is not None and not norm.covers_age(age_years):
        words.append("The ages of its population are not those of these recordings.")
    return words


def _bring(key: str) -> None:
    st.markdown("A CSV table with a row for each wave and level: mean and SD of the latency in ms, n, and what it is.")
    download_table(template(), "norm template", f"{key}_norm_template", "Template (CSV)")
    file = st.file_uploader("Your norm", type="csv", key=f"{key}_norm_file", max_upload_size=LARGEST_FILE_MB)
    if file is None:
        return
    try:
        norm = read_norm(file.getvalue(), "your norm")
    except InputError as error:
        st.error(f"{plain(sentence(str(error)))} The norm chosen before stays.")
        return
    st.success(f"{plain(norm.label)}: {', '.join(norm.waves)}")
    if st.button("Use this norm", type="primary", key=f"{key}_norm_use", on_click=_keep, args=(norm,)):
        st.rerun()


def _choose(key: str) -> None:
    st.session_state[_CHOSEN] = st.session_state[f"{key}_norm"]


def _keep(norm: Norm) -> None:
    others = [n for n in st.session_state.get(_BROUGHT, ()) if n.name != norm.name]
    st.session_state[_BROUGHT] = (norm, *others)
    st.session_state[_CHOSEN] = norm.name
