"""A study taken along: answers as CSV; of a closed one also the results as JSON and as a report in Markdown.

No pseudonym of a recording or a patient is written: an item is its number.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from abr_model.errors import InputError
from abr_model.review.analysis.analyse import analyse
from abr_model.review.analysis.results import ReviewResults
from abr_model.review.report import markdown
from abr_model.review.store import AnswerStore, Stored
from abr_model.review.study import Study
from abr_model.spreadsheet import safe_cell


def answers_table(stored: list[Stored], key=None) -> pd.DataFrame:
    """One row for each answer, confirmed or not; with a key what the item is and its conditions."""
    rows = []
    for one in stored:
        answer = one.answer
        row = {
            "reviewer": one.reviewer,
            "item": one.item + 1,
            "repeat": one.repeat,
            "confirmed": answer.done,
            "rating": answer.rating,
            "plausibility": answer.plausibility,
            "noticed": "; ".join(answer.noticed),
            "note": safe_cell(answer.note),
            "seconds": round(answer.seconds, 1),
            "given": pd.Timestamp(one.given, unit="s", tz="UTC").isoformat(timespec="seconds"),
        }
        if key is not None:
            first = key.table(one.item).iloc[0]
            row |= {"item_is": "generated" if key.generated[one.item] else str(key.recorded_cohort.kind)}
            row |= {
                name: first[name] for name in ("age_years", "intensity_db_nhl", "stimulus_rate_per_s", "hearing_loss")
            }
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"rating": "Int64", "plausibility": "Int64"}) if len(table) else table


def marks_table(stored: list[Stored]) -> pd.DataFrame:
    """One row for each wave that was judged: latency in ms, or absent."""
    rows = [
        {
            "reviewer": one.reviewer,
            "item": one.item + 1,
            "repeat": one.repeat,
            "trace": mark.trace + 1,
            "wave": mark.wave,
            "latency_ms": mark.ms,
            "judged": "absent" if mark.ms is None else "present",
        }
        for one in stored
        for mark in one.answer.marks
    ]
    return pd.DataFrame(rows)


def export(study: Study, target: str | Path, results: ReviewResults | None = None) -> list[Path]:
    """Write ``answers.csv``, ``marks.csv`` and ``history.csv``; of a closed study also ``results.json``, ``report.md``.

    While a study is open the tables say nothing of what an item is.

    Raises
    ------
    InputError
        The folder cannot be written, or a file of the study is damaged.
    """
    store, target = study.store(), Path(target)
    closed = store.closed is not None
    stored = store.answers()
    tables = {
        "answers": answers_table(stored, study.key(store) if closed else None),
        "marks": marks_table(stored),
        "history": answers_table(store.history()),
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
        written = []
        for name, table in tables.items():
            written.append(target / f"{name}.csv")
            table.to_csv(written[-1], index=False)
        if closed:
            results = results or analyse(study, store)
            written += write_results(results, target)
    except OSError as error:
        raise InputError(f"the export cannot be written: {error.strerror}", file=target.name) from error
    return written


def write_results(results: ReviewResults, target: Path) -> list[Path]:
    """``results.json`` and ``report.md``."""
    files = {"results.json": results.model_dump_json(indent=1) + "\n", "report.md": markdown(results)}
    for name, text in files.items():
        (target / name).write_text(text, encoding="utf-8")
    return [target / name for name in files]


def progress_of(study: Study, store: AnswerStore) -> pd.DataFrame:
    """How far everyone is: ``reviewer``, ``confirmed``, ``of``, ``begun`` (answers not confirmed), ``seconds`` (median
    on a confirmed item), ``last`` (time of the last answer, UTC). Says nothing of right and wrong."""
    config = study.config
    by_code: dict[str, list[Stored]] = {code: [] for code in config.reviewers}
    for one in store.answers():
        by_code.setdefault(one.reviewer, []).append(one)
    rows = []
    for code, own in by_code.items():
        done = [one for one in own if one.answer.done]
        rows.append(
            {
                "reviewer": code,
                "confirmed": len(done),
                "of": config.presentations,
                "begun": len(own) - len(done),
                "seconds": float(pd.Series([one.answer.seconds for one in done], dtype=float).median()),
                "last": pd.Timestamp(max(one.given for one in own), unit="s", tz="UTC") if own else pd.NaT,
            }
        )
    return pd.DataFrame(rows, columns=["reviewer", "confirmed", "of", "begun", "seconds", "last"])
