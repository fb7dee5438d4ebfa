"""Data governance without a model: permission by role and law, treatment by field, erasure that fits its limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from ai_data_strategy.agents.furnishing import amount, ground, guess, label_source, names, paced, plain, said, signed, workdays_later
from ai_data_strategy.agents.governance_fields import (
    GDPR_DAYS,
    ErasureStep,
    Forgetting,
    Governance,
    Lineage,
    PersonalUse,
    RegimeDuty,
    SourceRule,
    Treatment,
)
from ai_data_strategy.agents.section import Action, Rejected, Risk
from ai_data_strategy.blueprint import FieldSpec, Source
from ai_data_strategy.playbook import naming
from ai_data_strategy.playbook.desk import Desk, knowledge

_CLAUSE = re.compile(
    r"\b(DPA|AVV|terms|privacy|consent|contract|clause|agreement|notice|Einwilligung|Vertrag|Datenschutz|consentement|contrat|contrato)",
    re.IGNORECASE,
)
_PROCESSOR = re.compile(r"processor|auftragsverarbeit|sous-traitant|encargado", re.IGNORECASE)
_EUROPE = re.compile(r"gdpr|dsgvo|rgpd", re.IGNORECASE)
_PERSON = re.compile(r"customer|user|payer|patient|person|client|member|caller|account|employee|student|subscriber")
_LEGAL = ("permission_hours", "assessment_hours")
"""Work of the lawyer, paced by its least hours: training waits for it, and the review of the plan counts these."""
_STAFF = re.compile(r"operator|technician|agent|employee|inspector|worker|shift|_by$")


def playbook(k: Desk) -> Governance:
    """Governance for the blueprint's sources; without personal fields, ownership and contract alone."""
    t = k.topic("governance")
    words = names(k) | {
        "regimes": ", ".join(plain(r.name, r.id) for r in k.blueprint.regimes) or k.say("the law of the place"),
        "decision": k.blueprint.task.decision,
    }
    personal = any(field.sensitivity != "none" for source in k.blueprint.sources for field in source.fields)
    return _with_people(k, t, words) if personal else _without_people(k, t, words)


def _with_people(k: Desk, t: Mapping[str, Any], words: dict[str, str]) -> Governance:
    person = _person_key(k)
    words |= {"person_key": person.split(".")[1], "example_key": _example_key(k)}
    main = naming.main_source(k.blueprint)
    kinds = {source.id: _kind(k, source) for source in k.blueprint.sources}
    actions = _actions(k, t, words, kinds[main.id], set(kinds.values()))
    steps, course = _erasure(k, t, words)
    paragraphs = [t["bases"][kinds[main.id]]["prose"], t["prose"], t[f"erasure_{course}"]]
    return Governance(
        prose="\n\n".join(said(k, part, words) for part in paragraphs),
        no_personal_because=None,
        treatments=_treatments(k, t, words, person),
        sources=[_rule(k, t, words, source, kinds[source.id], actions) for source in k.blueprint.sources],
        lineage=_lineage(k, t, words, person),
        erasure=steps,
        exceptions=said(k, t["exceptions"], words),
        forgetting=_forgetting(k, t, words),
        regimes=_regimes(k, t, words),
        rejected=[Rejected(option=k.say(option, **words), because=said(k, because, words)) for option, because in t["rejected"]],
        actions=actions,
        risks=[_risk(k, t["risk"], words)],
        quantities=k.quantities,
    )


