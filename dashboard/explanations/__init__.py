"""What a person looks at on each page, in words: one Markdown text a page, and the sources of what it leans on."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from abr_model.norms import published_norms

_FOLDER = Path(__file__).resolve().parent
_NORMS = "{norms}"


def explained_pages() -> tuple[str, ...]:
    """Names of the pages that have a text."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.md")))


@cache
def explanation(page: str) -> str:
    """The text of a page, Markdown; where it speaks of norms, each with its population and its source.

    Raises
    ------
    FileNotFoundError
        There is no text of that name.
    """
    text = (_FOLDER / f"{page}.md").read_text(encoding="utf-8").strip()
    return text.replace(_NORMS, _norms())


def _norms() -> str:
    rows = (f"- **{norm.name}**: {norm.label}. {norm.reference} {norm.note}".strip() for norm in published_norms())
    return "\n".join(rows)
