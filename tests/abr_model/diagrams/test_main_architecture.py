from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from torch import nn

from abr_model.diagrams.main_architecture import main_architecture
from abr_model.network import parameter_count
from abr_model.network.summary import empty_inputs


def parameters_of(diagram, block_id: str) -> int:
    return diagram.block(block_id).parameters


def test_the_blocks_hold_every_parameter_once(subject):
    diagram = main_architecture(subject)
    assert diagram.parameters == parameter_count(subject.network) + parameter_count(subject.sampler)
    assert sum(block.share or 0 for block in diagram.blocks) == pytest.approx(1)
    assert f"{parameter_count(subject.network):,} parameters of the network" in diagram.subtitle


def test_the_reference_has_the_counts_of_the_original_description(subjects):
    diagram = main_architecture(subjects["reference"])
    assert diagram.parameters == 520_335
    asked = {
        "stem": 9_152, "encoder": 100_096, "static_stream": 160, "label_streams": 64 + 64 + 112, "join": 9_568,
        "posterior": 2 * 2_080, "condition": 2_176, "features": 4_160, "label_features": 8_576, "tokens": 214_400,
        "memory": 12_800, "decoder": 133_632, "waveform": 10_497, "label_heads": 8_646, "static": 2_072,
    }  # fmt: skip
    assert {name: parameters_of(diagram, name) for name in asked} == asked


def test_shapes_are_those_of_a_forward_pass(subject):
    """Hooked here once more, on another number of recordings."""
    found = {}

    def note(name):
        def hook(_module, _inputs, output):
            found[name] = ("B", *output.shape[1:]) if isinstance(output, torch.Tensor) else None

        return hook

    network = copy.deepcopy(subject.network)
    for name, module in network.named_modules():
        module.register_forward_hook(note(name))
    with torch.no_grad():
        network(empty_inputs(7, network.samples))
    diagram, checked = main_architecture(subject), 0
    for block in diagram.blocks:
        last = next((name for name in reversed(block.modules) if name in found), None)
        if last and block.id not in ("label_heads", "label_streams"):
            assert block.shape_out == found[last], block.id
            checked += 1
    assert checked >= 10
    assert diagram.block("waveform_out").shape_out == ("B", subject.network.samples)
    assert diagram.block("z").shape_out == ("B", subject.network.latent)


def test_the_words_come_from_the_network(subjects):
    words = main_architecture(subjects["deep reference"]).block("encoder").words
    assert "3 pre-norm layers, 2 heads of 32" in words
    assert "static" in main_architecture(subjects["reference"]).block("static").id
    small = main_architecture(subjects["small default"])
    assert "1 pre-norm layer, 2 heads of 8" in small.block("encoder").words
    assert "1 pre-norm layers" not in small.alt
    assert "z: 4 numbers" in small.alt


@pytest.mark.parametrize("preset", ["default", "reference"])
def test_a_part_that_the_figure_does_not_know_is_an_error(subjects, preset):
    subject = subjects[f"small {preset}"]
    network = copy.deepcopy(subject.network)
    network.something_new = nn.Linear(2, 2)
    with pytest.raises(AssertionError, match="something_new"):
        main_architecture(dataclasses.replace(subject, network=network))


def test_a_reference_network_may_have_a_flow_and_the_other_way_round(small_presets):
    from abr_model.diagrams.subject import Subject

    reference, default = small_presets["reference"], small_presets["default"]
    mixed = reference.model_copy(update={"sampler": default.sampler})
    diagram = main_architecture(Subject.of_preset(mixed))
    assert diagram.block("sampler").title == "Latent flow"
    assert parameters_of(diagram, "sampler") > 0
    plain = main_architecture(Subject.of_preset(default.model_copy(update={"sampler": reference.sampler})))
    assert plain.block("sampler").title == "N(0, I)"


def test_a_static_branch_that_is_trained_does_not_say_otherwise(small_presets):
    from abr_model.diagrams.subject import Subject

    words = {}
    for weight in (0.0, 1.0):
        preset = small_presets["reference"].changed(objective={"static_weight": weight})
        words[weight] = main_architecture(Subject.of_preset(preset)).block("static").words
    assert "not trained" in words[0.0]
    assert "not trained" not in words[1.0]


def test_drawing_changes_nothing(subjects):
    subject = subjects["small reference"]
    before = {name: value.clone() for name, value in subject.network.state_dict().items()}
    state = torch.random.get_rng_state()
    main_architecture(subject)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert not subject.network.training
    assert all(torch.equal(value, before[name]) for name, value in subject.network.state_dict().items())
    assert not any(module._forward_hooks for module in subject.network.modules())