def _without_people(k: Desk, t: Mapping[str, Any], words: dict[str, str]) -> Governance:
    words |= {"example_key": _example_key(k)}
    owner, text = k.role("legal"), t["no_personal"]
    due = paced(k, owner, float(_settings()["permission_hours"]["high"]), 21)
    cost = guess(
        k, "governance_permission_hours", _settings()["permission_hours"], k.say("hours to read columns and contracts"), owner, due
    )
    action = Action(id="read_columns", what=said(k, text["action"], words), owner=owner, due=due, cost=cost, after=[])
    return Governance(
        prose="\n\n".join(said(k, part, words) for part in text["prose"]),
        no_personal_because=said(k, text["because"], words),
        treatments=[],
        sources=[SourceRule(source=source.id, deletion_job=_job(k, t, source), personal=None) for source in k.blueprint.sources],
        lineage=_lineage(k, t, words, None),
        erasure=[],
        exceptions=k.say("No person is in the data, so nobody has to be erased"),
        forgetting=_forgetting(k, {**t, "forgetting": text["forgetting"]}, words),
        regimes=_regimes(k, t, words),
        rejected=[Rejected(option=k.say(option, **words), because=said(k, because, words)) for option, because in t["rejected"]],
        actions=[action],
        risks=[_risk(k, t["risk"], words)],
        quantities=k.quantities,
    )


def _settings() -> Mapping[str, Any]:
    settings: Mapping[str, Any] = knowledge("governance")["settings"]
    return settings


def _risk(k: Desk, risk: Mapping[str, str], words: Mapping[str, str]) -> Risk:
    return Risk(
        risk=said(k, risk["risk"], words), chance="medium", harm="high", early_sign=said(k, risk["early_sign"], words),
        answer=said(k, risk["answer"], words), owner=k.role("product"),
    )  # fmt: skip


def _kind(k: Desk, source: Source) -> str:
    """Which legal basis fits a source: by its most protected field, then by the role of the company."""
    found = {field.sensitivity for field in source.fields}
    if not _EUROPE.search(" ".join(f"{r.id} {r.name}" for r in k.blueprint.regimes)):
        return "child" if "child" in found else "elsewhere"
    if "child" in found:
        return "child"
    if found & {"special", "biometric"}:
        return "special"
    if k.blueprint.archetype == "fraud":
        return "criminal"
    if _PROCESSOR.search(k.reading.text):
        return "processor"
    personal = [field.id for field in source.fields if field.sensitivity == "personal"]
    return "staff" if personal and all(_STAFF.search(id_) for id_ in personal) else "controller"


def _actions(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], kind: str, kinds: set[str]) -> list[Action]:
    lawyer, builder, settings = k.role("legal"), k.role("data_engineering"), _settings()
    hours = {name: float(setting["low" if name in _LEGAL else "high"]) for name, setting in settings.items() if "high" in setting}
    permission, treatment = paced(k, lawyer, hours["permission_hours"], 28), paced(k, builder, hours["treatment_hours"], 35)
    erasure = paced(k, builder, hours["treatment_hours"] + hours["erasure_hours"], 56)
    asked = guess(
        k, "governance_permission_hours", settings["permission_hours"], k.say("hours to settle permission for training"), lawyer, permission
    )
    treated = guess(
        k, "governance_treatment_hours", settings["treatment_hours"], k.say("hours to build the treatment step"), builder, treatment
    )
    erased = guess(
        k, "governance_erasure_hours", settings["erasure_hours"], k.say("hours to script and rehearse erasure"), builder, erasure
    )
    actions = [
        Action(id="settle_permission", what=said(k, t["bases"][kind]["action"], words), owner=lawyer, due=permission, cost=asked, after=[]),
        Action(id="build_treatment", what=said(k, t["treatment_action"], words), owner=builder, due=treatment, cost=treated, after=[]),
        Action(
            id="rehearse_erasure",
            what=said(k, t["erasure_action"], words),
            owner=builder,
            due=erasure,
            cost=erased,
            after=["build_treatment"],
        ),
    ]
    if kinds & {"criminal", "special", "child"}:
        due = paced(k, lawyer, hours["permission_hours"] + hours["assessment_hours"], 42)
        cost = guess(k, "governance_assessment_hours", settings["assessment_hours"], k.say("hours for the impact assessment"), lawyer, due)
        actions.insert(
            1,
            Action(
                id="assess_impact",
                what=said(k, t["assessment_action"], words),
                owner=lawyer,
                due=due,
                cost=cost,
                after=["settle_permission"],
            ),
        )
    return actions


