from __future__ import annotations

from abr_model.configuration import PreparationConfig, TrainingConfig, load_preset, preset_names
from dashboard.widgets.training.preset_form import LABELS, MAIN_FIELDS, MORE_FIELDS, bounds_of, choices_of


def test_bounds_are_those_of_the_configuration():
    fields = TrainingConfig.model_fields
    assert bounds_of(fields["epochs"]) == (1, 10_000)
    assert bounds_of(fields["learning_rate"]) == (1e-7, 0.1)
    assert bounds_of(fields["gamma"]) == (0, 1)


def test_choices_are_those_of_the_configuration():
    fields = PreparationConfig.model_fields
    assert choices_of(fields["polarity"]) == ["alternating", "rarefaction", "condensation", None]
    assert choices_of(fields["split"]) == ["patient", "recording (leaky)"]
    assert choices_of(fields["fmp_above"]) == []


def test_every_field_of_the_form_exists_in_every_preset_and_has_a_label():
    for name in preset_names():
        preset = load_preset(name)
        for part, field in (*MAIN_FIELDS, *MORE_FIELDS):
            assert hasattr(getattr(preset, part), field)
            assert field in LABELS
