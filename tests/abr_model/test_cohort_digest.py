from __future__ import annotations

import numpy as np
import pandas as pd

from abr_model.cohort_digest import ContentDigest
from abr_model.provenance import Sampling
from abr_model.table import conform_table

SAMPLING = Sampling(rate_hz=15_000, start_ms=0)


def table(**columns) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    ids = {"recording_id": [f"r{i}" for i in range(n)], "patient_id": ["p"] * n}
    return conform_table(pd.DataFrame(ids | columns))


def of(table: pd.DataFrame) -> str:
    content = ContentDigest(SAMPLING, 3)
    content.update(table=table)
    return content.table_sha256


def test_text_that_moves_from_one_cell_to_the_next_is_another_content():
    tables = [
        table(recording_id=["ab", "c", "d"]),
        table(recording_id=["a", "bc", "d"]),
        table(stimulus_type=["click", None, None]),
        table(stimulus_type=[None, "click", None]),
        table(stimulus_type=["µ", "cli", "ck"]),
    ]
    assert len({of(t) for t in tables}) == len(tables)


def test_every_column_counts():
    plain = table(age_years=[1.0, 2.0])
    changes = {"age_years": [1.0, 2.5], "ear": ["left", None], "fmp": [1.0, np.nan], "response_V": ["absent", None]}
    digests = {of(plain), *(of(plain.assign(**{name: values})) for name, values in changes.items())}
    assert len(digests) == 1 + len(changes)


def test_it_does_not_depend_on_blocks_order_of_calls_or_the_kind_of_nan():
    waveforms = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    rows = table(age_years=[1.0, np.nan, 3, 4, 5], stimulus_type=["click", None, "µ", "a", "b"])
    whole = ContentDigest(SAMPLING, 3)
    whole.update(waveforms, rows)
    parts = ContentDigest(SAMPLING, 3)
    for start, end in ((0, 1), (1, 4), (4, 5)):
        parts.update(table=rows.iloc[start:end])
        parts.update(waveforms[start:end])
    assert parts.hexdigest() == whole.hexdigest() and parts.table_sha256 == whole.table_sha256
    negative_nan = np.array([0xFFF8000000000000], dtype=np.uint64).view(np.float64)[0]
    assert of(table(age_years=[negative_nan])) == of(table(age_years=[np.nan]))


def test_sampling_and_shape_count():
    def digest(sampling=SAMPLING, samples=3, waveforms=None):
        content = ContentDigest(sampling, samples)
        content.update(np.zeros((2, 3), np.float32) if waveforms is None else waveforms, table(ear=["left", "left"]))
        return content.hexdigest()

    other_rate = digest(Sampling(rate_hz=16_000, start_ms=0))
    other_shape = digest(samples=6, waveforms=np.zeros((1, 6), np.float32))
    assert len({digest(), other_rate, other_shape, digest(waveforms=np.ones((2, 3), np.float32))}) == 4
