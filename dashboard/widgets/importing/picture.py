"""The first recordings as the present settings read them, beside the questions that decide it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.norms import GORGA_1989
from abr_model.schema import AGE
from abr_model.sources.reading import ImportResult, read_recordings
from abr_model.sources.report import ImportReport
from dashboard import session
from dashboard.charts.import_preview import LoudMean, import_preview, loud_mean
from dashboard.style import PLOTLY_CONFIG
from dashboard.uploads import Upload
from dashboard.widgets.importing.corrections import correction_button
from dashboard.widgets.importing.excerpt import Excerpt, excerpt_of
from dashboard.widgets.importing.state import ImportState
from dashboard.widgets.problem import plain, sentence

SEEN_HERE = ("unit", "polarity", "time_axis", "wave_v_offset", "amplitude_unit")
"""Checks whose answer lies in the questions beside the picture; the others come in the next step."""
PREVIEW_SALT = b"only for the picture"
CACHED = "import_picture"


def recordings_picture(state: ImportState, lacking: list[str]) -> None:
    """Mean and single traces of the first recordings of one file; words where they cannot be drawn."""
    readable = [u for u in state.folder.files if state.preview_of(u).kind in ("table", "recordings")]
    with st.container(border=True):
        upload = readable[0]
        if len(readable) > 1:
            names = [u.path.name for u in readable]
            picked = st.selectbox(
                "First recordings of", names, format_func=state.folder.names.get, key="import_picture_of"
            )
            upload = readable[names.index(picked)]
        else:
            st.markdown("**First recordings** :gray[ · with the settings on the left]")
        if lacking:
            st.markdown(f":gray[Drawn as soon as you have said {in_a_row(lacking)}.]")
            return
        try:
            result = first_recordings(state, upload)
        except InputError as error:
            st.markdown(f":orange[{plain(sentence(str(state.folder.named_error(error))))}]")
            return
        _draw(state, result.cohort, result.report)


def _draw(state: ImportState, cohort: Cohort, report: ImportReport) -> None:
    mean, theme = loud_mean(cohort), session.theme()
    expected = expected_wave_v(cohort, mean)
    figure = import_preview(cohort, theme, expected_v_ms=expected)
    words = picture_in_words(mean)
    st.markdown(f":gray[{plain(mean.title)}]")
    st.plotly_chart(figure, config=PLOTLY_CONFIG, alt=f"{mean.title}, and single recordings. {words}", key=CACHED)
    legend = ["Dot: wave V as marked."] if mean.wave_v_ms is not None else []
    legend += [f"Band: where wave V is expected at that level ({GORGA_1989.name})."] if expected else []
    st.caption(" ".join([plain(words), *legend]))
    for finding in report.findings:
        if finding.code in SEEN_HERE and finding.severity != "fine":
            st.markdown(f":orange-badge[look] {plain(sentence(finding.sentence))}")
            correction_button(state, finding.correction, f"picture_{finding.code}")


def first_recordings(state: ImportState, upload: Upload) -> ImportResult:
    """The first recordings of a file with the present settings; read again only when these change.

    Raises
    ------
    InputError
        They cannot be read like this.
    """
    excerpt = excerpt_for(state, upload)
    kept = st.session_state.get(CACHED + "_result")
    key = (str(excerpt.path), state.settings)
    if kept is not None and kept[0] == key:
        return kept[1]
    paths = [excerpt.path] if excerpt.rows else [upload.path, *_companions(state, upload)]
    answers = state.settings.arguments()
    if (mapping := answers["mapping"]) is not None and "patient_id" not in mapping.columns:
        answers["mapping"] = mapping.model_copy(update={"one_patient_per_file": True})  # whose they are does not show
    result = read_recordings(paths, **answers, salt=PREVIEW_SALT)
    st.session_state[CACHED + "_result"] = (key, result)
    return result


def excerpt_for(state: ImportState, upload: Upload) -> Excerpt:
    """The first rows of a file, taken once."""
    if upload.path.name not in state.excerpts:
        state.excerpts[upload.path.name] = excerpt_of(upload.path, state.preview_of(upload))
    return state.excerpts[upload.path.name]


def _companions(state: ImportState, upload: Upload) -> list:
    stem = upload.path.stem
    same = [u.path for u in state.folder.files if u.path.stem == stem and u.path != upload.path]
    return [path for path in same if state.previews[path.name].kind == "companion"]


def expected_wave_v(cohort: Cohort, mean: LoudMean) -> tuple[float, float] | None:
    """Mean ± 2 SD of wave V at the level of the mean in normal hearing; None where no level is known."""
    if mean.levels is None:
        return None
    age = float(np.nanmedian(cohort.table[AGE.name])) if cohort.table[AGE.name].notna().any() else None
    known = GORGA_1989.tabulated("V", age)
    centre, sd = GORGA_1989.band("V", float(np.clip(mean.middle_level, known.min(), known.max())), age)
    return (float(centre - 2 * sd), float(centre + 2 * sd)) if np.isfinite(centre) else None


def picture_in_words(mean: LoudMean) -> str:
    """The numbers of the picture."""
    words = f"{mean.peak_to_peak_uv:.3g} µV from peak to trough in the first 15 ms"
    if mean.wave_v_ms is not None:
        words += f"; wave V marked at {mean.wave_v_ms:.2f} ms (median)"
    return sentence(words)


def in_a_row(things: list[str]) -> str:
    """``"a, b and c"``."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"
