from __future__ import annotations

import pytest

from abr_model.configuration import PreparationConfig, TrainingConfig, load_preset, preset_names
from abr_model.errors import InputError
from abr_model.setting_names import NAMES
from dashboard.widgets.training.starting.draft import Base, Draft
from dashboard.widgets.training.starting.field_input import step_around
from dashboard.widgets.training.starting.preset_fields import (
    bounds_of,
    choices_of,
    fields_of,
    in_words,
    path_of,
    value_in,
)
from dashboard.widgets.training.starting.preset_file import preset_in
from dashboard.widgets.training.starting.preset_form import BESIDE_THE_MACHINE, MAIN


@pytest.fixture
def draft() -> Draft:
    return Draft("default", {name: Base(load_preset(name), name) for name in preset_names()})


def test_bounds_are_those_of_the_configuration():
    fields = TrainingConfig.model_fields
    assert bounds_of(fields["epochs"]) == (1, 10_000)
    assert bounds_of(fields["learning_rate"]) == (1e-7, 0.1)
    assert bounds_of(fields["gamma"]) == (0, 1)
    assert bounds_of(PreparationConfig.model_fields["fmp_above"]) == (0, 1000)


def test_choices_are_those_of_the_configuration():
    fields = PreparationConfig.model_fields
    assert choices_of(fields["polarity"]) == ["alternating", "rarefaction", "condensation", None]
    assert choices_of(fields["split"]) == ["patient", "recording (leaky)"]
    assert choices_of(fields["fmp_above"]) == []


@pytest.mark.parametrize("name", preset_names())
def test_every_setting_of_a_preset_is_offered_and_reads_back_as_it_was(name):
    preset = load_preset(name)
    values = preset.model_dump()
    asked = {
        f"{part}.{field}"
        for part, fields in values.items()
        if isinstance(fields, dict)
        for field in fields
        if field not in ("architecture", "kind")
    }
    fields = fields_of(preset)
    assert set(fields) == asked
    for path, field in fields.items():
        written = field.written(value_in(preset, path))
        assert preset.changed(**{field.part: {field.name: field.read(written)}}) == preset
        assert field.meaning
        assert field.allowed or field.kind not in ("whole", "number")


def test_names_and_first_settings_belong_to_settings_that_exist():
    known = {path for name in preset_names() for path in fields_of(load_preset(name))}
    assert {path for path in NAMES if "." in path} <= known
    assert set(MAIN) | set(BESIDE_THE_MACHINE) <= known


def test_labels_of_one_preset_tell_its_settings_apart():
    for name in preset_names():
        for part in ("preparation", "network", "objective", "sampler", "training"):
            labels = [field.label for field in fields_of(load_preset(name)).values() if field.part == part]
            assert len(set(labels)) == len(labels)


def test_ranges_are_said_as_they_are_checked():
    fields = fields_of(load_preset("default"))
    assert fields["training.epochs"].allowed == "1 to 10,000"
    assert fields["training.learning_rate"].allowed == "0.0000001 to 0.1"
    assert fields["preparation.fmp_above"].allowed == "0 to 1,000, or empty"
    assert fields["sampler.ema"].allowed == "0 to below 1"
    assert fields["objective.beta_points"].meaning.startswith("β of the KL")


@pytest.mark.parametrize(
    ("path", "written", "value"),
    [
        ("preparation.fractions", "0.8, 0.1, 0.1", [0.8, 0.1, 0.1]),
        ("preparation.fractions", "0,8; 0,1; 0,1", [0.8, 0.1, 0.1]),
        ("sampler.bands", "[0, 8, 200]", [0, 8, 200]),
        ("objective.beta_points", "0: 0, 5:0.5 , 9 : 1,", [[0, 0], [5, 0.5], [9, 1]]),
        ("objective.beta_points", "0: 0; 5: 0,5", [[0, 0], [5, 0.5]]),
    ],
)
def test_lists_are_read_as_people_write_them(path, written, value):
    assert fields_of(load_preset("default"))[path].read(written) == value


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("preparation.fractions", "most of them"),
        ("preparation.fractions", ""),
        ("sampler.bands", "0, 8 9"),
        ("objective.beta_points", "0, 1"),
        ("objective.beta_points", "0: 1: 2"),
        ("objective.beta_points", "0: "),
    ],
)
def test_a_text_that_is_no_list_names_the_field(path, written):
    with pytest.raises(InputError, match=path):
        fields_of(load_preset("default"))[path].read(written)


