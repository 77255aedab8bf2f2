"""Starting from the view New training, and its settings."""

from __future__ import annotations

from abr_model.configuration import load_preset
from abr_model.errors import InputError
from abr_model.runs import launch as background
from abr_model.runs.notes import read_notes
from abr_model.runs.run import list_runs
from abr_model.runs.training_lock import training_lock

# --- starting ---------------------------------------------------------------------------------------------------------


def test_start_prepares_a_run_with_what_the_form_says_and_goes_to_it(new_training, root, launched, open_part):
    new_training.number_input(key="training_training_epochs").set_value(3)
    new_training.number_input(key="training_training_learning_rate").set_value(0.001)
    new_training.number_input(key="training_preparation_fmp_above").set_value(None)
    new_training.text_input(key="training_option_label").set_value("first try").run()
    open_part(new_training, "notes").text_area(key="training_option_notes").set_value("to see\nwhat happens").run()
    open_part(new_training, "machine")
    new_training.number_input(key="training_option_threads").set_value(2)
    new_training.number_input(key="training_option_preview_every").set_value(5)
    new_training.number_input(key="training_option_checkpoint_every").set_value(0)
    new_training.selectbox(key="training_option_accelerator").set_value("cpu")
    new_training.number_input(key="training_option_recordings").set_value(300).run()
    new_training.button(key="training_start").click().run()
    assert not new_training.exception
    assert not new_training.error
    (run,) = list_runs(root)
    assert launched == [(run, {})]
    config = run.config
    assert (config.preset.training.epochs, config.preset.training.learning_rate) == (3, 0.001)
    assert config.preset.preparation.fmp_above is None
    assert (config.threads, config.preview_every, config.checkpoint_every, config.recordings) == (2, 5, 0, 300)
    assert (config.machine.accelerator, config.dry_run) == ("cpu", False)
    assert config.cohort == "Simulated clinic · 40 patients · seed 1"
    assert (read_notes(run).label, read_notes(run).notes) == ("first try", "to see\nwhat happens")
    assert (new_training.session_state["training_run"], new_training.session_state["training_view"]) == (run.id, "runs")


def test_a_dry_run_is_the_same_on_few_recordings(new_training, root, launched):
    new_training.number_input(key="training_network_latent").set_value(16).run()
    new_training.button(key="training_dry_run").click().run()
    assert not new_training.exception
    (run,) = list_runs(root)
    config = run.config
    assert launched == [(run, {})]
    assert config.dry_run
    assert config.recordings == 200
    assert config.preset.training.epochs <= 2
    assert config.preset.network.latent == 16
    assert (
        new_training.session_state["training_draft"].preset().training.epochs == load_preset("default").training.epochs
    )


def test_while_another_trains_it_is_put_into_the_queue(new_training, root, launched, shown):
    lock = training_lock()
    assert lock.acquire()
    try:
        new_training.run()
        assert new_training.button(key="training_start").label == "Add to the queue"
        assert "is under way" in shown(new_training)
        new_training.button(key="training_start").click().run()
    finally:
        lock.release()
    assert not new_training.exception
    assert not new_training.error
    assert launched == [(list_runs(root)[0], {"queue": True})]
    new_training.session_state["training_view"] = "new"
    assert new_training.run().button(key="training_start").label == "Start training"


def test_a_training_that_another_window_began_a_moment_ago_is_told_and_nothing_is_made(
    new_training, root, launched, shown
):
    lock = training_lock()
    assert lock.acquire()  # since the page was drawn
    try:
        new_training.button(key="training_start").click().run()
    finally:
        lock.release()
    assert not new_training.exception
    assert "another training is active" in shown(new_training).lower()
    assert (list_runs(root), launched) == ([], [])


def test_a_start_that_is_refused_leaves_a_run_that_says_why_and_the_form_as_it_was(
    new_training, root, monkeypatch, shown
):
    def refuse(run, **options):
        raise InputError("the training cannot be started: the disk is full")

    monkeypatch.setattr(background, "launch", refuse)
    new_training.number_input(key="training_training_epochs").set_value(3)
    new_training.text_input(key="training_option_label").set_value("mine").run()
    new_training.button(key="training_start").click().run()
    assert not new_training.exception
    assert "the disk is full" in shown(new_training).lower()
    (run,) = list_runs(root)
    assert (run.state, run.active) == ("failed", False)
    assert "the disk is full" in run.message
    new_training.session_state["training_view"] = "new"
    new_training.run()
    assert new_training.number_input(key="training_training_epochs").value == 3
    assert new_training.text_input(key="training_option_label").value == "mine"


# --- settings ---------------------------------------------------------------------------------------------------------


def test_every_setting_of_every_preset_can_be_asked_for(new_training, open_part, shown):
    for part in ("preparation", "scaling", "network", "objective", "sampler", "training", "machine"):
        open_part(new_training, part)
    for name in ("default", "reference"):
        new_training.selectbox(key="training_preset").set_value(name).run()
        assert not new_training.exception
        drawn = {
            w.key
            for kind in (
                new_training.number_input,
                new_training.text_input,
                new_training.selectbox,
                new_training.toggle,
            )
            for w in kind
        }
        draft = new_training.session_state["training_draft"]
        assert {f"training_{path.replace('.', '_')}" for path in draft.fields} <= drawn
        assert not new_training.button(key="training_start").disabled
        text = shown(new_training)
        assert all(field.meaning in text for field in draft.fields.values())


