"""The typed fields of the labelling strategy."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ai_data_strategy.agents.section import Draft
from ai_data_strategy.domain import Id, Illustration, Key, Line, Model, Name
from ai_data_strategy.typeset.catalogue import N_

Metric = Literal["cohen_kappa", "weighted_kappa", "fleiss_kappa", "krippendorff_alpha", "iou", "exact_match", "none"]
METRICS = {
    "cohen_kappa": N_("Cohen's kappa"), "weighted_kappa": N_("weighted kappa"), "fleiss_kappa": N_("Fleiss' kappa"),
    "krippendorff_alpha": N_("Krippendorff's alpha"), "iou": N_("intersection over union"), "exact_match": N_("exact match"), "none": N_("none"),
}  # fmt: skip
LOWEST_AGREEMENT = 0.8


class StoredLabel(Model):
    """How one kind of label that is already stored (or falls out of use) is read: what it is worth as truth."""

    case: Annotated[Line, Field(description="which stored rows, told by a field or event of the blueprint")]
    take: Annotated[Line, Field(description="the label taken from them")]
    use: Literal["full", "reduced", "excluded"]
    because: Line


class BlindSpot(Model):
    """Examples that never get a label, often because of what the product or the model does to them."""

    who: Line
    instrument: Annotated[Line, Field(description="how an outcome or a reading is bought for a random few of them")]


class HumanLabels(Model):
    """Human labels: ground truth and evaluation set. Items, minutes and rates are shared figures of the blueprint."""

    annotators: Annotated[Line, Field(description="who labels and why they can judge it from what the model sees")]
    owner: Id
    ground_truth: Annotated[bool, Field(description="true if human labels are the ground truth")]
    evaluation: Annotated[bool, Field(description="true if only human (or outcome) labels enter the evaluation set")]
    starts: Annotated[date, Field(description="first day of labelling; the owner is there and the guide is written")]
    done_by: Annotated[date, Field(description="last label delivered; far enough for the hours needed at the hours there are")]
    order: Annotated[Line, Field(description="what is labelled first, and what is cut if the hours do not suffice")]


class ClassGuide(Model):
    """Guideline of one class: what it is, a clear case, and a near miss with the class it belongs to instead."""

    label: Annotated[Id, Field(description="id of a class of the blueprint")]
    definition: Line
    positive: Illustration
    near_miss: Illustration


class Agreement(Model):
    """How agreement between annotators is measured and what follows below the target."""

    metric: Metric
    because: Annotated[
        Line, Field(description="why it fits the task, the scale and the number of annotators; if none, why it does not apply")
    ]
    below_target: Line


class Platform(Model):
    """The one labelling tool."""

    chosen: Name
    because: Line
    data_location: Line


class SemiSupervised(Model):
    """Labels spread from a seed set. If used: keys of seed size and validated sample."""

    used: bool
    because: Line
    seed_items: Key | None
    validated_items: Key | None


class WeakSupervision(Model):
    """Label functions. If used: their rules and how conflicts are resolved."""

    used: bool
    because: Line
    functions: Annotated[list[Line], Field(max_length=5)]
    conflicts: Line | None


class SyntheticData(Model):
    """Generated examples. If used: checks of distribution and quality, and the key of the ceiling on their share."""

    used: bool
    because: Line
    checked_by: Line | None
    ceiling: Key | None


class LlmLabeller(Model):
    """Labels by a language model. If used: keys of the sample checked against people and of the least agreement."""

    used: bool
    because: Line
    checked_items: Key | None
    least_agreement: Key | None


class Labelling(Draft):
    """The labelling strategy of one product."""

    stored: Annotated[list[StoredLabel], Field(max_length=6, description="empty only if nothing is stored and no outcome arrives")]
    blind_spot: BlindSpot
    human: HumanLabels
    guides: Annotated[list[ClassGuide], Field(max_length=20)]
    agreement: Agreement
    platform: Platform
    semi_supervised: SemiSupervised
    weak_supervision: WeakSupervision
    synthetic: SyntheticData
    llm_labeller: LlmLabeller
