"""The result of a review in careful sentences: "chance lies in the interval" is no proof that two things are alike."""

from __future__ import annotations

from abr_model.review.analysis.accuracy import Accuracy
from abr_model.review.config import StudyConfig

VERDICTS = {
    "equivalent": "not told apart",
    "equivalent and told apart": "told apart, but hardly",
    "told apart": "told apart",
    "mistaken": "taken for one another",
    "undecided": "undecided",
    "none": "no answers",
}


def verdict_of(found: Accuracy | None, margin: float) -> str:
    """Which of :data:`VERDICTS`: equivalence by the 90 % interval, a difference by the 95 % interval."""
    if found is None:
        return "none"
    low, high = found.interval
    equivalent = found.narrow[0] >= 0.5 - margin and found.narrow[1] <= 0.5 + margin
    differs = low > 0.5 or high < 0.5
    if equivalent:
        return "equivalent and told apart" if differs else "equivalent"
    return "undecided" if not differs else "told apart" if low > 0.5 else "mistaken"


def statement(found: Accuracy | None, config: StudyConfig) -> str:
    """What was found, in sentences that do not say more than the numbers."""
    verdict = verdict_of(found, config.margin)
    if found is None:
        return "There are no answers on both kinds of item yet: nothing can be said."
    margin = f"{_percent(0.5 - config.margin)} to {_percent(0.5 + config.margin)}"
    numbers = (
        f"{_percent(found.value)} of answers were right (95 % interval {_span(found.interval)}; chance is 50 %), from "
        f"{found.n:,} answers that count like {found.effective:,.0f} independent ones."
    )
    meaning = {
        "equivalent": f"The 90 % interval {_span(found.narrow)} lies within {margin}, the margin set before the study: "
        "for this margin the two kinds were not told apart.",
        "equivalent and told apart": "Reviewers did better or worse than chance, but the 90 % interval "
        f"{_span(found.narrow)} lies within {margin}, the margin set before the study.",
        "told apart": "Reviewers told the two kinds apart better than chance.",
        "mistaken": "Reviewers told the two kinds apart, but took one for the other: worse than chance.",
        "undecided": "This decides nothing: chance lies within the interval, but so do accuracies outside of "
        f"{margin}. To show that the two kinds are alike takes more answers.",
    }[verdict]
    return f"{numbers} {meaning} This holds for {found.of}."


def _span(interval: tuple[float, float]) -> str:
    return f"{_percent(interval[0])} to {_percent(interval[1])}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"
