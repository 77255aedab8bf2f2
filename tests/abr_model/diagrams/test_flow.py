from __future__ import annotations

import numpy as np
import pytest

from abr_model.diagrams.code import code_doc
from abr_model.diagrams.flow import flow_of
from abr_model.diagrams.folder import DIAGRAMS
from abr_model.diagrams.subject import Subject
from abr_model.errors import InputError
from abr_model.generation.inference import posterior, reconstruct


@pytest.fixture(scope="module")
def model(finished_run):
    return Subject.of_run(finished_run).model


@pytest.fixture(scope="module")
def recording(small_cohort):
    known = small_cohort.table["latency_V_ms"].notna() & small_cohort.table["age_years"].notna()
    return small_cohort.take(np.flatnonzero(known)[:1])


def test_the_flow_is_that_of_the_model(model, recording):
    flow = flow_of(model, recording, ("stem", "encoder"))
    expected = posterior(model, recording)
    np.testing.assert_allclose(flow.latent.mean, expected.mean[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(flow.latent.sd, expected.sd[0], rtol=1e-4)
    np.testing.assert_allclose(flow.latent.kl, expected.kl[0], rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(flow.response_uv, reconstruct(model, recording)[0], rtol=1e-3, atol=1e-5)
    assert flow.outputs["stem"].shape == (16, 20)
    assert flow.outputs["encoder"].shape == (20, 16)
    assert np.all(flow.latent.prior_sd == 1), "the preset reference has a standard normal prior"
    marked = recording.table[["latency_V_ms"]].to_numpy()[0, 0]
    assert flow.marked[2] == pytest.approx(marked)
    assert 0 < flow.read[2] < 15, "latencies are told in ms"


def test_the_tokens_tile_the_time_axis(model, recording):
    flow = flow_of(model, recording)
    assert len(flow.edges_ms) == 21
    step = 1000 / model.sampling.rate_hz
    assert np.diff(flow.edges_ms) == pytest.approx(4 * step)
    assert flow.edges_ms[0] == pytest.approx(-2 * step)
    layers = flow.attention_of("encoder")
    assert [a.layer for a in layers] == [1]
    assert layers[0].weights.shape == (1, 2, 20, 20)
    assert flow.attention_of("decoder", crosses=True)[0].weights.shape == (1, 2, 20, 80)


def test_a_recording_without_its_age_is_refused(model, recording):
    from dataclasses import replace

    unknown = replace(recording, table=recording.table.assign(age_years=np.nan))
    with pytest.raises(InputError, match="age"):
        flow_of(model, unknown)


def test_every_block_that_names_its_code_finds_words_and_a_file(subject):
    checked = 0
    for make in DIAGRAMS.values():
        for block in make(subject).blocks:
            found = code_doc(block.code)
            if found is None:
                assert block.role in ("data", "join", "note"), block.id
                continue
            checked += 1
            assert found.doc, block.code
            assert found.file.startswith(("abr_model/", "torch/")), found.file
            assert not found.file.startswith("/")
    assert checked > 25


def test_the_file_of_the_code_is_the_one_in_the_checkout(project_root):
    for code in ("abr_model.network.patch:PatchNetwork.encode", "abr_model.sampler.latent_flow", "abr_model.objective"):
        assert (project_root / code_doc(code).file).is_file()
    assert "Conv1d 1→64" in code_doc("abr_model.network.patch:PatchNetwork.encode").module_doc
    assert code_doc("torch.nn:LayerNorm").module_doc == ""
