"""The pages of the product, in the order of the work: explore, train, generate, evaluate, have it judged.

Paths are absolute, so that a link works wherever the dashboard was started.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

HERE = Path(__file__).resolve().parent
_PAGES = {
    "home": ("Home", HERE / "home_page.py"),
    "data": ("Data", HERE.parent / "pages" / "1_Data.py"),
    "training": ("Training", HERE.parent / "pages" / "2_Training.py"),
    "generation": ("Generation", HERE.parent / "pages" / "3_Generation.py"),
    "evaluation": ("Evaluation", HERE.parent / "pages" / "4_Evaluation.py"),
    "architecture": ("Architecture", HERE.parent / "pages" / "5_Architecture.py"),
    "review": ("Review", HERE.parent / "pages" / "6_Review.py"),
    "realism": ("Realism", HERE.parent / "pages" / "7_Realism.py"),
}


def pages() -> dict[str, st.Page]:
    """Every page, by its place in the address: ``"data"`` → ``/data``."""
    return {
        name: st.Page(path, title=title, url_path=name, default=name == "home")
        for name, (title, path) in _PAGES.items()
    }


def link_to(name: str, label: str, container=st, **settings: str) -> None:
    """A link to a page, with ``settings`` in its address."""
    container.page_link(_PAGES[name][1], label=label, query_params=settings or None)


def exists(name: str) -> bool:
    """Whether there is a page of that name."""
    return name in _PAGES


def open_page(name: str) -> None:
    """Go to a page; what is chosen stays chosen."""
    st.switch_page(_PAGES[name][1])
