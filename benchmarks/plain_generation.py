"""The Generation page as Streamlit alone would have it: its sliders, and Plotly for the trace; for ``explorer.py``.

The same model, draws, recordings, figures and table as the product's page, by the same functions; only the sliders and
the trace are Streamlit's and Plotly's own, and everything is drawn anew when a slider is let go.
"""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from abr_model.generation.nearest import near_at_any_level, nearest_recordings
from abr_model.schema import AGE, HEARING_LOSS, INTENSITY, RATE, Kind
from dashboard import session
from dashboard.charts.level_series import latency_intensity_figure, level_series_figure
from dashboard.comparison import comparison_cohort
from dashboard.generated import generated_series
from dashboard.style import TRACE_STYLES, apply_layout, faded
from dashboard.widgets.generation.exploring.axes import AGES, AXES, LEVELS, RATES
from dashboard.widgets.generation.exploring.near import FARTHEST_SHOWN, NEAREST_SHOWN
from dashboard.widgets.generation.exploring.waves_table import show_waves_table

st.set_page_config(layout="wide")
chosen = session.chosen_model()
cohort = comparison_cohort(session.chosen_recordings(), chosen.model.preset.preparation).cohort
left, right = st.columns([1, 2.9])
with left:
    condition = {
        INTENSITY.name: st.select_slider("Intensity", LEVELS, 80.0),
        AGE.name: st.select_slider("Age", AGES, 0.25, format_func=lambda age: f"{age:.2f}"),
        RATE.name: st.select_slider("Stimulus rate", RATES, 33.1),
        HEARING_LOSS.name: st.segmented_control("Hearing", AXES[HEARING_LOSS.name].stops, default="normal"),
    }
nearest = nearest_recordings(cohort, condition, NEAREST_SHOWN, FARTHEST_SHOWN)
here = generated_series(chosen, condition, INTENSITY.name, (condition[INTENSITY.name],))
response = here.at(condition[INTENSITY.name])
time, mean, sd = response.time_ms, response.mean, response.sd
colour, near = TRACE_STYLES[Kind.GENERATED].colour("light"), TRACE_STYLES[cohort.kind]
figure = go.Figure()
for trace in response.responses[:12]:
    figure.add_scatter(x=time, y=trace, mode="lines", line={"color": colour, "width": 1}, opacity=0.4)
drawn = cohort.take(nearest.rows)
for trace in drawn.waveforms:
    line = {"color": near.colour("light"), "width": 1, "dash": near.dash}
    figure.add_scatter(x=drawn.time_ms, y=trace, mode="lines", line=line)
around = {"x": [*time, *time[::-1]], "y": [*(mean + sd), *(mean - sd)[::-1]]}
figure.add_scatter(**around, fill="toself", fillcolor=faded(colour, 0.16), line={"width": 0})
figure.add_scatter(x=time, y=mean, mode="lines", line={"color": colour, "width": 2.6})
right.plotly_chart(apply_layout(figure, "light", height=330), key="trace", theme=None)
waves, stack, function = st.columns(3)
with waves:
    show_waves_table(response, cohort.table.iloc[nearest.near_rows])
series = generated_series(chosen, condition, INTENSITY.name, LEVELS)
stacked = series.every(10, condition[INTENSITY.name])
stack.plotly_chart(level_series_figure(stacked, condition[INTENSITY.name], "light"), key="stack", theme=None)
beside = cohort.part(near_at_any_level(cohort, condition))
function.plotly_chart(latency_intensity_figure(series, response, beside, "light"), key="function", theme=None)
