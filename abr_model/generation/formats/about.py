"""What stands beside the samples of a recording in a table: what it is, whence it comes, its conditions and marks."""

from __future__ import annotations

import pandas as pd

from abr_model.cohort import Cohort
from abr_model.errors import InputError
from abr_model.generation.support import support_of_rows
from abr_model.recordings import Recordings
from abr_model.schema import COLUMNS, CONDITION_NAMES, LATENCIES
from abr_model.spreadsheet import safe_cell

SAMPLE_COLUMN = "uv_at_{:.3f}_ms"
DECIMALS = 6
LATENCY_DECIMALS = 4


def export_table(cohort: Cohort) -> pd.DataFrame:
    """The columns of a CSV before the samples: what the recordings are, then the cohort's table.

    Numbers are rounded: latencies to 10⁻⁴ ms, all others to six decimals. Text is safe in a spreadsheet.
    """
    provenance, details = cohort.provenance, cohort.provenance.details
    first = {
        "kind": cohort.kind.value,
        "notice": provenance.notice.replace("–", "-"),  # ASCII: Excel takes a UTF-8 dash for three letters
        "source": provenance.source,
        # the word before it keeps spreadsheets from reading "12e34567" as a number
        "model_id": f"model-{details['model_id']}" if "model_id" in details else None,
        "preset": details.get("preset"),
        "seed": details.get("seed"),
        "content": details.get("content"),
        "trained_on": details.get("trained_on"),
        "sampling_rate_hz": cohort.sampling.rate_hz,
    }
    about = {name: [value] * len(cohort) for name, value in first.items()}
    if support := details.get("training_support"):
        about["training_support"] = support_of_rows(support, cohort.table[list(CONDITION_NAMES)])
    else:
        about["training_support"] = [None] * len(cohort)
    columns = {name: cohort.table[name] for name in ("recording_id", "patient_id")} | about
    latencies = {c.name for c in LATENCIES}
    for column in COLUMNS:
        values = cohort.table[column.name]
        if column.kind == "number":
            values = values.round(LATENCY_DECIMALS if column.name in latencies else DECIMALS)
        columns.setdefault(column.name, values)
    table = pd.DataFrame(columns)
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            different = {value: safe_cell(value) for value in table[name].dropna().unique()}
            if any(safe != value for value, safe in different.items()):
                table[name] = table[name].map(different, na_action="ignore")
    return table


def sample_columns(cohort: Recordings) -> list[str]:
    """Header of each sample: ``uv_at_0.000_ms``; more decimals where three would not tell two samples apart."""
    for decimals in range(3, 10):
        names = [SAMPLE_COLUMN.replace(".3f", f".{decimals}f").format(t + 0.0) for t in cohort.time_ms]
        if len(set(names)) == len(names):
            return names
    raise InputError("the samples are too dense to be told apart by their time", value=cohort.sampling.rate_hz)
