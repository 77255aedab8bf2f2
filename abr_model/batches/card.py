"""The data card of a batch: what it is, how it was made, how good its model is, whether it gives patients away."""

from __future__ import annotations

from abr_model.batches.provenance import BatchProvenance
from abr_model.batches.request import BatchRequest
from abr_model.generation.formats.formats import FORMATS
from abr_model.schema import COLUMNS_BY_NAME, HEARING_LOSSES, Kind

MOST_VERDICTS = 20
CONTENT_WORDS = {
    "recording": "averaged recordings: the evoked response with the residual noise that the model has learned",
    "response": "evoked responses alone, without residual noise",
}
_OUTSIDE_WORDS = {
    "keep": "were kept; each says so",
    "leave out": "were left out",
    "refuse": "would have been refused",
}


def data_card(made: BatchProvenance, evaluation: dict | None) -> str:
    """The card as Markdown.

    Parameters
    ----------
    made
        Of the batch.
    evaluation
        What the model's scorecard says in short (:func:`abr_model.model_card.evaluation_in`); None: it has none.
    """
    counts, model, asked = made.recordings, made.model, made.request
    lines = [
        f"# {counts.exported:,} generated ABR recordings",
        "",
        "**Synthetic – research use only.** No recording was taken from a person. Not a medical device: not for "
        "diagnosis, not for deciding about a patient.",
        "",
        "## What it is",
        f"- {_content(asked)}; µV, vertex positive up.",
        f"- {model.samples} samples at {model.sampling.rate_hz:g} Hz, from {model.sampling.start_ms:g} ms after "
        "stimulus onset. Latencies of waves I, III, V in ms, amplitudes in µV; empty: not marked.",
        f"- Every recording is an ear of its own. Format: {FORMATS[asked.format].label}.",
        *_file_lines(made),
        "",
        "## How it was made",
        f"- Conditions: {made.design_in_words}.",
        f"- Hearing classes: {_classes(counts.classes)}.",
        f"- Model `{model.model_id}`, preset “{model.preset}”, SHA-256 of its weights `{model.weights_sha256}`.",
        f"- The model learned from {_kind_words(model.trained_on)}: {model.training_cohort}, SHA-256 of its content "
        f"`{model.training_cohort_sha256}`; split by {model.split}.",
        f"- Seed {asked.seed}; {made.made} (UTC); {', '.join(f'{n} {v}' for n, v in made.software.items())}; "
        f"{', '.join(made.platform.values())}.",
        *_sweeps_lines(asked),
        "- `abr generate --again` with the provenance beside this card makes the same file again, on the same platform "
        "bit for bit.",
        *_platform_lines(made),
        "",
        "## Where the model knows something",
        *_support_lines(made),
        "",
        "## Privacy of this batch",
        *_copy_lines(made),
        "",
        "## How good the model is",
        *_evaluation_lines(evaluation),
        "",
        "## Limits",
        "- Conditions outside the training data are extrapolated; there the recordings are a guess.",
        "- Wave labels follow those who marked the training recordings; “not marked” does not mean “absent”.",
        "- What a study of these recordings finds is a finding about the model until it is seen in people's.",
        "",
    ]
    return "\n".join(lines)


def card_html(card: str, title: str = "Data card") -> str:
    """The card as a web page of its own, without script and without anything from elsewhere."""
    from html import escape

    from markdown_it import MarkdownIt

    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(card)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>'
        "body{font:16px/1.5 sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1f2933;background:#fff}"
        "table{border-collapse:collapse;font-size:.9rem}td,th{border-bottom:1px solid #d9e0e6;padding:.3rem .6rem;"
        "text-align:left;vertical-align:top}code{overflow-wrap:anywhere;font-size:.85rem}"
        "@media(prefers-color-scheme:dark){body{color:#e6eaee;background:#14191f}td,th{border-color:#35404b}}"
        f"</style></head><body>\n{body}</body></html>\n"
    )


def _content(asked: BatchRequest) -> str:
    words = CONTENT_WORDS[asked.content].capitalize()
    if asked.residual_noise is None:
        return words
    return words.removesuffix("the residual noise that the model has learned") + (
        f"residual noise as of an average over {asked.residual_noise.sweeps:,} sweeps"
    )


