"""A look through all conditions of a batch before any is generated: how many, and how well the training data cover
them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from abr_model.batches.request import Outside
from abr_model.errors import InputError
from abr_model.generation.conditions import in_words
from abr_model.generation.designs.rows import ChosenRows, DesignRows
from abr_model.generation.generate import CONDITIONS_LISTED
from abr_model.generation.support import COMBINATION, support_findings, support_of_rows
from abr_model.schema import CONDITION_NAMES, HEARING_LOSS, HEARING_LOSS_CODES


@dataclass(frozen=True)
class Plan:
    """What will be generated.

    ``rows`` are the conditions that are left; ``asked`` and ``left_out`` count those of the design; ``support`` counts
    the rows that are left per verdict of :func:`~abr_model.generation.support.support_of_rows`; ``classes`` per hearing
    class; ``listed`` are the first different conditions; ``sha256`` that of all that are left.
    """

    rows: DesignRows
    asked: int
    left_out: int
    support: dict[str, int]
    classes: dict[str, int]
    listed: list[dict]
    sha256: str

    @property
    def degrees(self) -> dict[str, int]:
        """Rows inside, where training data are few (``sparse``), and outside."""
        counts = Counter()
        for words, count in self.support.items():
            counts["outside" if "outside" in words else "sparse" if "sparse" in words else "inside"] += count
        return {degree: counts[degree] for degree in ("inside", "sparse", "outside")}


def plan_of(rows: DesignRows, support: Mapping, outside: Outside = "keep") -> Plan:
    """Look through ``rows``; a million takes two or three seconds.

    Parameters
    ----------
    rows
        Of a design.
    support
        ``TrainedModel.support``.
    outside
        What to do with conditions outside of it.

    Raises
    ------
    InputError
        A row lies outside and shall be refused (names the first), or none is left.
    """
    counts, classes, digest, kept = Counter(), Counter(), hashlib.sha256(), []
    listed = pd.DataFrame(columns=list(CONDITION_NAMES))
    refused, first = 0, (0, None)
    for start, conditions in rows.blocks():
        verdicts = support_of_rows(support, conditions)
        is_outside = np.char.find(verdicts, "outside") >= 0
        if outside == "refuse" and is_outside.any():
            if not refused:
                first = (start + int(is_outside.argmax()), conditions.iloc[int(is_outside.argmax())])
            refused += int(is_outside.sum())
        if outside == "leave out":
            kept.append(start + np.flatnonzero(~is_outside))
            conditions, verdicts = conditions[~is_outside], verdicts[~is_outside]
        names, numbers = np.unique(verdicts, return_counts=True)
        counts.update(dict(zip(names.tolist(), numbers.tolist(), strict=True)))
        classes.update(conditions[HEARING_LOSS.name].value_counts().to_dict())
        _hash(digest, conditions)
        if len(listed) < CONDITIONS_LISTED:
            listed = pd.concat([listed, conditions.drop_duplicates()]).drop_duplicates().head(CONDITIONS_LISTED)
    asked = len(rows)
    if refused:
        raise _refused(support, refused, asked, *first)
    if outside == "leave out":
        rows = ChosenRows(rows, np.concatenate(kept))
        if not len(rows):
            raise InputError(
                "every condition of the design lies outside the training data", value=f"{asked:,} recordings",
                allowed="conditions near which the model was trained",
            )  # fmt: skip
    return Plan(
        rows,
        asked,
        asked - len(rows),
        dict(counts),
        {code: int(classes[code]) for code in HEARING_LOSS_CODES if classes[code]},
        listed.to_dict("records"),
        digest.hexdigest(),
    )


def _hash(digest, conditions: pd.DataFrame) -> None:
    """Row by row, so that it does not depend on the size of the blocks."""
    numbers = np.empty((len(conditions), len(CONDITION_NAMES)), dtype="<f8")
    for place, name in enumerate(CONDITION_NAMES):
        values = conditions[name]
        is_class = name == HEARING_LOSS.name
        numbers[:, place] = values.map(HEARING_LOSS_CODES.index) if is_class else values
    digest.update(np.ascontiguousarray(numbers).tobytes())


def _refused(support: Mapping, count: int, asked: int, row: int, condition: pd.Series) -> InputError:
    finding = support_findings(support, condition)[0]
    return InputError(
        f"{count:,} of {asked:,} recordings would lie outside the training data: {finding.sentence}",
        row=row + 1,
        column=None if finding.column == COMBINATION else finding.column,
        value=", ".join(in_words(name, condition[name]) for name in CONDITION_NAMES),
        allowed="conditions near which the model was trained",
    )
