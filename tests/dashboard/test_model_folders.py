"""A loaded model: its checksum is that of its weights, and is worked out once."""

from __future__ import annotations

from dashboard.model_folders import LoadedModel


class Counted:
    asked = 0

    @property
    def weights_sha256(self) -> str:
        self.asked += 1
        return "0123abcd" * 8


def test_the_checksum_is_worked_out_once(tmp_path):
    model = Counted()
    loaded = LoadedModel(model, "tiny · 0123", tmp_path)
    assert model.asked == 0
    assert (loaded.model_id, loaded.weights_sha256, loaded.model_id) == ("0123abcd", "0123abcd" * 8, "0123abcd")
    assert model.asked == 1