def _sweeps_lines(asked: BatchRequest) -> list[str]:
    """What was done to the residual noise, and what was not."""
    if asked.residual_noise is None:
        return []
    noise = asked.residual_noise
    by_sweeps = sorted(noise.learned, key=lambda at: at.sweeps)
    numbers = [f"{at.sweeps:,.0f} sweeps" for at in (by_sweeps[0], by_sweeps[-1])]
    factors = noise.factors([at.level_db_nhl for at in (by_sweeps[0], by_sweeps[-1])])
    if by_sweeps[0].sweeps == by_sweeps[-1].sweeps:
        learned, times = numbers[0], f"{factors[0]:.2f}"
    else:
        at = [f" at {at.level_db_nhl:g} dB nHL" for at in (by_sweeps[0], by_sweeps[-1])]
        learned = f"{numbers[0]}{at[0]} to {numbers[1]}{at[1]}"
        times = f"{factors[0]:.2f} to {factors[1]:.2f}, by the level"
    return [
        f"- Residual noise: the noise that the model has learned is that of averages over {learned} "
        f"({noise.learned_from}). It falls with the square root of the number of sweeps and was multiplied by {times}. "
        "How noisy one ear is beside another, and whether a wave is marked, is as learned; latency and amplitude were "
        "read on the trace as it is."
    ]


def _file_lines(made: BatchProvenance) -> list[str]:
    if made.file is None:
        return []
    return [f"- `{made.file.name}`, {made.file.bytes:,} bytes, SHA-256 `{made.file.sha256}`."]


def _platform_lines(made: BatchProvenance) -> list[str]:
    if not made.other_platforms:
        return []
    return ["- Parts were made on machines of another kind; made again elsewhere, the last digits may differ."]


def _classes(classes: dict[str, int]) -> str:
    labels = {h.code: h.label.lower() for h in HEARING_LOSSES}
    return ", ".join(f"{labels[code]} {count:,}" for code, count in classes.items())


def _kind_words(kind: Kind) -> str:
    return {
        Kind.SIMULATED: "simulated recordings (no patient stands behind them)",
        Kind.CLINICAL: "clinical recordings, de-identified",
        Kind.GENERATED: "recordings that a model had generated",
    }[kind]


def _support_lines(made: BatchProvenance) -> list[str]:
    counts = made.recordings
    generated = sum(counts.support.values())
    inside = counts.support.get("inside", 0)
    lines = [f"- {inside:,} of {generated:,} recordings lie inside the training data (10 or more patients near)."]
    others = sorted((words, n) for words, n in counts.support.items() if words != "inside")
    lines += [f"- {n:,}: {_verdict_words(words)}." for words, n in others[:MOST_VERDICTS]]
    if counts.left_out:
        lines.append(f"- {counts.left_out:,} of {counts.asked:,} asked for lie outside and were left out.")
    elif any("outside" in words for words, _ in others):
        lines.append(f"- Those outside {_OUTSIDE_WORDS[made.request.outside]} (`training_support`).")
    return lines


def _verdict_words(verdict: str) -> str:
    """``"outside: age_years; sparse: hearing_loss"`` → ``"outside (age); few training data (hearing loss)"``."""
    parts = []
    for part in verdict.split("; "):
        degree, _, names = part.partition(": ")
        of = ", ".join(COLUMNS_BY_NAME[n].in_sentence if n in COLUMNS_BY_NAME else n for n in names.split())
        parts.append(f"{'outside' if degree == 'outside' else 'few training data'} ({of})")
    return "; ".join(parts)


def _copy_lines(made: BatchProvenance) -> list[str]:
    report, counts = made.copies, made.recordings
    whose = "simulated patients" if report.training_kind == Kind.SIMULATED else "training patients"
    if not report.checked:
        return [f"- **Not checked for near-copies of {whose}**, because {report.why_not}."]
    generated = counts.exported + counts.withheld
    share = counts.withheld / generated
    in_µv, in_shape = report.thresholds
    return [
        f"- All {generated:,} recordings were compared with the {report.training_recordings:,} recordings of "
        f"{report.training_patients:,} {whose} that the model learned from. **{counts.withheld:,} near-copies "
        f"({share:.2%}) were found and withheld**; their numbers are left out in the file.",
        f"- A near-copy is nearer to one patient's recording than to everyone else's by a factor (below {in_µv:.3f} in "
        f"µV or {in_shape:.3f} in shape) that {report.by_chance:.1%} of real recordings of new patients reach by "
        f"chance, or correlates with one beyond {report.same}.",
        *([f"- {report.note[:1].upper()}{report.note[1:]}."] if report.note else []),
        "- This finds repeated recordings. It is no proof that nothing of a patient can be learned; the model's own "
        "privacy figures are below.",
    ]


def _evaluation_lines(evaluation: dict | None) -> list[str]:
    if evaluation is None:
        return ["Nobody has evaluated this model: there is no scorecard beside it."]
    rows = [
        "| " + " | ".join(row[name].replace("|", "/") for name in ("what", "value", "real", "required", "met")) + " |"
        for row in evaluation["rows"]
    ]
    return [
        f"Measured on patients that the model has not seen ({evaluation['made']}); in brackets the 95 % interval over "
        "patients. *Real against real* is the same number with recordings of other unseen patients in place of the "
        "generated ones.",
        "",
        "| what | generated | real against real | required | |",
        "|---|---|---|---|---|",
        *rows,
    ]
