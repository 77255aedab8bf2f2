from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from abr_model.configuration import load_preset
from dashboard.comparison import comparison_cohort
from dashboard.session import LoadedCohort


@pytest.fixture
def loaded():
    st.cache_resource.clear()

    def load(cohort):
        return LoadedCohort(cohort, "clinic", Path("clinic.parquet"), cohort.digest())

    return load


def test_recordings_of_another_device_are_compared_on_the_time_axis_of_the_model(loaded, small_cohort):
    preparation = load_preset("default").preparation
    usual = comparison_cohort(loaded(small_cohort), preparation)
    compared = comparison_cohort(loaded(small_cohort.resampled(30_000)), preparation)
    np.testing.assert_allclose(compared.cohort.time_ms, usual.cohort.time_ms)
    assert compared.cohort.time_ms[-1] > 13
    assert (usual.note, compared.note) == ("", "Resampled from 30,000 to 15,000 Hz.")


def test_recordings_shorter_than_the_window_are_compared_as_they_are(loaded, small_cohort):
    short = small_cohort.windowed(0, 100)
    compared = comparison_cohort(loaded(short), load_preset("default").preparation)
    assert compared.cohort is short
    assert "too short" in compared.note
