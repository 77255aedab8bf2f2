from __future__ import annotations

import importlib

import pytest

from abr_model.errors import InputError
from abr_model.evaluation.sections import SECTIONS, SectionEntry, chosen_sections


@pytest.mark.parametrize("entry", SECTIONS, ids=lambda entry: entry.key)
def test_every_section_has_its_function(entry):
    module = importlib.import_module(f"abr_model.evaluation.{entry.room}.{entry.key}")
    assert callable(getattr(module, entry.function))


@pytest.mark.parametrize(
    ("flags", "gets_model"), [({}, False), ({"needs_network": True}, True), ({"uses_network": True}, True)]
)
def test_who_gets_the_network(monkeypatch, flags, gets_model):
    import abr_model.evaluation.likeness.distances as module

    def section(*subject, on_progress):
        on_progress(0.5)
        return subject

    monkeypatch.setattr(module, "distances_section", section, raising=False)
    told = []
    got = SectionEntry("distances", "likeness", "Distances", "distances_section", **flags).run(
        "comparison", "model", told.append
    )
    assert got == (("comparison", "model") if gets_model else ("comparison",))
    assert told == [0.5]


def test_sections_are_chosen_in_the_order_of_the_scorecard():
    assert chosen_sections(None) == list(SECTIONS)
    assert [entry.key for entry in chosen_sections(["privacy", "two_sample"])] == ["two_sample", "privacy"]
    with pytest.raises(InputError, match="no such section") as refused:
        chosen_sections(["two_sample", "price"])
    assert refused.value.value == "price"
