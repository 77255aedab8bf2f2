from __future__ import annotations

import io

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.widgets.download import csv_bytes, figure_page


def test_csv_defuses_formulas_and_keeps_numbers_and_missing_values():
    table = pd.DataFrame({"who": ["=1+1", "ok", None], "µV": [-0.5, np.nan, 2.0], "=cmd": [1, 2, 3]})
    back = pd.read_csv(io.BytesIO(csv_bytes(table)))
    assert back.columns.tolist() == ["who", "µV", "'=cmd"]
    assert back["who"].tolist()[:2] == ["'=1+1", "ok"]
    assert back["µV"][0] == -0.5 and np.isnan(back["µV"][1]) and back["who"].isna()[2]
    assert "=cmd" in table.columns, "the table itself is not changed"


def test_a_figure_as_a_page_works_without_a_network_and_escapes_its_words():
    figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
    page = figure_page(figure, "<b>Title</b>", "light", ("a note with <script>", ":gray[quiet]", ""))
    assert "Plotly.newPlot" in page and len(page) > 1_000_000, "the library is inside"
    assert 'src="http' not in page
    assert "&lt;b&gt;Title&lt;/b&gt;" in page and "a note with &lt;script&gt;" in page
    assert "<p>quiet</p>" in page
