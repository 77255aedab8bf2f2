from __future__ import annotations

import pytest

from abr_model.evaluation.score import Score


@pytest.mark.parametrize(
    ("value", "allowed", "met"),
    [
        (0.60, (None, 0.60), True),
        (0.61, (None, 0.60), False),
        (0.92, (0.92, None), True),
        (0.91, (0.92, None), False),
        (0.50, (0.47, 0.53), True),
        (0.46, (0.47, 0.53), False),
        (0.54, (0.47, 0.53), False),
        (0.0, (None, 0.0), True),
        (0.5, (None, None), None),
        (float("nan"), (None, 0.60), None),
        (float("inf"), (None, 0.60), None),
    ],
)
def test_what_is_met(value, allowed, met):
    assert Score("auc", "AUC", value, allowed=allowed).met is met


def test_what_is_asked_and_told():
    assert Score("auc", "AUC", 0.5, allowed=(None, 0.6)).is_asked
    assert not Score("auc", "AUC", 0.5).is_asked
    assert not Score("auc", "AUC", float("nan"), untold="too few").is_told
