"""A figure as pixels, drawn from its SVG by resvg (a wheel without system libraries), with the figures' own font."""

from __future__ import annotations

from abr_model.diagrams.text import BOLD, FAMILY, REGULAR

DOTS_PER_INCH = 220


def png(svg: str, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
    """The PNG of an SVG of :func:`abr_model.diagrams.svg.svg`; no font of the machine is looked at."""
    import resvg_py

    # The SVG's own unit is the point; resvg counts 96 dots to the inch for mm.
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            skip_system_fonts=True,
            font_files=[str(REGULAR), str(BOLD)],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
            dpi=96,
            zoom=dots_per_inch / 96,
        )
    )