def _rule(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], source: Source, kind: str, actions: list[Action]) -> SourceRule:
    if all(field.sensitivity == "none" for field in source.fields):
        return SourceRule(source=source.id, deletion_job=_job(k, t, source), personal=None)
    basis, clause = t["bases"][kind], _clause(k)
    settling = next((a for a in actions if a.id == "assess_impact" and kind in ("criminal", "special", "child")), actions[0])
    here = {**words, "words_of": plain(source.name, source.id)}
    use = PersonalUse(
        collected_for=said(k, t["purposes"]["to_build" if source.status == "to_build" else source.kind], here),
        ml_use=said(k, t["ml_use"]["labels" if source.id == label_source(k).id else "inputs" if source.training else "none"], here), compatible=basis["compatible"],
        reconsent=said(k, basis["reconsent"], here) if basis["reconsent"] else None, basis=said(k, basis["basis"], here),
        clause=clause or k.say(t["unread"], **here), status="unclear" if clause else "missing", action=settling.id,
        training_from=_first_day(source, settling.due),
    )  # fmt: skip
    return SourceRule(source=source.id, deletion_job=_job(k, t, source), personal=use)


def _first_day(source: Source, due: date) -> date | None:
    """The first day a source may train: after the action is due and after the source exists; never if it does not train."""
    if not source.training:
        return None
    begin = workdays_later(due, 1)
    return max(begin, source.starts) if source.starts else begin


def _clause(k: Desk) -> str:
    """The sentence of the brief or an answer that speaks of permission, in its own words."""
    topic = k.reading.topics.get("contract") or k.reading.topics.get("consent")
    sentences = re.split(r"(?<=[.!?])\s+|\n+", k.reading.text)
    return (topic or next((part for part in sentences if _CLAUSE.search(part)), ""))[:400]


def _job(k: Desk, t: Mapping[str, Any], source: Source) -> str:
    return k.say(t["deletion_new" if source.status == "to_build" else "deletion_job"])


def _person_key(k: Desk) -> str:
    """The stored field that leads from a person to examples: a person's id in the main source, else the best there is."""
    main = naming.main_source(k.blueprint)
    fields = [(source, field) for source in (main, *k.blueprint.sources) for field in source.fields]
    for fits in (
        lambda f: f.sensitivity == "personal" and _PERSON.search(f.id),
        lambda f: f.sensitivity == "personal" and not _STAFF.search(f.id),
        lambda f: f.sensitivity not in ("none", "free_text"),
        lambda f: f.sensitivity != "none",
    ):
        if found := next(((s, f) for s, f in fields if fits(f)), None):
            return f"{found[0].id}.{found[1].id}"
    return f"{main.id}.{main.fields[0].id}"


def _example_key(k: Desk) -> str:
    fields = [field for source in (naming.main_source(k.blueprint), *k.blueprint.sources) for field in source.fields]
    stem = k.blueprint.example.lower().removesuffix("s")
    return next((f.id for f in fields if f.id in (f"{stem}_id", f"{stem}_key")), "example_id")


def _treatments(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], person: str) -> list[Treatment]:
    """Every personal field under the rule for its name or its sensitivity; fields with the same rule share a row."""
    rows: dict[tuple[str, str, str | None], list[str]] = {}
    for ref, field in _personal_fields(k):
        rule = _rule_of(t, field, ref == person)
        rows.setdefault((rule["treatment"], rule["how"], rule.get("because")), []).append(ref)
    return [
        Treatment.model_validate(
            {"fields": refs, "treatment": way, "how": said(k, how, words), "because": said(k, because, words) if because else None}
        )
        for (way, how, because), refs in rows.items()
    ]


def _personal_fields(k: Desk) -> Iterator[tuple[str, FieldSpec]]:
    for source in k.blueprint.sources:
        yield from ((f"{source.id}.{field.id}", field) for field in source.fields if field.sensitivity != "none")


