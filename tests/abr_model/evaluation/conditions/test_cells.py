"""Conditional fidelity on cohorts whose differences are set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from abr_model.evaluation.conditions.cell_comparison import TwoSamples
from abr_model.evaluation.conditions.cell_grid import CellGrid, Sorted, mean_error
from abr_model.evaluation.conditions.cells import cells_section

LEVELS = 4
"""Of the constructed cohorts."""


def test_a_faithful_generator_is_near_real_against_real(comparison, score):
    section = cells_section(comparison())
    latency = score(section, "cell_wave_v_latency_of_mean")
    assert latency.value < 0.05 and latency.met and latency.n == LEVELS and latency.of == "cells"
    assert latency.interval[0] <= latency.value <= latency.interval[1]
    assert latency.limit < 0.05
    assert score(section, "cells_inside").value == 100
    assert score(section, "cell_mean_trace_correlation").value > 0.99
    assert abs(score(section, "effect_level").value) < 0.02
    assert score(section, "detectability_order").value == 100


def test_late_waves_are_measured_as_late_as_they_are(comparison, score):
    section = cells_section(comparison(late_ms=0.3))
    latency = score(section, "cell_wave_v_latency_of_mean")
    assert latency.value == pytest.approx(0.3, abs=0.03) and latency.met is False
    assert score(section, "cell_latency_V_wasserstein").value == pytest.approx(0.3, abs=0.04)
    assert score(section, "cell_latency_V_ks").value > 0.5
    assert score(section, "latency_by_level").value == pytest.approx(0.3, abs=0.04)
    assert score(section, "latency_by_level").limit < 0.08
    table = section.tables["cells"]
    assert (table["wave_v_error_ms"] > 0.2).all()  # signed: later
    assert not table["inside_latency_V"].any() and table["inside_marked_V"].all()
    assert score(section, "cells_inside").value < 100


def test_taller_waves_and_missing_marks_are_seen_where_they_are(comparison, score):
    section = cells_section(comparison(taller_uv=0.1, marked=0.6))
    assert score(section, "cell_wave_v_amplitude_of_mean").value == pytest.approx(0.1, abs=0.02)
    assert score(section, "cell_amplitude_V_wasserstein").value == pytest.approx(0.1, abs=0.01)
    assert score(section, "cell_marked_V_difference").value == pytest.approx(40, abs=12)
    assert score(section, "cell_i_v_difference").value < 0.02
    assert score(section, "cell_wave_v_latency_of_mean").value < 0.05


def test_a_weaker_effect_of_the_level_shows_in_the_regression(comparison, score):
    section = cells_section(comparison(level_effect=0.5))
    effect = score(section, "effect_level")
    assert effect.value == pytest.approx(-0.175, abs=0.02)
    assert effect.interval[0] < effect.value < effect.interval[1] < 0
    effects = section.tables["effects"].set_index("effect")
    real = effects["held_out_ms"].to_numpy()
    assert real == pytest.approx([0.35, 0.5, 0.5], abs=0.06)  # as constructed: level, age, rate
    assert effects["clean_ms"].to_numpy() == pytest.approx(real, abs=0.08)


def test_clean_marks_replace_those_that_stray(comparison, score):
    made = comparison()
    strayed = made.real.table.copy()
    strayed.loc[::5, "latency_V_ms"] += 3.0
    section = cells_section(replace(made, real=replace(made.real, table=strayed)))
    by_level = section.tables["latency_by_level"]
    assert np.abs(by_level["clean_ms"] - by_level["generated_ms"]).max() < 0.1
    assert score(section, "cell_latency_V_wasserstein").value > 0.5


def test_without_clean_traces_the_recorded_mean_stands_for_them(comparison, score):
    section = cells_section(comparison(with_clean=False, late_ms=0.3))
    assert score(section, "cell_wave_v_latency_of_mean").value == pytest.approx(0.3, abs=0.04)
    assert set(section.tables["cells"]["wave_v_of"]) == {"recorded"}
    assert "clean_ms" not in section.tables["latency_by_level"]


def test_a_generator_without_any_wave_is_not_let_off(comparison, score):
    made = comparison()
    flat = replace(made.generated, waveforms=np.zeros_like(made.generated.waveforms))
    latency = score(cells_section(replace(made, generated=flat)), "cell_wave_v_latency_of_mean")
    assert latency.value == 1.0 and latency.met is False


def test_the_mean_is_the_generators_own_and_not_that_of_one_small_sample(comparison, score):
    made = comparison()
    scattered = replace(made.generated, waveforms=np.roll(made.generated.waveforms, 6, axis=1))  # 0.4 ms late, once
    asked = []

    def generate(conditions, seed):
        asked.append(seed)
        return made.generated

    once = score(cells_section(replace(made, generated=scattered)), "cell_wave_v_latency_of_mean")
    latency = score(cells_section(replace(made, generated=scattered, generate=generate)), "cell_wave_v_latency_of_mean")
    assert once.value == pytest.approx(0.4, abs=0.05) and "draws" not in once.note
    assert latency.value < 0.1, "one draw of many moves the mean little"
    assert f"mean of 32 draws for each recording, with one draw {once.value:.3f} ms" in latency.note
    assert len(asked) == len(set(asked)) == 31 and made.seed not in asked


def test_ears_without_hearing_have_no_wave_to_miss(comparison, score):
    made = comparison()
    deaf = made.real.table.assign(hearing_loss="total")
    section = cells_section(replace(made, real=replace(made.real, table=deaf)))
    latency = score(section, "cell_wave_v_latency_of_mean")
    assert np.isnan(latency.value) and latency.untold
    assert set(section.tables["cells"]["wave_v_untold"]) == {"ears without hearing"}


@pytest.mark.parametrize("patients", [1, 3])
def test_too_few_patients_are_told_and_nothing_breaks(comparison, score, patients):
    section = cells_section(comparison(patients=patients))
    assert len(section.tables["cells"]) == 0
    for key in ("cell_wave_v_latency_of_mean", "cells_inside", "detectability_order"):
        assert np.isnan(score(section, key).value) and score(section, key).untold


def test_a_cohort_without_any_mark(comparison, score):
    made = comparison()
    labels = [c for c in made.real.table if c.startswith(("latency_", "amplitude_"))]
    bare = {
        name: replace(getattr(made, name), table=getattr(made, name).table.assign(**dict.fromkeys(labels, np.nan)))
        for name in ("real", "generated", "other")
    }
    section = cells_section(replace(made, **bare))
    assert np.isnan(score(section, "cell_wave_v_latency_of_mean").value)
    assert score(section, "cell_mean_trace_correlation").value > 0.99


def test_the_same_seed_gives_the_same_section(comparison):
    first, second = cells_section(comparison(late_ms=0.1)), cells_section(comparison(late_ms=0.1))
    assert [s.interval for s in first.scores] == [s.interval for s in second.scores]


def test_progress_is_told_and_may_stop(comparison):
    seen = []
    cells_section(comparison(patients=10), on_progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0

    def stop(done):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        cells_section(comparison(patients=10), on_progress=stop)


def test_weighted_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 40).round(1), rng.normal(0.4, 1.3, 60).round(1)  # rounded: ties
    a[3] = np.nan
    weights = rng.integers(0, 4, 40).astype(float), rng.integers(0, 4, 60).astype(float)
    repeated = [np.repeat(v, w.astype(int)) for v, w in zip((a, b), weights, strict=True)]
    repeated = [v[np.isfinite(v)] for v in repeated]
    wasserstein, ks = TwoSamples(a, b)(*weights)
    assert wasserstein == pytest.approx(stats.wasserstein_distance(*repeated))
    assert ks == pytest.approx(stats.ks_2samp(*repeated).statistic)


def test_cells_follow_level_age_and_class_and_leave_small_ones_out():
    table = pd.DataFrame(
        {
            "age_years": [5.0] * 40 + [0.5] * 19 + [np.nan] * 30,
            "intensity_db_nhl": [41.0] * 40 + [40.0] * 49,
            "hearing_loss": ["normal"] * 20 + ["conductive"] * 20 + ["normal"] * 49,
            "patient_id": [f"p{k}" for k in range(89)],
        }
    )
    grid = CellGrid.of(table)
    assert grid.table[["level_db_nhl", "age_band", "hearing_loss", "n"]].values.tolist() == [
        [40.0, "children", "normal", 20],
        [40.0, "children", "conductive", 20],
    ]
    assert (grid.index(table) == [0] * 20 + [1] * 20 + [-1] * 49).all()
    assert len(CellGrid.of(table.assign(patient_id=["p"] * 89))) == 0  # one patient


def test_sums_over_cells_with_an_empty_one():
    part = Sorted(np.array([2, 0, -1, 2]), 4)
    assert part.sums(np.array([1.0, 10.0, 5.0, 7.0])[part.rows]).tolist() == [10, 0, 8, 0]


def test_the_error_of_a_mean_counts_patients_and_not_recordings():
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 100)
    patients = np.repeat(["a", "b", "c", "d"], 100)
    assert mean_error(values, patients) == pytest.approx(np.std([0, 1, 0, 1], ddof=1) / 2)
    assert np.isnan(mean_error(values, np.repeat("a", 400)))
