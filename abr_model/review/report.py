"""Results of a review as a report that anyone can read: Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from abr_model.review.analysis.results import ReviewResults


def markdown(results: ReviewResults) -> str:
    """The whole report."""
    recorded = "simulated" if results.kind == "simulated" else "real"
    shown = f"{results.items} items, {results.generated_items} of them generated"
    unseen = (
        "of patients that the model was not trained on"
        if results.held_out
        else ("not known to be of patients that the model was not trained on")
    )
    parts = [
        f"# Expert review {results.label or results.study}",
        f"**{results.notice}**",
        results.statement,
        f"{shown} by the model {results.model} ({results.model_id}); the others from {results.cohort}, {unseen}. "
        f"Closed {results.closed}. {results.answers} of {results.asked} answers. "
        f"Margin of equivalence ± {100 * results.margin:.0f} %.",
        "## Told apart",
        _table(
            ("", "value", "95 % interval"),
            [
                ("Accuracy", _percent(results.accuracy), _span(results.accuracy_interval, _percent)),
                ("Accuracy, 90 % interval", _percent(results.accuracy), _span(results.accuracy_narrow, _percent)),
                ("d′ (mean over reviewers)", _number(results.d_prime), _span(results.d_prime_interval)),
                ("Criterion c", _number(results.criterion), ""),
                ("Area under the ROC of the ratings", _number(results.auc), _span(results.auc_interval)),
            ],
        ),
        "## Reviewers",
        _table(
            (
                "reviewer",
                "answers",
                "right",
                "95 % interval",
                "p against chance",
                "d′",
                "c",
                "AUC",
                "s per item",
                "same call twice",
            ),
            [
                (
                    r.code,
                    f"{r.answers} of {r.of}",
                    f"{r.right} of {r.recorded + r.generated}",
                    _span(r.interval, _percent),
                    _p(r.p),
                    _number(r.d_prime),
                    _number(r.criterion),
                    _number(r.auc),
                    _number(r.median_seconds, 1),
                    f"{_percent(r.same_call)} of {r.repeated}" if r.repeated else "–",
                )
                for r in results.reviewers
            ],
        ),  # fmt: skip
        "## Agreement between reviewers",
        _table(
            ("question", "Krippendorff's α", "95 % interval", "Fleiss' κ"),
            [(a.question, _number(a.alpha), _span(a.alpha_interval), _number(a.kappa)) for a in results.agreement],
        ),
    ]
    if results.plausibility is not None:
        p = results.plausibility
        parts += [
            "## Plausibility (1 to 5)",
            f"{recorded.capitalize()} items {p.recorded_mean:.2f}, generated ones {p.generated_mean:.2f}. A generated item is rated higher than "
            f"a {recorded} one with probability {p.superiority:.2f} (95 % interval {_span(p.superiority_interval)}; "
            f"Cliff's δ {p.delta:+.2f}, Mann–Whitney p {_p(p.p)}).",
        ]
    if results.latencies:
        parts += [
            "## Marked latencies (Bland–Altman, ms)",
            _table(
                ("wave", "difference", "items", "pairs", "bias", "95 % interval", "limits of agreement"),
                [
                    (
                        x.wave, f"{x.one} − {x.other}", x.which, x.n, _signed(x.bias), _span(x.bias_interval, _signed),
                        f"{_signed(x.lower)} to {_signed(x.upper)}",
                    )
                    for x in results.latencies
                ],
            ),
        ]  # fmt: skip
    if results.cells:
        parts += [
            "## Where",
            _table(
                ("condition", "band", "answers", "right", "95 % interval"),
                [
                    (c.condition, c.band, c.answers, _percent(c.accuracy), _span(c.interval, _percent))
                    for c in results.cells
                ],
            ),
        ]
    if results.noticed:
        parts += [
            "## What was noticed",
            _table(
                ("", f"on {recorded} items", "on generated items", "of these called generated"),
                [(n.what, n.recorded, n.generated, n.when_right) for n in results.noticed],
            ),
        ]
    if results.notes:
        parts += [
            "## Notes",
            _table(
                ("item", "is", "rated", "note"),
                [
                    (n.item + 1, "generated" if n.generated else recorded, n.rating, n.note)
                    for n in results.notes
                ],
            ),
        ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence, rows: Iterable[Sequence]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f} %"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _span(interval, words=_number) -> str:
    return "–" if interval is None else f"{words(interval[0])} to {words(interval[1])}"


def _p(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