def test_what_was_typed_is_there_again_after_another_view(new_training, open_part):
    new_training.number_input(key="training_training_epochs").set_value(3)
    new_training.text_input(key="training_option_label").set_value("mine")
    open_part(new_training, "objective").text_input(key="training_objective_beta_points").set_value("0: 0, oops").run()
    new_training.session_state["training_view"] = "runs"
    new_training.run()
    assert not new_training.number_input
    new_training.session_state["training_view"] = "new"
    new_training.run()
    assert new_training.number_input(key="training_training_epochs").value == 3
    assert new_training.text_input(key="training_option_label").value == "mine"
    assert open_part(new_training, "objective").text_input(key="training_objective_beta_points").value == "0: 0, oops"


def test_changes_are_counted_marked_and_put_back(new_training, shown):
    own = load_preset("default").training
    assert "As in default" in shown(new_training)
    new_training.number_input(key="training_training_epochs").set_value(3)
    new_training.number_input(key="training_training_batch_size").set_value(64).run()
    assert "2 settings changed" in [block.proto.popover.label for block in new_training.get("popover")]
    assert f"in the preset: {own.epochs}" in shown(new_training)
    new_training.button(key="training_reset_training.epochs").click().run()
    assert new_training.number_input(key="training_training_epochs").value == own.epochs
    assert new_training.number_input(key="training_training_batch_size").value == 64
    new_training.button(key="training_reset").click().run()
    assert new_training.number_input(key="training_training_batch_size").value == own.batch_size
    assert "As in default" in shown(new_training)
    assert not new_training.exception


def test_a_contradiction_names_the_field_and_cannot_be_started(new_training, open_part):
    open_part(new_training, "objective").text_input(key="training_objective_beta_points").set_value("3: 0").run()
    assert not new_training.exception
    (problem,) = new_training.error
    assert "“β over the epochs”" in problem.value
    assert new_training.button(key="training_start").disabled
    assert new_training.button(key="training_dry_run").disabled
    assert new_training.text_input(key="training_objective_beta_points").value == "3: 0"
    new_training.text_input(key="training_objective_beta_points").set_value("0: 0, 3: 1").run()
    assert not new_training.error
    assert not new_training.button(key="training_start").disabled


def test_what_has_no_effect_beside_the_schedule_cannot_be_changed(new_training, open_part):
    open_part(new_training, "training").selectbox(key="training_training_schedule").set_value("cosine").run()
    assert new_training.number_input(key="training_training_step_size").disabled
    assert new_training.number_input(key="training_training_gamma").disabled
    new_training.selectbox(key="training_training_schedule").set_value("step").run()
    assert not new_training.number_input(key="training_training_step_size").disabled


def test_a_threshold_that_keeps_nothing_is_explained_and_cannot_be_started(new_training, estimates, shown):
    asked = len(estimates)
    new_training.number_input(key="training_preparation_fmp_above").set_value(1000.0).run()
    assert not new_training.exception
    assert "no recording is left" in shown(new_training).lower()
    assert new_training.button(key="training_start").disabled
    assert len(estimates) == asked


def test_the_estimate_is_asked_for_what_would_be_trained(new_training, estimates):
    new_training.number_input(key="training_training_batch_size").set_value(64).run()
    preset, recordings, threads, machine = estimates[-1]
    assert preset.training.batch_size == 64
    assert (threads, machine.accelerator) == (1, "auto")
    assert 300 < recordings < 1100
    new_training.number_input(key="training_option_recordings").set_value(100).run()
    assert estimates[-1][1] == 100


def test_a_precision_that_this_machine_has_not_is_refused_before_the_start(new_training, open_part, shown):
    open_part(new_training, "machine").selectbox(key="training_option_accelerator").set_value("cpu")
    new_training.selectbox(key="training_training_precision").set_value("16").run()
    assert not new_training.exception
    assert "16-bit floats" in shown(new_training)
    assert new_training.button(key="training_start").disabled


def test_recordings_of_one_patient_in_two_parts_are_warned_of(new_training, open_part, shown):
    open_part(new_training, "preparation").selectbox(key="training_preparation_split").set_value(
        "recording (leaky)"
    ).run()
    assert "will be too good" in shown(new_training)


# --- a preset as a file -----------------------------------------------------------------------------------------------


def test_a_preset_file_is_taken_over_and_a_broken_one_changes_nothing(new_training, root, shown):
    mine = load_preset("reference").changed(training={"epochs": 7})
    brought = mine.model_copy(update={"name": "mine"}).to_yaml().encode()
    new_training.number_input(key="training_training_epochs").set_value(3).run()
    new_training.file_uploader[0].set_value(("broken.yaml", b"name: x", "application/yaml")).run()
    assert not new_training.exception
    assert "broken.yaml" in shown(new_training)
    assert new_training.number_input(key="training_training_epochs").value == 3
    new_training.file_uploader[0].set_value(("mine.yaml", brought, "application/yaml")).run()
    assert not new_training.exception
    assert new_training.number_input(key="training_training_epochs").value == 7
    assert "broken.yaml" not in shown(new_training)
    new_training.button(key="training_start").click().run()
    (run,) = list_runs(root)
    assert (run.preset.name, run.preset.training.epochs, run.preset.network.architecture) == ("mine", 7, "reference")
    new_training.session_state["training_view"] = "new"
    new_training.run().selectbox(key="training_preset").set_value("default").run()
    assert new_training.number_input(key="training_training_epochs").value == 3
