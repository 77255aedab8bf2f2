"""What a scorecard is about: a model or another generator, and the recordings that it was measured on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from abr_model.errors import InputError
from abr_model.filtering import EVERYTHING, CohortFilter
from abr_model.recordings import digest_of
from abr_model.schema import Kind
from abr_model.training_cohort import is_training_cohort, simulated_as

if TYPE_CHECKING:
    from abr_model.configuration import Preset
    from abr_model.model import TrainedModel
    from abr_model.recordings import Recordings


class Subject(BaseModel):
    """Who was evaluated on what.

    Two subjects are comparable when cohort, filter and preparation agree.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(max_length=200, description="what a person calls the model or the baseline")
    model_id: str = Field(default="", description="empty for a generator that is not a trained model")
    preset: str = Field(description="whose selection, split and scaling were used; of a model also its network")
    parameters: int | None = Field(default=None, description="trainable ones; None where nobody said")
    kind: Kind = Field(description="of the recordings")
    cohort: str = Field(description="what a person calls the cohort; not its file name")
    cohort_digest: str = Field(description="SHA-256 of the cohort's content")
    filter: CohortFilter = Field(default=EVERYTHING, description="which of its recordings were used")
    split: str = Field(description="'patient' or 'recording (leaky)'")
    preparation: dict = Field(default_factory=dict, description="selection and split of the preset")
    learned_from: str = Field(
        default="", description="where it is not the cohort: what the model learned from; all patients are held out"
    )

    @model_serializer(mode="wrap")
    def _without_what_does_not_apply(self, serialize) -> dict:
        """Scorecards of the cohort that was learned from stay as every version reads them."""
        content = serialize(self)
        if not self.learned_from:
            content.pop("learned_from", None)
        return content

    @property
    def is_other_cohort(self) -> bool:
        """Whether the model learned from another cohort than the one it was measured on."""
        return bool(self.learned_from)

    @property
    def title(self) -> str:
        """Name and model id: ``"default · 16101f77"``."""
        return f"{self.name} · {self.model_id}" if self.model_id else self.name

    @classmethod
    def of_model(cls, model: TrainedModel, recordings: Recordings) -> Subject:
        """A trained model on the cohort that it was trained on, or the same simulation made again.

        Raises
        ------
        InputError
            The recordings are not the ones that the model was trained on.
        """
        made = model.provenance
        digest = digest_of(recordings)
        if not is_training_cohort(made, digest, recordings):
            raise InputError(
                "the model was trained on another cohort, so it is not known which of these recordings are new to it",
                value=f"{recordings.provenance.title}, SHA-256 {digest[:12]}…",
                allowed=f"{made.cohort}, SHA-256 {made.cohort_digest[:12]}…",
            )
        return cls(
            name=model.preset.name,
            model_id=model.model_id,
            parameters=model.parameters,
            **_on(recordings, made.cohort_digest, model.preset, made.filter),
        )

    @classmethod
    def of_other_cohort(cls, model: TrainedModel, recordings: Recordings, preset: Preset) -> Subject:
        """A trained model on a cohort that it did not learn from, prepared as ``preset`` says.

        Raises
        ------
        InputError
            As :func:`abr_model.evaluation.other_cohort.check_held_out`.
        """
        from abr_model.evaluation.other_cohort import check_held_out

        check_held_out(model, recordings, digest := digest_of(recordings))
        return cls(
            name=model.preset.name,
            model_id=model.model_id,
            parameters=model.parameters,
            learned_from=model.provenance.cohort,
            **_on(recordings, digest, preset, EVERYTHING),
        )

    @classmethod
    def of_generator(
        cls,
        name: str,
        preset: Preset,
        recordings: Recordings,
        filter: CohortFilter = EVERYTHING,
        parameters: int | None = None,
    ) -> Subject:
        """A generator without a network, called ``name``, that learned from the training part of ``recordings``."""
        return cls(name=name, parameters=parameters, **_on(recordings, digest_of(recordings), preset, filter))

    def check_comparable(self, other: Subject) -> None:
        """Refuse another subject whose numbers were not measured on the same held-out recordings.

        The same simulated clinic (patients and seed) counts as the same, although a clinic that was simulated again on
        another processor has other last digits and so another digest (:mod:`abr_model.training_cohort`).

        Raises
        ------
        InputError
            Another cohort, filter, selection or split; says which.
        """
        same_simulation = self.kind == other.kind == Kind.SIMULATED and simulated_as(self.cohort) is not None
        digests = ("", "") if same_simulation else (f", {self.cohort_digest[:12]}", f", {other.cohort_digest[:12]}")
        for what, own, theirs in (
            ("cohort", f"{self.cohort}{digests[0]}", f"{other.cohort}{digests[1]}"),
            ("filter", self.filter.to_json(), other.filter.to_json()),
            ("selection or split", str(self.preparation), str(other.preparation)),
        ):
            if own != theirs:
                raise InputError(f"“{other.title}” was measured on another {what}", value=theirs, allowed=own)


def _on(recordings: Recordings, digest: str, preset: Preset, filter: CohortFilter) -> dict:
    return {
        "preset": preset.name,
        "kind": recordings.kind,
        "cohort": recordings.provenance.title,
        "cohort_digest": digest,
        "filter": filter,
        "split": "patient" if preset.preparation.split == "patient" else "recording (leaky)",
        "preparation": preset.preparation.model_dump(mode="json"),
    }
