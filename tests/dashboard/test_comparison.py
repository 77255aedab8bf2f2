from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from abr_model.configuration import load_preset
from abr_model.filtering import EVERYTHING, CohortFilter
from dashboard.comparison import comparison_cohort
from dashboard.recordings import LoadedCohort, filtered


@pytest.fixture
def loaded():
    st.cache_resource.clear()

    def load(cohort, filter=EVERYTHING):
        return filtered(LoadedCohort(cohort, "clinic", Path("clinic.parquet"), cohort.digest()), filter)

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
    np.testing.assert_array_equal(compared.cohort.take([5]).waveforms, short.take([5]).waveforms)
    assert len(compared.cohort) == len(short)
    assert "too short" in compared.note


def test_only_recordings_that_pass_the_filter_are_compared(loaded, small_cohort):
    preparation = load_preset("default").preparation
    normal = comparison_cohort(loaded(small_cohort, CohortFilter(classes={"hearing_loss": ["normal"]})), preparation)
    everything = comparison_cohort(loaded(small_cohort), preparation)
    assert 0 < len(normal.cohort) < len(everything.cohort)
    assert set(normal.cohort.table["hearing_loss"]) == {"normal"}
    position = everything.cohort.table["recording_id"].tolist().index(normal.cohort.table["recording_id"][3])
    np.testing.assert_array_equal(normal.cohort.take([3]).waveforms, everything.cohort.take([position]).waveforms)


def test_a_filter_that_lets_nothing_pass_is_said(loaded, small_cohort):
    nobody = CohortFilter(ranges={"age_years": {"minimum": 109.5}})
    compared = comparison_cohort(loaded(small_cohort, nobody), load_preset("default").preparation)
    assert len(compared.cohort) == 0
    assert compared.note == "No recording of the cohort passes the filter."
