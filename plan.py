"""A run's state read back as types: what each step of the graph works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from ai_data_strategy.agents import BY_KEY, briefing, planner
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet
from ai_data_strategy.agents.strategy import Record, homes
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Answer, Brief, Evidence
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.playbook.reading import Reading
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.state import SectionState, State
from ai_data_strategy.typeset.view import View


@dataclass(frozen=True)
class Plan:
    """One run as far as it has come."""

    today: date
    brief: Brief
    answers: list[Answer]
    evidence: list[Evidence]
    clarification: Clarification | None
    memo: Memo | None
    blueprint: Blueprint | None
    drafts: dict[str, Draft]
    records: dict[str, Record]

    @classmethod
    def of(cls, given: State | SectionState) -> Plan:
        state = cast(State, given)
        entries = {key: entry for key, entry in state.get("sections", {}).items() if "draft" in entry}
        return cls(
            today=date.fromisoformat(state["today"]),
            brief=Brief.model_validate(state["brief"]),
            answers=[Answer.model_validate(item) for item in state.get("answers", {}).values()],
            evidence=[Evidence.model_validate(item) for item in state.get("evidence", [])],
            clarification=Clarification.model_validate(found) if (found := state.get("clarification")) else None,
            memo=Memo.model_validate(memo) if (memo := state.get("memo")) else None,
            blueprint=Blueprint.model_validate(blue) if (blue := state.get("blueprint")) else None,
            drafts={key: BY_KEY[key].draft.model_validate(entry["draft"]) for key, entry in entries.items()},
            records={key: Record.model_validate(entry["record"]) for key, entry in entries.items()},
        )

    @property
    def reading(self) -> Reading:
        return read(self.brief.text, self.brief.language, self.answers)

    @property
    def fixed(self) -> Blueprint:
        """The blueprint, where there must be one by now."""
        if self.blueprint is None:
            raise ValueError("this step needs a blueprint")
        return self.blueprint

    def ledger(self, drafts: dict[str, Draft]) -> Ledger:
        return Ledger.of(homes(self.memo, self.fixed, drafts))

    def sheet(self, drafts: dict[str, Draft]) -> Sheet:
        """The sheet over the given drafts: one section alone, or all."""
        return Sheet(self.brief, self.fixed, self.ledger(drafts), self.today, self.answers, self.evidence, drafts)

    def sheet_with(self, blueprint: Blueprint) -> Sheet:
        """The sheet over another blueprint, before any section is written."""
        return replace(self, blueprint=blueprint).sheet({})

    def memo_text(self) -> str:
        """The memo with its computed figures, as the planner reads it."""
        if self.memo is None:
            return ""
        ledger = Ledger.of({"memo": self.memo.quantities})
        return f"<memo>\n{self.memo.text}\n\n{briefing.figures(self.memo.quantities, ledger)}\n</memo>"

    def view(self, drafts: dict[str, Draft]) -> View:
        return View(self.brief.language, self.fixed, self.ledger(drafts))

    def desk(self) -> Desk:
        return Desk(self.reading, self.fixed, self.today)

    def write(self, section: Section) -> Draft:
        """The playbook's draft of a section."""
        return section.playbook(self.desk())

    def write_blueprint(self) -> Blueprint:
        """The playbook's blueprint."""
        if self.clarification is None:
            raise ValueError("the blueprint comes after clarifying")
        return planner.blueprint_playbook(self.reading, self.clarification, self.answers, self.evidence, self.today)

    @property
    def words(self) -> dict[str, str]:
        """Values that any prompt may ask for."""
        return {"language": self.brief.language, "today": self.today.isoformat()}

    def early_prefix(self) -> str:
        """Rules, brief, answers, evidence: what clarifying and planning are told."""
        return f"{briefing.rules(self.brief.language, self.today)}\n\n{briefing.given(self.brief, self.answers, self.evidence)}"

    def prefix(self) -> str:
        """The common prefix of all section prompts."""
        ledger = self.ledger({})
        memo = f"<memo>\n{self.memo.text}\n</memo>\n\n" if self.memo else ""
        quantities = self.memo.quantities if self.memo else []
        return f"{self.early_prefix()}\n\n{memo}<blueprint>\n{briefing.blueprint_text(self.fixed, ledger, quantities)}\n</blueprint>"
