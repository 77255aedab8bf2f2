"""A simulated clinic with one thing wrong at a time: the checks must find it, and find nothing in the sound one."""

from __future__ import annotations

import numpy as np
import pytest

from abr_model.cohort import Cohort, Provenance, Sampling
from abr_model.schema import WAVES, amplitude_column, latency_column
from abr_model.sources.checks.alignment import align
from abr_model.sources.checks.checks import check_import

LATENCIES = [latency_column(wave) for wave in WAVES]
STATED = {"unit": "µV", "given": {"sampling_rate_hz": 15_000.0}}


def clinical(cohort, *, waveforms=None, table=None, rate_hz=None, start_ms=0.0, **details):
    """The cohort as if it had been imported, with something else in it."""
    return Cohort(
        cohort.waveforms if waveforms is None else waveforms,
        cohort.table if table is None else table,
        Sampling(rate_hz=rate_hz or cohort.sampling.rate_hz, start_ms=start_ms),
        Provenance(kind="clinical", source="test", details=STATED | details),
    )


def found(cohort, severity=None):
    return {f.code: f for f in check_import(cohort) if severity in (None, f.severity)}


def shifted(cohort, by_ms):
    table = cohort.table.copy()
    table[LATENCIES] = (table[LATENCIES] + by_ms).clip(lower=0.01)
    return table


def test_nothing_is_wrong_with_a_sound_cohort(small_cohort):
    findings = check_import(clinical(small_cohort))
    assert {f.code for f in findings if f.severity == "problem"} == set()
    fine = found(clinical(small_cohort), "fine")
    assert {"wave_v_offset", "polarity", "unit", "time_axis", "level_latency", "amplitude_unit"} <= set(fine)
    order = [("problem", "look", "fine").index(f.severity) for f in findings]
    assert order == sorted(order)
    assert all(f.n <= f.of and not f.sentence.endswith(".") for f in findings)


