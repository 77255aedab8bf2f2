"""The dashboard without a browser, on a data folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from abr_model.cohort import Cohort

ROOT = Path(__file__).resolve().parents[2]
PAGE_FILES = {
    "data": ROOT / "pages" / "1_Data.py",
    "training": ROOT / "pages" / "2_Training.py",
    "generation": ROOT / "pages" / "3_Generation.py",
    "evaluation": ROOT / "pages" / "4_Evaluation.py",
    "review": ROOT / "pages" / "6_Review.py",
}


@pytest.fixture(scope="session")
def model(small_cohort: Cohort):
    """A model of the default preset that has learned nothing: pages do not look at how good it is."""
    import torch

    from abr_model.configuration import load_preset
    from abr_model.model import ModelProvenance, TrainedModel
    from abr_model.network import build_network
    from abr_model.sampler import build_sampler
    from abr_model.training.parts import prepare_parts
    from abr_model.training_support import support_of

    preset = load_preset("default")
    parts = prepare_parts(small_cohort, preset)
    torch.manual_seed(0)
    network = build_network(preset.network)
    provenance = ModelProvenance(
        kind="simulated",
        cohort="clinic.parquet",
        cohort_digest="ab" * 32,
        split="patient",
        recordings=parts.split.sizes,
        patients=parts.patients,
        command="abr train",
        epochs=0,
    )
    sampler = build_sampler(preset.sampler, network.latent, network.samples)
    support = support_of(parts.train)
    return TrainedModel(network, sampler, preset, parts.scaling, parts.train.sampling, support, provenance)


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch) -> Path:
    """An empty data folder without a shipped model; caches of other tests are emptied."""
    from dashboard import session

    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("ABR_DATA", str(folder))
    monkeypatch.setattr(session, "SHIPPED_MODELS", tmp_path / "no-model-is-shipped")
    monkeypatch.setattr(session, "FIRST_PATIENTS", 12)  # the first start simulates a clinic; a small one is enough
    st.cache_resource.clear()
    st.cache_data.clear()
    return folder


@pytest.fixture
def sample_cohort(data_folder: Path, small_cohort: Cohort) -> Path:
    """A simulated cohort in the data folder."""
    return small_cohort.write(data_folder / "cohorts" / "sample.parquet")


@pytest.fixture
def open_page(data_folder: Path) -> Callable[[str], AppTest]:
    """Opens a page through the navigation, as a person does: ``open_page("data")``."""

    def open_(name: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=60).run()
        return app if name == "home" else app.switch_page(str(PAGE_FILES[name])).run()

    return open_


@pytest.fixture
def go() -> Callable[[AppTest, str], AppTest]:
    """Changes the page of an open dashboard, as a click in the sidebar does: ``go(app, "training")``."""

    def go_(app: AppTest, name: str) -> AppTest:
        return app.switch_page("home_page.py" if name == "home" else str(PAGE_FILES[name])).run()

    return go_


@pytest.fixture
def words() -> Callable[[AppTest], str]:
    """Everything that an app writes on the main page and in the sidebar, as one text."""

    def words_(app: AppTest) -> str:
        kinds = (app.title, app.markdown, app.caption, app.error, app.warning, app.subheader)
        return "\n".join(str(element.value) for kind in kinds for element in kind)

    return words_
