"""How recordings look: colour, line style and label of each kind, the same on every page and in both themes.

Colours keep apart for colour-blind eyes (blue against orange against purple) and each kind has its own dash and
label, so colour never stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from abr_model.schema import Kind


@dataclass(frozen=True)
class TraceStyle:
    """Line of one kind of recording: ``light`` and ``dark`` are its colours on either theme."""

    label: str
    light: str
    dark: str
    dash: str

    def colour(self, theme: str) -> str:
        """Hex colour for ``"light"`` or ``"dark"``."""
        return self.dark if theme == "dark" else self.light


TRACE_STYLES = {
    Kind.GENERATED: TraceStyle("generated", "#0B6E8F", "#4CC3E6", "solid"),
    Kind.SIMULATED: TraceStyle("simulated", "#B45309", "#F0A35E", "dash"),
    Kind.CLINICAL: TraceStyle("clinical", "#6D3FA0", "#C3A3EC", "dot"),
}
EAR_COLOURS = {
    "right": {"light": "#C0272D", "dark": "#FF7B7B"},
    "left": {"light": "#1F5FBF", "dark": "#7FB0FF"},
}

INK = {"light": "#1B2733", "dark": "#E6EBF0"}
MUTED = {"light": "#6B7683", "dark": "#96A2AF"}
GRID = {"light": "#EDF0F3", "dark": "#2A323B"}
PAPER = {"light": "#FFFFFF", "dark": "#12171D"}


def faded(hex_colour: str, alpha: float) -> str:
    """``#RRGGBB`` with an opacity between 0 and 1, as CSS ``rgba(...)``."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def apply_layout(figure, theme: str, *, height: int, x_title: str = "", y_title: str = ""):
    """Give a Plotly figure the house look: transparent paper, thin grid, unit titles, legend on top. Returns it."""
    axis = {
        "gridcolor": GRID[theme],
        "zeroline": False,
        "linecolor": GRID[theme],
        "tickfont": {"color": MUTED[theme]},
        "title": {"font": {"color": MUTED[theme], "size": 12}},
    }
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": INK[theme], "size": 13},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": INK[theme]}},
    )
    figure.update_xaxes(**axis, title_text=x_title, automargin=True)
    figure.update_yaxes(**axis, title_text=y_title, automargin=True)
    return figure
