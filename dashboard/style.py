"""How recordings look: colour, line style and label of each kind, the same on every page and in both themes.

Colours keep apart for colour-blind eyes (blue against orange against purple) and each kind has its own dash and
label, so colour never stands alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

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
    Kind.SIMULATED: TraceStyle("simulated", "#B45309", "#F0A35E", "5px,2px"),
    Kind.CLINICAL: TraceStyle("clinical", "#6D3FA0", "#C3A3EC", "2px,2px"),
}
EAR_COLOURS = {
    "right": {"light": "#C0272D", "dark": "#FF7B7B"},
    "left": {"light": "#1F5FBF", "dark": "#7FB0FF"},
}

PRIMARY = {"light": "#0B6E8F", "dark": "#1F8BB0"}
"""The one accent colour, as in the theme."""
INK = {"light": "#1B2733", "dark": "#E6EBF0"}
MUTED = {"light": "#6B7683", "dark": "#96A2AF"}
GRID = {"light": "#EDF0F3", "dark": "#2A323B"}
PAPER = {"light": "#FFFFFF", "dark": "#12171D"}

PLOTLY_CONFIG = {"displaylogo": False, "displayModeBar": False, "scrollZoom": False, "responsive": True}
"""Passed to every ``st.plotly_chart``: no toolbar over the traces; double-click resets the axes."""


def page_css(theme: str) -> str:
    """Spacing and accents that the theme cannot set: less air above the title, a narrow sidebar, calm tables."""
    accent, tint, line = PRIMARY[theme], faded(PRIMARY[theme], 0.11), GRID[theme]
    return f"""<style>
[data-testid="stMainBlockContainer"] {{padding: 2.1rem 2.4rem 3rem 2.4rem; max-width: 1500px;}}
[data-testid="stHeader"] {{height: 2rem; min-height: 2rem; background: transparent;}}
[data-testid="stSidebarHeader"] {{height: 1.2rem; padding-bottom: 0; margin-bottom: 0;}}
[data-testid="stSidebarContent"] {{padding-left: 0; padding-right: 0;}}
[data-testid="stSidebarUserContent"] {{padding-left: 0; padding-right: 0;}}
[data-testid="stSidebar"] [data-testid="stVerticalBlock"] {{gap: 0.3rem;}}
.product {{font-size: 1.08rem; font-weight: 700; padding: 0 0.6rem 0.9rem 0.6rem;}}
[data-testid="stSidebar"] [data-testid="stPageLink-NavLink"] {{padding: 0.36rem 0.6rem; border-radius: 0.5rem;}}
.st-key-nav_current [data-testid="stPageLink-NavLink"] {{background: {tint};}}
.st-key-nav_current [data-testid="stPageLink-NavLink"] p {{color: {accent}; font-weight: 650;}}
.st-key-sidebar_loaded {{margin-top: 1.8rem; padding: 0 0.6rem;}}
.st-key-sidebar_loaded p {{font-size: 0.84rem; line-height: 1.4;}}
.st-key-sidebar_loaded [data-testid="stCaptionContainer"]:not(:first-child) {{margin-top: 0.5rem;}}
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] {{padding: 0; background: none;}}
[data-testid="stMain"] [data-testid="stPageLink-NavLink"] p {{color: {accent}; font-weight: 600;}}
[data-testid="stMain"] [data-testid="stPageLink-NavLink"]:hover p {{text-decoration: underline;}}
[data-testid="stMain"] hr {{margin: 0.6rem 0;}}
table.facts {{width: 100%; border-collapse: collapse; font-size: 0.87rem; font-variant-numeric: tabular-nums;}}
table.facts td {{padding: 0.28rem 0; border: 0; border-bottom: 1px solid {line};}}
table.facts td:first-child {{color: {MUTED[theme]};}}
table.facts td:last-child {{text-align: right;}}
table.facts tr:last-child td {{border-bottom: 0;}}
[data-testid="stMetricValue"] {{font-size: 1.35rem;}}
</style>"""


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


@cache
def house_layout(theme: str, height: int) -> dict:
    """The layout of :func:`apply_layout` as a dict: to apply it piece by piece takes plotly ten times as long."""
    import plotly.graph_objects as go

    layout = apply_layout(go.Figure(), theme, height=height).to_dict()["layout"]
    layout.pop("template", None)
    return layout