def _rule_of(t: Mapping[str, Any], field: FieldSpec, is_key: bool) -> Mapping[str, Any]:
    """The key that erasure needs is always pseudonymised; sensitive kinds go by kind, others by name first."""
    by_kind: dict[str, Mapping[str, Any]] = {**t["treatments"], **t.get("treatments_here", {})}
    by_name: list[Mapping[str, Any]] = t["field_rules"]
    if is_key:
        return by_name[-1]
    if field.sensitivity not in ("personal", "financial"):
        return by_kind[field.sensitivity]
    if _STAFF.search(field.id) and "personal" in t.get("treatments_here", {}):
        return by_kind["personal"]
    return next((rule for rule in by_name if re.search(rule["match"], field.id)), by_kind[field.sensitivity])


def _lineage(k: Desk, t: Mapping[str, Any], words: Mapping[str, str], person: str | None) -> Lineage:
    texts = t["lineage"] if person else t["no_personal"]["lineage"]
    line = {part: said(k, texts[part], words) for part in ("stored_in", "forward", "backward")}
    return Lineage(person_key=person, example_key=words["example_key"], model_key="model_version", **line)


def _erasure(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> tuple[list[ErasureStep], str]:
    """One step for each place, short enough together for the limit, and which course the models take."""
    ledger, settings, owner = ground(k), _settings(), k.role("data_engineering")
    limit = amount(ledger, "erasure_limit", GDPR_DAYS)
    raw_days = min(float(settings["raw_days"]["value"]), max(1.0, limit // 4))
    left = limit - raw_days
    unit, course = "day", "cadence"
    raw = k.propose("erasure_raw_days", raw_days, unit, k.say("days to find and delete a person's rows"), owner)
    follow = signed(k, "erasure_follow_days", settings["follow_days"], unit, k.say("days until the next nightly build"), owner)
    bench = signed(
        k, "erasure_benchmark_days", settings["benchmark_days"], unit, k.say("days to issue a benchmark without the person"), owner
    )
    backup, models, backups_text = "backup_retention", "retrain_cadence", "backups"
    if amount(ledger, "backup_retention", limit) > left:
        backup, backups_text = follow, "backups_key"
    if not k.blueprint.task.trains:
        models, course = follow, "none"
    elif amount(ledger, "retrain_cadence", limit) > left - 1:
        days = min(float(settings["refit_days"]["value"]), max(1.0, left - 2))
        models, course = k.propose("erasure_refit_days", days, unit, k.say("days until a refit without the person is live"), owner), "refit"
    text = {place: said(k, sentence, words) for place, sentence in t["steps"].items()}
    return [
        ErasureStep(reaches="raw", method=text["raw"], days=raw, after=None),
        ErasureStep(reaches="features", method=text["features"], days=follow, after="raw"),
        ErasureStep(reaches="labels", method=text["labels"], days=follow, after="raw"),
        ErasureStep(reaches="benchmark", method=text["benchmark"], days=bench, after="raw"),
        ErasureStep(reaches="backups", method=text[backups_text], days=backup, after="raw"),
        ErasureStep(reaches="models", method=text["models_none" if course == "none" else "models"], days=models, after="features"),
    ], course


def _forgetting(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> Forgetting:
    owner = k.role("data_engineering")
    cost = guess(
        k,
        "governance_refit_hours",
        _settings()["refit_hours"],
        k.say("hours of work for one refit that forgets"),
        owner,
        k.within(56, owner),
    )
    if not k.blueprint.task.trains:
        return Forgetting(method="no_weights", because=said(k, t["forgetting_none"], words), cost=cost)
    return Forgetting(method="full_refit", because=said(k, t["forgetting"], words), cost=cost)


def _regimes(k: Desk, t: Mapping[str, Any], words: Mapping[str, str]) -> list[RegimeDuty]:
    """What each regime of the blueprint changes: the playbook's duty where it knows the regime, else what the blueprint says."""
    found = []
    for regime in k.blueprint.regimes:
        known = next(
            (entry for entry in t["regimes"] if re.search(entry["match"], f"{regime.id.replace('_', ' ')} {regime.name}".lower())), None
        )
        found.append(
            RegimeDuty(
                regime=regime.id, duty=said(k, known["duty"], words) if known else said(k, "%(demands)s", {"demands": regime.demands})
            )
        )
    return found
