"""A run's state read back as types: what each step of the graph works on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, cast

from ai_data_strategy.agents import BY_KEY, SECTIONS, briefing, consistency, planner, reviewer
from ai_data_strategy.agents.clarification import Clarification
from ai_data_strategy.agents.memo import Memo
from ai_data_strategy.agents.section import Draft, Section
from ai_data_strategy.agents.sheet import Sheet, shared_units
from ai_data_strategy.agents.strategy import Record, homes, measured
from ai_data_strategy.blueprint import Blueprint
from ai_data_strategy.domain import Answer, Brief, Evidence, Verdict
from ai_data_strategy.evidence.profile import Profile
from ai_data_strategy.playbook.desk import Desk
from ai_data_strategy.playbook.reader import read
from ai_data_strategy.playbook.reading import Reading
from ai_data_strategy.quantities.ledger import Ledger
from ai_data_strategy.state import Context, Json, SectionState, State
from ai_data_strategy.typeset.view import View

FACTS = ("today", "brief", "answers", "profile", "clarification", "memo", "blueprint")


@dataclass(frozen=True)
class Facts:
    """What a run has fixed before its sections; what is derived from it is computed once."""

    today: date
    brief: Brief
    answers: list[Answer]
    profile: Profile
    clarification: Clarification | None
    memo: Memo | None
    blueprint: Blueprint | None

    @classmethod
    def of(cls, state: State) -> Facts:
        return cls(
            today=date.fromisoformat(state["today"]),
            brief=Brief.model_validate(state["brief"]),
            answers=[Answer.model_validate(item) for item in state.get("answers", {}).values()],
            profile=Profile.model_validate(state.get("profile") or {}),
            clarification=Clarification.model_validate(found) if (found := state.get("clarification")) else None,
            memo=Memo.model_validate(memo) if (memo := state.get("memo")) else None,
            blueprint=Blueprint.model_validate(blue) if (blue := state.get("blueprint")) else None,
        )

    @property
    def fixed(self) -> Blueprint:
        """The blueprint, where there must be one by now."""
        if self.blueprint is None:
            raise ValueError("this step needs a blueprint")
        return self.blueprint

    @property
    def evidence(self) -> list[Evidence]:
        return self.profile.evidence

    @cached_property
    def reading(self) -> Reading:
        return read(self.brief.text, self.brief.language, self.answers, self.today)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger before any section is written."""
        return Ledger.of(homes(self.memo, self.fixed, {}, self.evidence))

    @cached_property
    def early_prefix(self) -> str:
        return f"{briefing.rules(self.brief.language, self.today)}\n\n{briefing.given(self.brief, self.answers, self.profile)}"

    @cached_property
    def prefix(self) -> str:
        memo = f"<memo>\n{self.memo.text}\n</memo>\n\n" if self.memo else ""
        quantities = self.memo.quantities if self.memo else []
        return f"{self.early_prefix}\n\n{memo}<blueprint>\n{briefing.blueprint_text(self.fixed, self.ledger, quantities)}\n</blueprint>"


