"""How the recordings were made, as far as a file does not say: sampling, unit, polarity; and what is true of all."""

from __future__ import annotations

import streamlit as st

from abr_model.schema import AGE, HEARING_LOSS, HEARING_LOSSES, POLARITY
from abr_model.sources.columns.mapping import FACTORS, UNIT_OF, ColumnMapping
from abr_model.sources.part import UNITS
from abr_model.sources.preview import Preview
from dashboard.widgets.importing.state import ImportState
from dashboard.widgets.problem import plain, sentence

PATIENT = "the column of the patient"
UNIT_TITLES = {
    "latency_unit": "Latencies",
    "amplitude_unit": "Amplitudes",
    "residual_noise_unit": "Residual noise",
    "age_unit": "Age",
}


def recording_questions(state: ImportState, previews: list[Preview]) -> dict:
    """Sampling rate, first sample, unit and polarity; returns the answers as fields of ``Settings``."""
    settings, asked = state.settings, asked_of(previews)
    answers: dict = {}
    if "sampling_rate_hz" in asked or "start_ms" in asked:
        left, right = st.columns(2)
        answers["sampling_rate_hz"] = left.number_input(
            "Sampling rate (Hz)", 1_000.0, 1_000_000.0, settings.sampling_rate_hz, 1_000.0, format="%.6g",
            key=state.key("rate"), placeholder="needed", help=asked.get("sampling_rate_hz"),
        )  # fmt: skip
        answers["start_ms"] = right.number_input(
            "Time of the first sample (ms)", -1_000.0, 1_000.0, settings.start_ms, 0.1, format="%g",
            key=state.key("start"), placeholder="needed", help="0 where the first sample is taken at the stimulus. "
            + asked.get("start_ms", ""),
        )  # fmt: skip
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    if "unit" in asked:
        answers["unit"] = left.segmented_control(
            "Unit of the samples", list(UNITS), default=settings.unit, key=state.key("unit"), help=asked["unit"] or None
        )
        place = right
    else:
        place = left
    answers["invert_polarity"] = place.toggle(
        "Turn traces over", settings.invert_polarity, key=state.key("invert"),
        help="Where the file has vertex positive down: wave V then points down in the picture.",
    )  # fmt: skip
    left, right = st.columns(2)
    answers["label_shift_ms"] = left.number_input(
        "Added to every latency (ms)", -20.0, 20.0, settings.label_shift_ms, 0.05, format="%g",
        key=state.key("shift"), help="0.8 to 0.9 where the marks were corrected for the tube of an insert earphone and "
        "the traces were not. The check in the next step measures it.",
    )  # fmt: skip
    answers["level_offset_db"] = right.number_input(
        "Added to every level (dB)", -120.0, 120.0, settings.level_offset_db, 1.0, format="%g",
        key=state.key("level_offset"), placeholder="none: dB nHL", help="Empty where the level is in dB nHL. From dB "
        "peSPL to dB nHL of a click it is about −30: your clinic's own calibration counts.",
    )  # fmt: skip
    return answers


def asked_of(previews: list[Preview]) -> dict[str, str]:
    """What the files leave open about how they were sampled: field of ``Settings`` → what is known about it."""
    asked = {}
    for preview in previews:
        if preview.mapping is not None:
            if preview.mapping.sampling_rate_column is None:
                asked.setdefault("sampling_rate_hz", "")
            asked |= {name: asked.get(name, "") for name in ("start_ms", "unit")}
        for question in preview.questions:
            name = "unit" if question.name == "waveform_unit" else question.name
            if name in ("sampling_rate_hz", "start_ms", "unit"):
                asked[name] = sentence(question.sentence)
    return asked


def column_units(state: ImportState, mapping: ColumnMapping) -> ColumnMapping:
    """Units of the columns that have one."""
    present = [field for field in UNIT_TITLES if any(UNIT_OF.get(name) == field for name in mapping.columns)]
    if not present:
        return mapping
    st.markdown("**Units of these columns**")
    update = {}
    for place, field in zip(st.columns(len(UNIT_TITLES)), present, strict=False):
        units = list(FACTORS[field])
        update[field] = place.selectbox(
            UNIT_TITLES[field], units, units.index(getattr(mapping, field)), key=state.key(field)
        )
    return mapping.model_copy(update=update)


def statements(state: ImportState) -> dict:
    """What the person knows of all recordings. A file's own words win; nothing said stays missing."""
    said, losses = state.settings.stated, {loss.code: loss.label for loss in HEARING_LOSSES}
    left, right = st.columns(2)
    return {
        AGE.name: left.number_input(
            "Age (years)", 0.0, float(AGE.maximum), said.get(AGE.name), 1.0, format="%g", key=state.key("age"),
            placeholder="not known",
        ),
        HEARING_LOSS.name: _pick(state, right, "Hearing", HEARING_LOSS.name, list(losses), losses.get),
        "sex": _pick(state, left, "Sex", "sex", ["female", "male"], str),
        POLARITY.name: _pick(state, right, "Stimulus polarity", POLARITY.name, list(POLARITY.classes), str),
    }  # fmt: skip


def _pick(state: ImportState, place, label: str, name: str, options: list[str], words) -> str | None:
    now = state.settings.stated.get(name)
    return place.selectbox(
        label, options, options.index(now) if now in options else None, format_func=words, key=state.key(f"say_{name}"),
        placeholder="not known",
    )  # fmt: skip


def open_answers(state: ImportState, previews: list[Preview]) -> list[str]:
    """What must still be answered before the files can be read, in sentences."""
    settings, lacking = state.settings, []
    asked = asked_of(previews)
    if "sampling_rate_hz" in asked and settings.sampling_rate_hz is None:
        lacking.append("the sampling rate")
    if "start_ms" in asked and settings.start_ms is None:
        lacking.append("the time of the first sample")
    must = any(p.mapping is not None for p in previews) or "unit" in _needed(previews)
    if "unit" in asked and settings.unit is None and must:
        lacking.append("the unit of the samples")
    mapping = settings.mapping
    if mapping is not None and "patient_id" not in mapping.columns and not mapping.one_patient_per_file:
        lacking.append(PATIENT)
    if mapping is None and any(p.kind == "table" for p in previews):
        lacking.append("the columns with the samples")
    return lacking


def _needed(previews: list[Preview]) -> set[str]:
    return {question.name for preview in previews for question in preview.questions if question.needed}


def states_table(preview: Preview) -> str:
    """What a file says itself, as a quiet table."""
    import html

    cells = ((name[:1].upper() + name[1:], value) for name, value in preview.states.items())
    lines = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in cells)
    return f'<table class="facts">{lines}</table>'


def open_sentences(state: ImportState, previews: list[Preview]) -> list[str]:
    """What the files do not say and the person has not said yet, and need not: each sentence once."""
    mapping, said = state.settings.mapping, {name for name, value in state.settings.stated.items() if value is not None}
    if mapping is not None:
        said |= set(mapping.columns)
    if state.settings.level_offset_db is not None:
        said.add("level_offset_db")
    questions = [q for p in previews for q in p.questions if not q.needed and q.name not in said]
    words = [plain(sentence(q.sentence)) for q in questions]
    return list(dict.fromkeys(words))
