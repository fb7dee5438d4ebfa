"""Planted faults: every kind is found under its criterion, good documents raise no alarm, and harmless edits change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.agents.fit import FITS
from ai_data_strategy.agents.reviewer import Judgement, Objection, Review
from ai_data_strategy.agents.section import rubric
from ai_data_strategy.document.scoring import DOCUMENT
from ai_data_strategy.evals import judged, planted
from ai_data_strategy.evals.faults import Fault
from ai_data_strategy.evals.faults_judge import JUDGED, OBJECTION
from ai_data_strategy.evals.harmless import HARMLESS, edited
from ai_data_strategy.evals.planted import FAULTS, findings, strategy_of
from ai_data_strategy.evals.specimens import Specimen, documents

EXAMPLES = Path(__file__).parents[1] / "examples"
RUBRIC = {criterion.id for criterion in rubric()}


@pytest.fixture(scope="module")
def given() -> list[Specimen]:
    """The examples, one of them planned from measurements, and a few playbook documents."""
    return documents(8, EXAMPLES)


@pytest.fixture(scope="module")
def host(given: list[Specimen]) -> Specimen:
    return next(item for item in given if item.name == "payments")


def test_the_kinds_are_many_and_differ() -> None:
    assert len(FAULTS) >= 60 and len({fault.name for fault in FAULTS}) == len(FAULTS)
    assert len({fault.criterion for fault in FAULTS}) >= 60
    assert all(fault.criterion in RUBRIC | set(FITS) and fault.section in {"", *BY_KEY} for fault in FAULTS)
    assert len({fault.criterion for fault in JUDGED}) >= 12 and all(fault.criterion in RUBRIC | {OBJECTION} for fault in JUDGED)


@pytest.fixture(scope="module")
def clean(given: list[Specimen]) -> dict[str, set[tuple[str, str]]]:
    """What is found in the documents as they are."""
    return {item.name: findings(strategy_of(item.strategy), whole=True) for item in given}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "_"))
def test_a_planted_fault_is_found_where_it_is(fault: Fault, given: list[Specimen], clean: dict[str, set[tuple[str, str]]]) -> None:
    for item in given:
        spoilt = fault.plant(item.strategy, Random(3))
        if spoilt is not None:
            assert spoilt != item.strategy
            new = findings(strategy_of(spoilt), whole=fault.criterion in DOCUMENT) - clean[item.name]
            assert (fault.criterion, fault.section) in new, f"{item.name}: {sorted(new)}"
            return
    pytest.skip("no document of the few carries it")


def test_host_written_documents_raise_no_alarm(given: list[Specimen], clean: dict[str, set[tuple[str, str]]]) -> None:
    hosts = [item.name for item in given if item.writer != "playbook"]
    assert len(hosts) >= 3 and {name: clean[name] for name in hosts} == {name: set() for name in hosts}


def test_planting_leaves_the_document_as_it_was(host: Specimen) -> None:
    before = json.dumps(host.strategy)
    for fault in (*FAULTS[:20], *JUDGED):
        fault.plant(host.strategy, Random(1))
    assert json.dumps(host.strategy) == before


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_edit_changes_no_verdict(name: str, host: Specimen) -> None:
    changed = edited(host.strategy, HARMLESS[name], Random(1))
    assert changed != host.strategy
    assert findings(strategy_of(changed), whole=True) == findings(strategy_of(host.strategy), whole=True)


def test_the_table_counts_what_was_missed_and_what_is_a_false_alarm(host: Specimen, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = Fault("nothing at all", "PF1", "logs", "check", lambda strategy, _chance: strategy.update(run="other"))
    monkeypatch.setattr(planted, "FAULTS", (blind, FAULTS[0]))
    noisy = Specimen("noisy", "noisy", "en", "playbook", FAULTS[0].plant(host.strategy, Random(1)) or {})
    outcome = planted.measured([host, noisy], each=1)
    assert [kind.found for kind in outcome.kinds] == [0, 1] and outcome.recall == 0.5 and not outcome.sound
    assert outcome.alarms == [f"noisy: {FAULTS[0].criterion} {FAULTS[0].section}"]
    assert "missed: PF1 nothing at all" in planted.table(outcome)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of requests and the key of the judge criteria."""
    out = tmp_path_factory.mktemp("judged")
    key = tmp_path_factory.mktemp("apart") / "key.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judged, "EXAMPLES", EXAMPLES)
        judged.write(out, key, seed=1)
    return out, key


def test_requests_give_no_hint_and_no_group_shows_a_section_twice(asked: tuple[Path, Path]) -> None:
    out, key = asked
    kept = json.loads(key.read_text("utf-8"))["cases"]
    assert len({case["criterion"] for case in kept if case["fault"]}) >= 12
    assert (
        sum(bool(case["fault"]) and not case["again"] for case in kept) >= 20
        and sum(not case["fault"] and not case["again"] for case in kept) >= 8
    )
    places = [(case["id"].split("_")[0], case["document"], case["section"]) for case in kept]
    assert len(set(places)) == len(places)
    for case in kept:
        request = json.loads((out / "requests" / f"{case['id']}.json").read_text("utf-8"))
        assert set(request) == {"id", "messages", "schema"} and case["shown"] in request["messages"][1]["content"]
        assert "do not repeat them: none" in request["messages"][1]["content"]
        assert not case["fault"] or case["fault"] not in json.dumps(request)


def test_replies_are_scored_by_what_they_find(asked: tuple[Path, Path], tmp_path: Path) -> None:
    _, key = asked
    kept = json.loads(key.read_text("utf-8"))["cases"]
    for name in ("sharp", "dull", "inventive"):
        (tmp_path / name).mkdir()
    for case in kept:
        (tmp_path / "sharp" / f"{case['id']}.json").write_text(_sharp(case).model_dump_json(), "utf-8")
        (tmp_path / "dull" / f"{case['id']}.json").write_text(Review(judgements=[], objections=[]).model_dump_json(), "utf-8")
        made_up = Objection(field="prose", quote="these words stand nowhere in it", why="-", mend="-")
        (tmp_path / "inventive" / f"{case['id']}.json").write_text(Review(judgements=[], objections=[made_up]).model_dump_json(), "utf-8")
    sharp, dull, inventive = (judged.tally(tmp_path / name, key) for name in ("sharp", "dull", "inventive"))
    assert sharp.found == sharp.right == sharp.spoilt > 20 and not sharp.alarms and not sharp.dropped
    assert sharp.compared >= 8 and sharp.flips == 0
    assert dull.found == 0 and len(dull.missed) == dull.spoilt and dull.alarms == dull.objections == 0
    assert inventive.dropped == inventive.verdicts == len(kept) and inventive.found == inventive.objections == 0
    assert "| sharp |" in judged.table({"sharp": sharp, "dull": dull})


def _sharp(case: dict[str, str]) -> Review:
    """A reader who knows the key."""
    line = max((case["changed"] or case["shown"]).splitlines(), key=len)[:200].strip()
    asked = [criterion.id for criterion in BY_KEY[case["section"]].criteria("judge")]
    verdicts = [
        Judgement(criterion=id_, outcome="not_met" if id_ == case["criterion"] else "met", quote=line, why="", field="prose", mend="")
        for id_ in asked
    ]
    objections = [Objection(field="prose", quote=line, why="-", mend="-")] if case["criterion"] == OBJECTION else []
    return Review(judgements=verdicts, objections=objections)
