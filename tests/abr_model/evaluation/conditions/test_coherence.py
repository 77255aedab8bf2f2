"""Reported waves beside the peaks of their traces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from abr_model.evaluation.conditions.coherence import coherence_section


def test_labels_on_their_peaks_are_near(comparison, score):
    section = coherence_section(comparison(noise_uv=0.0))
    for wave in ("I", "III", "V"):
        assert score(section, f"coherence_{wave}_latency_median").value < 0.05
    assert section.tables["waves"]["generated_without_peak_percent"].tolist() == [0, 0, 0]


def test_late_labels_are_as_far_as_they_are_late(comparison, score):
    section = coherence_section(comparison(noise_uv=0.0, label_late_ms=0.25))
    found = score(section, "coherence_V_latency_median")
    assert found.value == pytest.approx(0.25, abs=0.05)
    assert found.limit < 0.08  # the held-out marks are where they were
    assert found.interval[0] <= found.value <= found.interval[1]
    assert score(section, "coherence_V_latency_90").value >= found.value


def test_amplitudes_are_heights_over_the_zero_line(comparison, score):
    made = comparison(noise_uv=0.0)
    higher = made.generated.table.assign(amplitude_V_uv=made.generated.table["amplitude_V_uv"] + 0.2)
    same = score(coherence_section(made), "coherence_V_amplitude_median")
    moved = score(
        coherence_section(replace(made, generated=replace(made.generated, table=higher))),
        "coherence_V_amplitude_median",
    )
    assert moved.value == pytest.approx(same.value + 0.2, abs=0.02)


def test_a_trace_without_peaks_counts_as_far_as_is_looked(comparison, score):
    made = comparison()
    flat = replace(made.generated, waveforms=np.zeros_like(made.generated.waveforms))
    section = coherence_section(replace(made, generated=flat))
    assert score(section, "coherence_V_latency_median").value == 1.0
    assert np.isnan(score(section, "coherence_V_amplitude_median").value)
    assert section.tables["waves"]["generated_without_peak_percent"].tolist() == [100, 100, 100]


@pytest.mark.parametrize("patients", [1, 2])
def test_too_few_labels_are_told(comparison, score, patients):
    found = score(coherence_section(comparison(patients=patients)), "coherence_I_latency_median")
    assert np.isnan(found.value) and found.untold


def test_nothing_marked_at_all(comparison, score):
    made = comparison()
    labels = [c for c in made.real.table if c.startswith(("latency_", "amplitude_"))]
    bare = {
        name: replace(getattr(made, name), table=getattr(made, name).table.assign(**dict.fromkeys(labels, np.nan)))
        for name in ("real", "generated")
    }
    section = coherence_section(replace(made, **bare))
    assert all(np.isnan(s.value) and s.untold for s in section.scores)
