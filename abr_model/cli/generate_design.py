"""The design that the options of ``abr generate`` ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from abr_model.errors import InputError

if TYPE_CHECKING:
    from abr_model.cohort_file import CohortFile
    from abr_model.generation.designs.design import Design

DEFAULT_RATE, DEFAULT_CLASS, DEFAULT_N = "33.1", "normal", 100


@dataclass(frozen=True)
class DesignOptions:
    """As given on the command line; None is not given."""

    age: str | None
    intensity: str | None
    rate: str | None
    hearing_loss: str | None
    n: int | None
    design: Path | None
    from_cohort: Path | None
    balanced: bool
    same_conditions: bool
    filter: Path | None
    weighting: str | None
    design_seed: int | None
    conditions: Path | None

    @property
    def _grid(self) -> dict[str, str | None]:
        return {
            "--age": self.age,
            "--intensity": self.intensity,
            "--rate": self.rate,
            "--hearing-loss": self.hearing_loss,
        }

    def read(self) -> tuple[Design, CohortFile | None]:
        """The design, and the cohort that it draws from where that was given.

        Raises
        ------
        InputError
            Options that do not belong together, or a design that cannot be.
        """
        ways = {
            "--design": self.design,
            "--conditions": self.conditions,
            "--from-cohort": None if self.design else self.from_cohort,
        }
        given = [name for name, value in ways.items() if value is not None]
        grid = [name for name, value in self._grid.items() if value is not None]
        if len(given) + bool(grid) > 1:
            raise InputError(
                "the conditions are given in two ways", value=", ".join([*given, *grid]),
                allowed="--age and --intensity, --design, --from-cohort, or --conditions",
            )  # fmt: skip
        of_cohort = {
            "--balanced": self.balanced, "--same-conditions": self.same_conditions, "--filter": self.filter,
            "--weighting": self.weighting, "--design-seed": self.design_seed,
        }  # fmt: skip
        stray = [name for name, value in of_cohort.items() if value not in (None, False)]
        if stray and given != ["--from-cohort"]:
            raise InputError(
                "the option belongs to a design from a cohort", value=stray[0], allowed="with --from-cohort"
            )
        if self.design is not None:
            return self._from_file()
        if self.conditions is not None:
            from abr_model.generation.designs.table import read_conditions

            self._without_n("--conditions: a column n of the table says it")
            return read_conditions(self.conditions).design(), None
        if self.from_cohort is not None:
            return self._from_cohort()
        return self._from_grid(), None

    def _without_n(self, where: str) -> None:
        if self.n is not None:
            raise InputError("the number of recordings stands elsewhere", value=f"-n {self.n}", allowed=where)

    def _from_file(self) -> tuple[Design, CohortFile | None]:
        from abr_model.cohort_file import CohortFile
        from abr_model.generation.designs.design import load_design

        self._without_n("--design: n in the design says it")
        return load_design(self.design), CohortFile.open(self.from_cohort) if self.from_cohort else None

    def _from_cohort(self) -> tuple[Design, CohortFile]:
        from abr_model.cohort_file import CohortFile
        from abr_model.filtering import EVERYTHING, CohortFilter
        from abr_model.generation.designs.design import design_of

        cohort = CohortFile.open(self.from_cohort)
        filter = EVERYTHING if self.filter is None else CohortFilter.read(self.filter)
        values = {
            "kind": "balanced" if self.balanced else "cohort",
            "cohort": cohort.provenance.title,
            "cohort_digest": cohort.digest,
            "filter": filter,
            "n": DEFAULT_N if self.n is None else self.n,
            "seed": self.design_seed or 0,
            "weighting": self.weighting or "patient",
        }
        if self.same_conditions:
            if not self.balanced:
                raise InputError(
                    "the option belongs to a balanced design", value="--same-conditions", allowed="with --balanced"
                )
            values["conditions"] = "shared"
        return design_of(values), cohort

    def _from_grid(self) -> Design:
        from abr_model.generation.designs.design import design_of

        missing = [name for name, value in (("--age", self.age), ("--intensity", self.intensity)) if value is None]
        if missing:
            raise InputError(
                f"the conditions are not given: {' and '.join(missing)}",
                allowed="--age and --intensity, --design, --from-cohort, or --conditions",
            )
        values = {
            "kind": "grid",
            "age_years": self.age,
            "intensity_db_nhl": self.intensity,
            "stimulus_rate_per_s": self.rate or DEFAULT_RATE,
            "hearing_loss": self.hearing_loss or DEFAULT_CLASS,
            "n": DEFAULT_N if self.n is None else self.n,
        }
        return design_of(values)