def test_a_draft_knows_what_was_changed_and_gives_it_back(draft):
    draft.write("training.epochs", 3)
    draft.write("objective.beta_points", "0: 1")
    draft.write("preparation.fmp_above", None)
    assert [field.path for field in draft.changed] == [
        "preparation.fmp_above",
        "objective.beta_points",
        "training.epochs",
    ]
    preset = draft.preset()
    assert (preset.training.epochs, preset.preparation.fmp_above) == (3, None)
    assert preset.objective.beta_points == ((0, 1.0),)
    draft.reset("training.epochs")
    assert draft.preset().training.epochs == load_preset("default").training.epochs
    draft.reset()
    assert draft.preset() == load_preset("default")


def test_the_presets_own_value_is_no_change_however_it_is_written(draft):
    draft.write("training.epochs", 3)
    draft.write("training.epochs", load_preset("default").training.epochs)
    draft.write("objective.beta_points", draft.written_own("objective.beta_points").replace(", ", " ,"))
    assert draft.changed == []


def test_each_preset_keeps_its_changes(draft):
    draft.write("training.epochs", 3)
    draft.base = "reference"
    assert draft.changed == []
    draft.write("training.epochs", 4)
    draft.base = "default"
    assert draft.preset().training.epochs == 3


def test_a_setting_that_repeats_another_follows_it(draft):
    draft.write("preparation.samples", 160)
    draft.write("sampler.bands", "0, 8, 160")
    assert draft.written("network.samples") == 160
    assert draft.preset().network.samples == 160


def test_the_schedules_step_counts_only_with_that_schedule(draft):
    draft.write("training.schedule", "step")
    assert draft.has_effect("training.step_size")
    draft.write("training.schedule", "cosine")
    assert not draft.has_effect("training.step_size")
    assert not draft.has_effect("training.gamma")
    assert draft.has_effect("training.learning_rate")


def test_a_contradiction_is_said_with_the_names_of_the_form(draft):
    draft.write("preparation.samples", 160)
    with pytest.raises(InputError) as caught:
        draft.preset()
    assert "sampler.bands" in str(caught.value)
    assert "“Noise bands”" in in_words(caught.value, draft.fields)
    draft.reset()
    draft.write("preparation.fractions", "0.5, 0.5, 0.5")
    with pytest.raises(InputError) as caught:
        draft.preset()
    assert path_of(caught.value, draft.fields) == "preparation.fractions"
    draft.reset()
    draft.write("network.heads", 3)
    with pytest.raises(InputError) as caught:
        draft.preset()
    assert path_of(caught.value, draft.fields) == "network"


@pytest.mark.parametrize(
    ("own", "low", "high", "step"),
    [
        (0.002, 1e-7, 0.1, 0.001),
        (1.0, 0, 1000, 0.1),
        (0.999, 0, 1, 1e-4),
        (5000.0, 0, 1e6, 1000.0),
        (0.0, 0, 1, 0.1),
        (None, 0, 1000, 0.1),
    ],
)
def test_a_step_leads_to_neither_bound(own, low, high, step):
    assert step_around(own, low, high) == pytest.approx(step)


def test_a_preset_from_a_file_names_the_file_and_not_its_place():
    preset = load_preset("default").changed(training={"epochs": 7})
    assert preset_in(preset.to_yaml().encode(), "mine.yaml") == preset
    for content in (b"- 1", b"name: x", b"\xff\xfe\x00", b"x" * 200_000, b"!!python/object/apply:os.system [ls]"):
        with pytest.raises(InputError) as caught:
            preset_in(content, "mine.yaml")
        assert "mine.yaml" in str(caught.value)
        assert "/" not in str(caught.value).replace("python/object/apply", "")
