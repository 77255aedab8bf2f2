"""How a person is told what is wrong: in words, with nothing in it that the page would take for formatting."""

from __future__ import annotations

import re

import streamlit as st

from abr_model.errors import InputError

_MARKDOWN = re.compile(r"([\\`*_\[\]<>$~#|:])")


def plain(text: str) -> str:
    """``text`` so that markdown shows it as it stands: a file may be called ``*a*_b_[c](d).csv``."""
    return _MARKDOWN.sub(r"\\\1", text)


def sentence(text: str) -> str:
    """With a capital letter and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


def show_problem(error: InputError, after: str = "") -> None:
    """What is wrong and where, as a message on the page; ``after`` says what was kept."""
    st.error(" ".join([plain(sentence(str(error))), after]).strip())
