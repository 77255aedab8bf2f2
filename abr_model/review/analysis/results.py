"""Everything that came out of a closed study, as one value that goes to the screen, to JSON and into the report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from abr_model.schema import Kind

Interval = tuple[float, float]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reviewer(_Part):
    """One reviewer. ``accuracy`` is the mean of both kinds; ``p`` of the exact test of right answers against a coin."""

    code: str
    answers: int
    of: int
    right: int
    recorded: int
    generated: int
    accuracy: float | None
    interval: Interval | None = Field(description="95 %, Clopper and Pearson, of right answers")
    p: float | None
    d_prime: float | None
    d_prime_interval: Interval | None
    criterion: float | None
    auc: float | None
    median_seconds: float | None
    repeated: int = Field(description="items answered twice")
    same_call: float | None = Field(description="share of them that were called the same twice")
    own_kappa: float | None = Field(description="Cohen's κ of the first and the second call")
    own_error_ms: float | None = Field(description="Dahlberg's error of a marked latency, of waves marked twice")


class Agreement(_Part):
    """Of all reviewers on one question."""

    question: str
    alpha: float | None = Field(description="Krippendorff's α")
    alpha_interval: Interval | None
    level: str
    kappa: float | None = Field(description="Fleiss' κ, of the call alone")


class Pair(_Part):
    """Cohen's κ of two reviewers' calls."""

    one: str
    other: str
    kappa: float | None
    same: float | None
    items: int


class LatencyAgreement(_Part):
    """Bland and Altman: ``one`` minus ``other``, ms. ``which`` items: recorded, generated or all."""

    wave: str
    one: str
    other: str
    which: str
    n: int
    bias: float
    bias_interval: Interval
    sd: float
    lower: float
    lower_interval: Interval
    upper: float
    upper_interval: Interval
    absent_same: float | None = Field(description="share of judged traces on which both saw, or did not see, the wave")


class Cell(_Part):
    """Accuracy within one band of a condition."""

    condition: str
    band: str
    answers: int
    accuracy: float
    interval: Interval


class Noticed(_Part):
    """How often something was ticked, in answers on items of each kind."""

    what: str
    recorded: int
    generated: int
    when_right: int = Field(description="ticked on generated items that were called generated")


class Note(_Part):
    """What a reviewer wrote."""

    reviewer: str
    item: int
    generated: bool
    rating: int
    note: str


class ItemResult(_Part):
    """One item: what it is, and how the reviewers rated it."""

    item: int
    generated: bool
    ratings: dict[str, int]
    mean_rating: float
    called_generated: int


class PlausibilityResult(_Part):
    """As :class:`abr_model.review.analysis.plausibility.Plausibility`."""

    recorded_mean: float
    generated_mean: float
    recorded_n: int
    generated_n: int
    superiority: float
    superiority_interval: Interval | None
    delta: float
    p: float


class ReviewResults(_Part):
    """Results of a closed study. Written as JSON (``abr-review`` version 1)."""

    format: str = "abr-review"
    version: int = 1
    study: str
    label: str
    notice: str
    kind: Kind
    cohort: str
    model: str
    model_id: str
    held_out: bool
    items: int
    generated_items: int
    display: str
    margin: float
    closed: str
    verdict: str = Field(description="equivalent, equivalent and told apart, told apart, mistaken, undecided, none")
    statement: str
    answers: int
    asked: int
    accuracy: float | None
    accuracy_interval: Interval | None = Field(description="95 %")
    accuracy_narrow: Interval | None = Field(description="90 %: equivalence is read from this one")
    effective_answers: float | None
    holds_for: str
    d_prime: float | None = Field(description="mean over reviewers")
    d_prime_interval: Interval | None
    criterion: float | None
    auc: float | None = Field(description="of the six-point ratings, mean over reviewers")
    auc_interval: Interval | None
    ratings: dict[str, list[int]] = Field(description="answers of each rating 1 to 6, by kind of the item")
    roc: dict[str, list[tuple[float, float]]] = Field(description="by reviewer: false alarms, hits")
    plausibility: PlausibilityResult | None
    reviewers: list[Reviewer]
    agreement: list[Agreement]
    pairs: list[Pair]
    latencies: list[LatencyAgreement]
    cells: list[Cell]
    noticed: list[Noticed]
    notes: list[Note]
    by_item: list[ItemResult]
    seconds: dict[str, float | None] = Field(description="median time on an item, by kind")
