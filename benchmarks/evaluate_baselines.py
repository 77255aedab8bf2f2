"""Every baseline, and trained models beside them, on the same held-out patients by the same evaluation.

python benchmarks/evaluate_baselines.py --cohort FILE --out FOLDER [--only pca_flow,time_vae] [--model FOLDER …]

Each baseline is fitted to the training part that the preset finds, generates for the held-out conditions and gets a
scorecard, ``FOLDER/NAME/scorecard.json`` and ``.html`` (``abr evaluate --beside`` shows them beside a model), as do the
models. ``FOLDER/baselines.md`` and ``.json`` are the table of all that lie in the folder: a later run adds to it, and
one with ``--sections`` keeps the other sections. pythae's baselines need
``pip install -r requirements-benchmarks.txt``; without it they are left out.

Fits and generation are timed on one thread, in seconds and in processor seconds, which other programs hardly change.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from baselines import BASELINES, baseline
from baselines.table import FIGURES_FILE, Figures, write_table

from abr_model.cohort_file import CohortFile
from abr_model.configuration import Preset, load_preset
from abr_model.errors import InputError
from abr_model.evaluation.clean import clean_responses
from abr_model.evaluation.comparison import Comparison, Generate, generator_of
from abr_model.evaluation.evaluate import score_comparison
from abr_model.evaluation.report.report import write_report
from abr_model.evaluation.scorecard import JSON_FILE, Scorecard, write_file
from abr_model.evaluation.sections import chosen_sections
from abr_model.evaluation.subject import Subject
from abr_model.model import TrainedModel
from abr_model.schema import CONDITION_NAMES
from abr_model.training.parts import Parts, prepare_parts

TIMED_RECORDINGS = 4000


class Bench:
    """A cohort, its parts and where the results go."""

    def __init__(self, cohort: Path, preset: Preset, seed: int, sections: list[str] | None, out: Path):
        self.recordings = CohortFile.open(cohort)
        self.preset, self.seed, self.sections, self.out = preset, seed, sections, out
        self.parts: Parts = prepare_parts(self.recordings, preset)
        held_out = self.parts.test
        # "generated" stays empty of meaning until a generator takes its place in score()
        self.comparison = Comparison(
            train=self.parts.train,
            other=self.parts.validation,
            real=held_out,
            generated=held_out,
            clean=clean_responses(held_out, self.recordings.provenance, preset),
            seed=seed,
        )

    def fitted(self, name: str) -> tuple[Generate, Figures]:
        """A baseline after its fit, and how long that took."""
        wall, processor = time.perf_counter(), time.process_time()
        generate = baseline(name)(self.parts, self.preset, self.seed, on_progress=_said(name))
        return generate, Figures(
            fit_processor_seconds=time.process_time() - processor, fit_seconds=time.perf_counter() - wall
        )

    def score(self, subject: Subject, folder: str, generate: Generate, figures: Figures, model=None) -> None:
        """Measure, and write scorecard and figures; what is done of a scorecard is kept when the rest is stopped."""
        target = self.out / folder
        conditions = self.parts.test.table[list(CONDITION_NAMES)]
        conditions = conditions.iloc[[i % len(conditions) for i in range(TIMED_RECORDINGS)]].reset_index(drop=True)
        generate(conditions.iloc[:64], self.seed)  # the first call warms caches up
        wall, processor = time.perf_counter(), time.process_time()
        generate(conditions, self.seed)
        figures = figures.model_copy(
            update={
                "traces_per_processor_second": len(conditions) / (time.process_time() - processor),
                "traces_per_second": len(conditions) / (time.perf_counter() - wall),
            }
        )
        write_file(target / FIGURES_FILE, figures.model_dump_json(indent=1))
        earlier = Scorecard.read(target) if self.sections is not None and (target / JSON_FILE).is_file() else None
        kept: list[Scorecard] = []

        def keep(scorecard: Scorecard) -> None:
            # of another seed, cohort or version: it is replaced
            with suppress(InputError):
                scorecard = scorecard if earlier is None else scorecard.completed_by(earlier)
            scorecard.write(target)
            kept[:] = [scorecard]

        comparison = self.comparison.against(generate)
        score_comparison(
            comparison, subject, model, self.sections, on_progress=_progress(subject.title), on_section=keep
        )
        if kept:
            write_report(kept[0], target)


def main() -> None:
    """Fit, generate, score; print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cohort", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", help=f"names, with commas between: {', '.join(BASELINES)}; empty for none")
    parser.add_argument("--model", type=Path, nargs="+", default=[], metavar="FOLDER", help="trained models, too")
    parser.add_argument("--preset", default="default", help="whose selection, split and scaling the baselines get")
    parser.add_argument("--sections", help="only these sections of the scorecard, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        run(arguments)
    except InputError as error:
        parser.exit(2, f"{error}\n")


def run(arguments: argparse.Namespace) -> None:
    """The work of :func:`main`."""
    asked = None if arguments.only is None else [name for name in arguments.only.split(",") if name]
    for name in asked or ():
        if name not in BASELINES:
            raise InputError("there is no such baseline", value=name, allowed=", ".join(BASELINES))
    sections = None if arguments.sections is None else arguments.sections.split(",")
    chosen_sections(sections)
    models = [TrainedModel.load(folder) for folder in arguments.model]
    bench = Bench(arguments.cohort, load_preset(arguments.preset), arguments.seed, sections, arguments.out)
    subject = Subject.of_generator("", bench.preset, bench.recordings)
    of_models = [Subject.of_model(model, bench.recordings) for model in models]
    for other in of_models:  # a model of another split would have seen these recordings
        subject.check_comparable(other)
    for name in BASELINES if asked is None else asked:
        try:
            generate, figures = bench.fitted(name)
        except InputError as error:
            if asked is not None:
                raise
            print(f"{name}: left out: {error}", file=sys.stderr)
            continue
        bench.score(Subject.of_generator(name, bench.preset, bench.recordings), name, generate, figures)
    for model, about in zip(models, of_models, strict=True):
        bench.score(about, f"{about.name}-{about.model_id}", generator_of(model), Figures(), model)
    print(write_table(arguments.out))


def _said(name: str) -> Callable[[float], None]:
    """A line at each tenth of a fit."""
    tenths = 0

    def report(done: float) -> None:
        nonlocal tenths
        if int(10 * done) > tenths:
            tenths = int(10 * done)
            print(f"{done:4.0%}  {name}: fitting", file=sys.stderr, flush=True)

    return report


def _progress(name: str) -> Callable[[str, float], None]:
    said = ""

    def report(words: str, done: float) -> None:
        nonlocal said
        if words != said:
            print(f"{done:4.0%}  {name}: {words}", file=sys.stderr, flush=True)
        said = words

    return report


if __name__ == "__main__":
    main()