@pytest.mark.parametrize("by_ms", [-0.85, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_shifted_labels_are_measured_and_the_shift_is_offered(small_cohort, by_ms, sign):
    cohort = clinical(small_cohort, table=shifted(small_cohort, by_ms), waveforms=sign * small_cohort.waveforms)
    finding = found(cohort, "problem")["wave_v_offset"]
    assert finding.correction.name == "label_shift_ms" and finding.correction.value == pytest.approx(-by_ms, abs=0.04)
    assert f"{abs(finding.correction.value):.2f} ms" in finding.sentence
    assert ("insert earphone" in finding.sentence) and ("polarity" in found(cohort, "problem")) == (sign < 0)
    mended = found(clinical(small_cohort, table=shifted(small_cohort, 0), waveforms=small_cohort.waveforms))
    assert mended["wave_v_offset"].severity == "fine"


def test_an_offered_shift_is_the_whole_value_to_give(small_cohort):
    applied = {"corrections": {"label_shift_ms": 0.3, "invert_polarity": False}}
    finding = found(clinical(small_cohort, table=shifted(small_cohort, -0.5), **applied))["wave_v_offset"]
    assert finding.correction.value == pytest.approx(0.8, abs=0.04)
    assert finding.correction.option == f"--label-shift={finding.correction.value:g}"


@pytest.mark.parametrize("already", [False, True])
def test_polarity_by_labels(small_cohort, already):
    upside_down = clinical(
        small_cohort, waveforms=-small_cohort.waveforms, corrections={"invert_polarity": already, "label_shift_ms": 0.0}
    )
    finding = found(upside_down, "problem")["polarity"]
    assert finding.correction.name == "invert_polarity" and finding.correction.value is not already
    assert finding.correction.option == ("--keep-polarity" if already else "--invert-polarity")
    assert found(upside_down)["wave_v_offset"].severity == "fine"


def test_polarity_without_labels_is_weak_evidence(small_cohort):
    table = small_cohort.table.copy()
    table[LATENCIES + [amplitude_column(wave) for wave in WAVES]] = np.nan
    upright = found(clinical(small_cohort, table=table))["polarity"]
    down = found(clinical(small_cohort, table=table, waveforms=-small_cohort.waveforms))["polarity"]
    assert upright.severity == "fine" and down.severity == "look" and down.correction.value is True
    assert "weak evidence" in upright.sentence and "weak evidence" in down.sentence
    assert "wave_v_offset" not in found(clinical(small_cohort, table=table))


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_sampling_rate_a_little_off_shows_in_an_offset_that_grows(small_cohort, factor):
    finding = found(clinical(small_cohort, rate_hz=15_000 * factor), "problem")["wave_v_offset"]
    assert "wrong sampling rate" in finding.sentence
    assert finding.correction.name == "sampling_rate_hz"
    assert finding.correction.value == pytest.approx(15_000, rel=0.03)
    unstated = clinical(small_cohort, rate_hz=15_000 * factor, given={})
    assert found(unstated)["wave_v_offset"].correction is None  # the file said it: it is not offered


@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_sampling_rate_far_off_leaves_the_marks_on_nothing(small_cohort, factor):
    finding = found(clinical(small_cohort, rate_hz=15_000 * factor), "problem")["wave_v_offset"]
    assert "no peak" in finding.sentence and finding.correction is None


def test_a_wrong_time_zero_is_no_earphone(small_cohort):
    finding = found(clinical(small_cohort, start_ms=-1.5), "problem")["wave_v_offset"]
    assert "1.50 ms after" in finding.sentence or "1.49 ms after" in finding.sentence
    assert finding.correction is None


def test_labels_of_other_traces(small_cohort):
    mixed = np.random.default_rng(0).permutation(len(small_cohort))
    assert "no peak" in found(clinical(small_cohort, waveforms=small_cohort.waveforms[mixed]))["wave_v_offset"].sentence


def test_few_labels_say_little(small_cohort):
    table = small_cohort.table.copy()
    marked = np.flatnonzero(table["latency_V_ms"].notna())
    table.loc[marked[5:], LATENCIES] = np.nan
    assert found(clinical(small_cohort, table=table))["wave_v_offset"].severity == "look"
    assert align(clinical(small_cohort, table=table)).kind == "unclear"


@pytest.mark.parametrize(("factor", "unit"), [(1e3, "nV"), (1e-3, "mV"), (1e-6, "V")])
def test_a_mistaken_unit_of_the_samples(small_cohort, factor, unit):
    problems = found(clinical(small_cohort, waveforms=small_cohort.waveforms * factor), "problem")
    assert set(problems) == {"unit"}  # the amplitudes follow from it and are not told beside it
    assert (problems["unit"].correction.name, problems["unit"].correction.value) == ("unit", unit)
    stated = clinical(small_cohort, waveforms=small_cohort.waveforms * factor, unit=None)
    assert found(stated)["unit"].correction is None


def test_the_offered_unit_is_counted_from_the_one_that_was_read(small_cohort):
    microvolts_read_as_mv = clinical(small_cohort, waveforms=small_cohort.waveforms * 1000, unit="mV")
    assert found(microvolts_read_as_mv)["unit"].correction.value == "µV"


def test_a_mistaken_unit_of_the_amplitudes(small_cohort):
    table = small_cohort.table.copy()
    table["amplitude_V_uv"] /= 1000
    assert "unit" in found(clinical(small_cohort, table=table), "problem")["amplitude_unit"].sentence


def test_a_few_traces_in_another_unit(small_cohort):
    waveforms = small_cohort.waveforms.copy()
    waveforms[[4, 9]] *= 1000
    finding = found(clinical(small_cohort, waveforms=waveforms))["unit"]
    assert finding.severity == "look" and finding.rows.tolist() == [4, 9]


@pytest.mark.parametrize(
    ("column", "zeros"), [("latency_I_ms", True), ("residual_noise_nv", False), ("sweeps_accepted", False)]
)
def test_zeros_that_mean_missing(small_cohort, column, zeros):
    table = small_cohort.table.copy()
    rows = np.flatnonzero(table[column].isna()) if zeros else np.arange(40)
    table.loc[rows, column] = 0.0
    mapping = {"missing_values": {"age_years": ["999"]}}
    finding = found(clinical(small_cohort, table=table, mapping=mapping), "problem")["zeros"]
    assert finding.rows.tolist() == rows.tolist()
    assert finding.correction.value == {"age_years": ("999",), column: ("0",)}
    assert "wave_order" not in found(clinical(small_cohort, table=table))


def test_ages_of_zero(small_cohort):
    some, every = (small_cohort.table.assign(age_years=age) for age in (small_cohort.table["age_years"] + 1, 0.0))
    some.loc[3, "age_years"] = 0.0
    finding = found(clinical(small_cohort, table=some), "look")["age_zero"]
    assert finding.rows.tolist() == [3] and "1 recordings have age 0" in finding.sentence
    assert f"all {len(small_cohort):,} ages are 0" in found(clinical(small_cohort, table=every))["age_zero"].sentence
    assert "age_same" in found(clinical(small_cohort, table=small_cohort.table.assign(age_years=7.0)))


def test_swapped_columns(small_cohort):
    table = small_cohort.table.copy()
    table["latency_I_ms"], table["latency_V_ms"] = (
        small_cohort.table["latency_V_ms"],
        small_cohort.table["latency_I_ms"],
    )
    assert found(clinical(small_cohort, table=table))["wave_order"].severity == "problem"
    table = small_cohort.table.assign(intensity_db_nhl=100 - small_cohort.table["intensity_db_nhl"])
    assert found(clinical(small_cohort, table=table))["level_latency"].severity == "problem"


def test_marks_outside_the_trace(small_cohort):
    assert "mark_outside" in found(clinical(small_cohort, waveforms=small_cohort.waveforms[:, :100]), "problem")
    assert "time_axis" in found(clinical(small_cohort, waveforms=small_cohort.waveforms[:, :100]), "problem")


def test_odd_levels_rates_and_noise(small_cohort):
    table = small_cohort.table.copy()
    table["intensity_db_nhl"] = (table["intensity_db_nhl"] + 3).clip(upper=110)
    table.loc[5, "stimulus_rate_per_s"] = 2.0
    table["residual_noise_nv"] /= 1000
    findings = found(clinical(small_cohort, table=table))
    assert findings["level_scale"].severity == "look" and findings["rate"].rows.tolist() == [5]
    assert findings["noise_unit"].severity == "problem" and findings["noise_unit"].correction.value == "µV"


def test_clipped_and_standing_traces(small_cohort):
    waveforms = small_cohort.waveforms.copy()
    waveforms[3] = np.clip(waveforms[3], -0.5 * waveforms[3].max(), 0.5 * waveforms[3].max())
    waveforms[8, 100:300] = waveforms[8, 100]
    findings = found(clinical(small_cohort, waveforms=waveforms), "look")
    assert findings["clipped"].rows.tolist() == [3] and findings["still"].rows.tolist() == [8]
    coarse = np.round(small_cohort.waveforms, 2)  # an instrument's coarse steps are not clipping
    assert {"clipped", "still"} & set(found(clinical(small_cohort, waveforms=coarse), "problem")) == set()


def test_the_same_trace_in_another_scale_or_upside_down(small_cohort):
    waveforms = small_cohort.waveforms.copy()
    waveforms[5], waveforms[9] = 3 * waveforms[2], -waveforms[7]
    assert found(clinical(small_cohort, waveforms=waveforms), "look")["same_trace"].rows.tolist() == [5, 9]


def test_a_patient_of_two_sexes_and_two_ages(small_cohort):
    table = small_cohort.table.copy()
    one = np.flatnonzero(table["patient_id"] == table["patient_id"][0])
    table.loc[one, "sex"] = "female"
    table.loc[one[0], "sex"] = "male"
    table.loc[one, "age_years"] = 3.0
    table.loc[one[1], "age_years"] = 30.0
    findings = found(clinical(small_cohort, table=table), "look")
    assert findings["two_sexes"].rows.tolist() == one.tolist() == findings["ages_apart"].rows.tolist()
    each = small_cohort.table.assign(patient_id=[f"p{i}" for i in range(len(small_cohort))])
    assert "column the right one" in found(clinical(small_cohort, table=each))["patients"].sentence


def test_absent_with_an_amplitude(small_cohort):
    table = small_cohort.table.copy()
    table.loc[2, ["response_V", "latency_V_ms", "amplitude_V_uv"]] = ["absent", np.nan, 0.3]
    assert found(clinical(small_cohort, table=table), "look")["absent_with_amplitude"].rows.tolist() == [2]


def test_no_finding_names_a_person(small_cohort):
    for finding in check_import(clinical(small_cohort)):
        assert not any(p in finding.sentence for p in small_cohort.table["patient_id"].unique()[:20])