@dataclass(frozen=True)
class Plan:
    """One run as far as it has come: its facts, and its sections as the state holds them."""

    facts: Facts
    sections: Json

    @classmethod
    def of(cls, given: State | SectionState, context: Context | None = None) -> Plan:
        """The plan of a state; the run's context keeps the last one, so that steps on the same facts and sections share it."""
        state, known = cast(State, given), context.known if context else {}
        raw: list[Any] = [state.get(name) for name in FACTS]
        before, facts = known.get("facts", (None, None))
        if before != raw:
            facts = Facts.of(state)
            known["facts"] = raw, facts
        plan = known.get("plan")
        sections = state.get("sections", {})
        if plan is None or plan.facts is not facts or plan.sections != sections:
            plan = known["plan"] = cls(cast(Facts, facts), sections)
        return cast(Plan, plan)

    @property
    def today(self) -> date:
        return self.facts.today

    @property
    def brief(self) -> Brief:
        return self.facts.brief

    @property
    def answers(self) -> list[Answer]:
        return self.facts.answers

    @property
    def profile(self) -> Profile:
        return self.facts.profile

    @property
    def evidence(self) -> list[Evidence]:
        return self.facts.evidence

    @property
    def clarification(self) -> Clarification | None:
        return self.facts.clarification

    @property
    def memo(self) -> Memo | None:
        return self.facts.memo

    @property
    def blueprint(self) -> Blueprint | None:
        return self.facts.blueprint

    @property
    def fixed(self) -> Blueprint:
        return self.facts.fixed

    @property
    def reading(self) -> Reading:
        return self.facts.reading

    @cached_property
    def drafts(self) -> dict[str, Draft]:
        return {key: BY_KEY[key].draft.model_validate(entry["draft"]) for key, entry in self.sections.items() if "draft" in entry}

    @cached_property
    def records(self) -> dict[str, Record]:
        return {key: Record.model_validate(entry["record"]) for key, entry in self.sections.items() if "draft" in entry}

    @cached_property
    def whole(self) -> Sheet:
        """The sheet over all sections that are written."""
        return self.sheet(self.drafts)

    @cached_property
    def cross(self) -> list[Verdict]:
        """What code finds between the sections."""
        return consistency.verdicts(self.whole, self.clarification)

    def sheet(self, drafts: dict[str, Draft]) -> Sheet:
        """The sheet over the given drafts: one section alone, or all."""
        ledger = Ledger.of(homes(self.memo, self.fixed, drafts, self.evidence), self.facts.ledger) if drafts else self.facts.ledger
        return Sheet(self.brief, self.fixed, ledger, self.today, self.answers, self.evidence, drafts)

    def sheet_with(self, blueprint: Blueprint) -> Sheet:
        """The sheet over another blueprint, before any section is written."""
        return Plan(replace(self.facts, blueprint=blueprint), {}).sheet({})

    def memo_text(self) -> str:
        """The memo with its computed figures, as the planner reads it."""
        if self.memo is None:
            return ""
        ledger = Ledger.of({"evidence": [q for item in self.evidence if (q := measured(item))], "memo": self.memo.quantities})
        return f"<memo>\n{self.memo.text}\n\n{briefing.figures(self.memo.quantities, ledger)}\n</memo>"

    def evidence_of(self, section: Section) -> str:
        """What was measured for one section beyond what the common prefix shows; empty where there is nothing."""
        return briefing.details(self.profile, section.key)

    def view(self, sheet: Sheet) -> View:
        return View(self.brief.language, self.fixed, sheet.ledger)

    def desk(self) -> Desk:
        return Desk(self.reading, self.fixed, self.today)

    def write(self, section: Section) -> Draft:
        """The playbook's draft of a section."""
        desk = self.desk()
        draft = section.playbook(desk)
        return draft.model_copy(update={"prose": desk.led(section.key, draft.prose)})

    def write_blueprint(self) -> Blueprint:
        """The playbook's blueprint."""
        if self.clarification is None:
            raise ValueError("the blueprint comes after clarifying")
        return planner.blueprint_playbook(self.reading, self.clarification, self.answers, self.profile, self.today)

    @property
    def words(self) -> dict[str, str]:
        """Values that any prompt may ask for."""
        return {"language": self.brief.language, "today": self.today.isoformat(), "shared_units": shared_units()}

    def early_prefix(self) -> str:
        """Rules, brief, answers, evidence: what clarifying and planning are told."""
        return self.facts.early_prefix

    def prefix(self) -> str:
        """The common prefix of all section prompts."""
        return self.facts.prefix

    @cached_property
    def body(self) -> str:
        """All chapters as the reader will see them, without the front page."""
        view, drafts = self.view(self.whole), self.drafts
        return "\n\n".join(
            f"## {s.number}. {s.title} [{s.key}]\n\n{reviewer.chapter(s, drafts[s.key], view)}" for s in SECTIONS if s.key in drafts
        )
