"""The one question about data that were read by guess: are the columns what they were taken for?"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ai_data_strategy.agents.clarification import MOST_QUESTIONS, Clarification
from ai_data_strategy.domain import Answer, Question
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.typeset.catalogue import N_, translator

ID = "roles_of_columns"
_DECIDING = ("prediction", "outcome", "label", "feedback")
"""Roles on which the measurements of failures, feedback and agreement rest."""
_RESTING = ("labelling", "flywheel", "feedback", "benchmark", "retraining", "logs", "failures", "edge_cases")
_MANIFEST = "manifest"
_NO = re.compile(r"(?i)\s*(no|nein|non|not|nicht|wrong|falsch|faux|incorrecto)\b")
_MOST_NAMED = 6


def asked(clarification: Clarification, profile: Profile, language: str) -> Clarification:
    """The clarification with the question, in place of its last one if there are five, where a deciding role was inferred."""
    named = [
        f"{source.id}.{column.name} = {column.role}"
        for source in profile.sources
        for column in source.columns
        if column.role in _DECIDING and column.role_reason != _MANIFEST
    ]
    if not named or clarification.learning != "needed":
        return clarification
    say = translator(language)
    question = Question(
        id=ID,
        question=(say(N_("The columns were read so: %(roles)s. Is that right?")) % {"roles": ", ".join(named[:_MOST_NAMED])})[:300],
        why=say(N_("What was measured about failures, feedback, labels and benchmark rests on it; a no leaves these measurements out."))[:300],
        touches=list(_RESTING), kind="yes_no", default=say(N_("yes")),
    )  # fmt: skip
    return clarification.model_copy(update={"questions": [*clarification.questions[: MOST_QUESTIONS - 1], question]})


def confirmed(profile: Profile, answers: Mapping[str, Answer]) -> Profile:
    """The profile without what rests on guessed roles, if the user said that they are wrong."""
    answer = answers.get(ID)
    if answer is None or answer.skipped or not _NO.match(answer.text):
        return profile
    return profile.model_copy(
        update={
            "evidence": [item for item in profile.evidence if item.topic not in _RESTING],
            "charts": [chart for chart in profile.charts if chart.topic not in _RESTING],
        }
    )
