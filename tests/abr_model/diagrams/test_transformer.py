from __future__ import annotations

import pytest

from abr_model.diagrams.main_architecture import main_architecture
from abr_model.diagrams.transformer import transformer
from abr_model.network import parameter_count


def test_the_layers_hold_what_encoder_and_decoder_hold(subject):
    diagram, whole = transformer(subject), main_architecture(subject)
    network = subject.network
    memory = network.memory.numel() if hasattr(network, "memory") else 0
    assert diagram.parameters == parameter_count(network.encoder) + parameter_count(network.decoder) + memory
    for part in ("encoder", "decoder"):
        own = [b for b in diagram.blocks if b.id.startswith(f"{part}_")]
        assert sum(b.parameters for b in own) == whole.block(part).parameters
        assert sum(b.share or 0 for b in own) == pytest.approx(whole.block(part).share)


def test_cross_attention_is_there_where_the_network_has_one(subjects):
    assert transformer(subjects["default"]).block("decoder_cross") is None
    diagram = transformer(subjects["reference"])
    assert diagram.block("decoder_cross").parameters > 0
    assert ("memory", "decoder_cross") in [arrow.ids for arrow in diagram.arrows]
    assert diagram.block("memory").shape_out == ("B", 200, 64)


def test_sizes_of_the_attention_are_those_of_the_live_module(subjects):
    words = transformer(subjects["deep reference"])
    assert words.block("attention_weights").shape_out == ("B", 2, 50, 50)
    assert words.block("attention_qkv").shape_out == ("B", 2, 50, 32)
    assert "√32" in words.block("attention_weights").words
    assert "/ 4," in transformer(subjects["default"]).block("attention_weights").words
    assert "layer × 3" in " ".join(group.title for group in words.groups)


def test_every_sublayer_has_its_way_past_it(subject):
    diagram = transformer(subject)
    adds = [b.id for b in diagram.blocks if b.role == "join"]
    assert len(adds) in (4, 5)
    assert all(sum(arrow.ids[1] == add for arrow in diagram.arrows) == 2 for add in adds)
