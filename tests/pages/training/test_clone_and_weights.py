"""A training that begins from a run: with its settings, or with its weights."""

from __future__ import annotations

import pytest

from abr_model.configuration import load_preset
from abr_model.filter_range import Range
from abr_model.filtering import CohortFilter
from abr_model.runs.notes import write_notes
from abr_model.runs.run import Run, list_runs

# --- clone with changes -----------------------------------------------------------------------------------------------


def test_clone_fills_the_form_with_the_settings_of_the_run(new_training, root, sample_cohort, shown):
    preset = load_preset("reference").changed(training={"epochs": 7}, objective={"beta_points": [[0, 0.5]]})
    only = CohortFilter(ranges={"intensity_db_nhl": Range(minimum=60)})
    options = {"threads": 2, "checkpoint_every": 3, "preview_every": 4, "recordings": 200}
    run = Run.create(root, preset, sample_cohort, filter=only, label="before", **options)
    write_notes(run, label="newborns")
    new_training.session_state["training_clone"] = run.id
    new_training.run()
    assert not new_training.exception
    assert new_training.number_input(key="training_training_epochs").value == 7
    assert new_training.text_input(key="training_option_label").value == "newborns"
    assert "As in" in shown(new_training)
    new_training.number_input(key="training_training_epochs").set_value(9).run()
    assert "in the run: 7" in shown(new_training)
    new_training.button(key="training_start").click().run()
    other = next(r for r in list_runs(root) if r.id != run.id)
    assert other.preset == preset.changed(training={"epochs": 9})
    assert other.config.filter == only
    assert {name: getattr(other.config, name) for name in options} == options


def test_a_clone_whose_cohort_is_gone_says_so(new_training, root, sample_cohort, small_cohort, shown):
    gone = small_cohort.write(sample_cohort.with_name("gone.parquet"))
    run = Run.create(root, load_preset("default"), gone)
    gone.unlink()
    new_training.session_state["training_clone"] = run.id
    new_training.run()
    assert not new_training.exception
    assert "is not there any more" in shown(new_training)
    assert not new_training.button(key="training_start").disabled


def test_a_clone_of_a_run_that_is_gone_is_told(new_training, shown):
    new_training.session_state["training_clone"] = "2026-01-01-0000-default-0000"
    new_training.run().run()
    assert not new_training.exception
    assert "no such run" in shown(new_training)
    assert not new_training.button(key="training_start").disabled


# --- weights to begin with --------------------------------------------------------------------------------------------


@pytest.fixture
def run_with_model(model, root, sample_cohort) -> Run:
    """A run that has a model and one checkpoint, both with the weights of ``model``."""
    import torch

    run = Run.create(root, model.preset, sample_cohort, label="earlier")
    run.write_status(state="finished", message="all epochs trained")
    model.save(run.model_folder)
    run.last_checkpoint.parent.mkdir(exist_ok=True)
    known = {name: getattr(model, name).model_dump_json() for name in ("preset", "scaling", "sampling")}
    weights = {f"network.{name}": tensor for name, tensor in model.network.state_dict().items()}
    torch.save({"state_dict": weights, "abr": known}, run.last_checkpoint.with_name("best.ckpt"))
    return run


def test_a_training_can_begin_with_a_model(new_training, run_with_model, model, root, launched, open_part):
    open_part(new_training, "start").selectbox(key="training_start_kind").set_value("model").run()
    assert not new_training.exception
    assert not new_training.button(key="training_start").disabled
    new_training.button(key="training_start").click().run()
    assert not new_training.error
    made = launched[-1][0]
    assert made.config.start.words == f"model {model.model_id}"
    assert (made.folder / "start.safetensors").is_file()


def test_a_training_can_begin_with_a_checkpoint(new_training, run_with_model, launched, open_part):
    open_part(new_training, "start").selectbox(key="training_start_kind").set_value("checkpoint").run()
    assert not new_training.exception
    assert new_training.selectbox(key="training_start_checkpoint").options == ["best"]
    new_training.button(key="training_start").click().run()
    assert not new_training.error
    assert launched[-1][0].config.start.words == f"checkpoint best of run {run_with_model.id}"


def test_weights_of_another_network_are_refused_until_their_settings_are_used(
    new_training, run_with_model, open_part, shown
):
    new_training.number_input(key="training_network_latent").set_value(16).run()
    open_part(new_training, "start").selectbox(key="training_start_kind").set_value("model").run()
    assert not new_training.exception
    assert "another shape" in shown(new_training)
    assert "--from" not in shown(new_training)
    assert new_training.button(key="training_start").disabled
    new_training.button(key="training_start_settings").click().run()
    assert not new_training.exception
    assert not new_training.button(key="training_start").disabled
    assert new_training.session_state["training_draft"].preset().objective.beta_points == ((0, 1.0),)
    new_training.selectbox(key="training_preset").set_value("default").run()
    assert new_training.number_input(key="training_network_latent").value == 16


def test_without_any_model_there_is_nothing_to_begin_with(new_training, open_part, shown):
    open_part(new_training, "start").selectbox(key="training_start_kind").set_value("checkpoint").run()
    assert not new_training.exception
    assert "No run has kept a checkpoint" in shown(new_training)
    assert new_training.button(key="training_start").disabled
    new_training.selectbox(key="training_start_kind").set_value("chance").run()
    assert not new_training.button(key="training_start").disabled


def test_a_clone_begins_with_the_weights_that_its_run_began_with(new_training, run_with_model, model, root, launched):
    import torch

    from abr_model.training.start import Start

    start = Start.from_model(run_with_model.model_folder)
    run = Run.create(root, model.preset, run_with_model.config.cohort_path, start=start)
    new_training.session_state["training_clone"] = run.id
    new_training.run()
    assert not new_training.exception
    assert not new_training.button(key="training_start").disabled
    new_training.button(key="training_start").click().run()
    made = launched[-1][0]
    assert (made.config.start.words, made.config.start.option) == (run.config.start.words, run.config.start.option)
    assert all(
        torch.equal(tensor, start.weights[name])
        for name, tensor in Start.read(made.folder, made.config.start).weights.items()
    )
