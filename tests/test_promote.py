"""Cases from use: what leaves a run, what must not, and what a replay says of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from ai_data_strategy.agents.section import rubric
from ai_data_strategy.agents.strategy import Strategy, load
from ai_data_strategy.domain import Critique, Verdict
from ai_data_strategy.errors import InputError
from ai_data_strategy.evals.flywheel import flywheel, mended_of
from ai_data_strategy.evals.promote import case_of, promote
from ai_data_strategy.evals.promoted import Promoted, promoted_cases
from ai_data_strategy.evals.redaction import Removal, still
from ai_data_strategy.evals.replay_cases import compared, keep, replay, replays_in
from ai_data_strategy.interfaces.feedback import findings, give
from ai_data_strategy.interfaces.service import Options, Service
from ai_data_strategy.interfaces.store import opened
from ai_data_strategy.models import PlaybookWriter
from tests.cli import Cli
from tests.faulty import NOBODY, Faulty, faulty_service
from tests.here import Here
from tests.here import here as here

BRIEF = (
    "Quillmark sells a helpdesk product to 230 companies in Germany. Each new ticket should be routed to one of 14 queues, about 900 a working "
    "day. Contact: Maria Keller, maria.keller@quillmark.example, +49 30 901820. Keller decides."
)
TODAY = "2026-11-21"
PERSONAL = ("Maria", "Keller", "quillmark.example", "901820")
BRIEFS = yaml.safe_load((Path(__file__).parent / "briefs.yaml").read_text("utf-8"))


def run_of(cli: Cli | Here, *more: str) -> str:
    done = cli("draft", BRIEF, "--out", "out", "--today", TODAY, *more)
    assert done.returncode == 0, done.stderr
    return str(json.loads(cli("runs", "--json").stdout)[0]["run"])


async def faulty_run(folder: Path, database: SecretStr | None = None) -> str:
    async with opened(folder / "data", database) as store:
        service = faulty_service(store, "labelling", NOBODY)
        return (await service.draft(BRIEF, Options(out=folder / "out", today=TODAY, revisions=0))).run


def test_nothing_open_or_bad_is_no_case(here: Here) -> None:
    run = run_of(here)
    here("feedback", run, "--verdict", "good", "--section", "logs")
    done = here("promote", run)
    assert done.returncode == 2 and f"feedback {run}" in done.stderr
    assert not (here.folder / "data" / "cases").exists()
    assert here("promote", "nosuch").returncode == 2
    done = here("replay-cases")
    assert done.returncode == 2 and "promote RUN" in done.stderr


def test_a_bad_verdict_becomes_a_case_without_personal_data(cli: Cli) -> None:
    run = run_of(cli)
    cli("feedback", run, "--section", "labelling", "--verdict", "bad", "--note", "Keller asks (030 901820): who labels French tickets?")
    done = cli("promote", run)
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    assert path.parent == cli.folder / "data" / "cases"
    text = path.read_text("utf-8")
    assert not [value for value in PERSONAL if value in text + done.stderr]
    assert "1 email, 1 person, 1 phone" in done.stderr
    case = yaml.safe_load(text)
    assert {"id", "title", "tags", "brief", "facts", "traps"} <= set(case) and case["id"] == path.stem
    assert set(case["tags"]) == {"task", "modality", "law", "scale", "language", "quality"}
    assert case["tags"]["task"] == "text_classification" and case["tags"]["language"] == "en"
    assert "[PERSON_A], [EMAIL_A], [PHONE_A]. [PERSON_A] decides" in case["brief"] and "230 companies" in case["brief"]
    (expected,) = case["expectations"]
    assert (expected["section"], expected["by"]) == ("labelling", "reader")
    assert expected["note"] == "[PERSON_A] asks ([PHONE_A]): who labels French tickets?"


def test_a_case_is_written_once_and_never_over(here: Here) -> None:
    run = run_of(here)
    here("feedback", run, "--verdict", "bad", "--note", "Too long.")
    first = here("promote", run, "--to", "mine", "--json")
    told = json.loads(first.stdout)
    kept = Path(told["path"]).read_bytes()
    assert told["replaced"] == {"email": 1, "person": 1, "phone": 1} and told["expectations"] == 1
    assert json.loads(here("promote", run, "--to", "mine", "--json").stdout) == told
    here("feedback", run, "--verdict", "bad", "--note", "And dull.")
    done = here("promote", run, "--to", "mine")
    assert done.returncode == 2 and "--to" in done.stderr and Path(told["path"]).read_bytes() == kept
    assert json.loads(here("promote", run, "--to", "other", "--json").stdout)["expectations"] == 2
    package = Path(__file__).resolve().parent.parent / "evals" / "cases"
    done = here("promote", run, "--to", str(package))
    assert done.returncode == 2 and "belongs to the program" in done.stderr and not list(package.glob("use_*"))


def test_answers_become_hidden_facts(here: Here) -> None:
    asked = json.loads(here("draft", BRIEF, "--json", "--today", TODAY, "--out", "out").stdout)
    run, questions = asked["run"], asked["questions"]
    (here.folder / "answers.json").write_text(
        json.dumps({question["id"]: f"Ms Keller says {number}." for number, question in enumerate(questions)})
    )
    outcome = json.loads(here("answer", run, "answers.json", "--json").stdout)
    (here.folder / "none.json").write_text("{}")
    while outcome["status"] == "needs_answers":
        outcome = json.loads(here("answer", run, "none.json", "--json").stdout)
    here("feedback", run, "--verdict", "bad")
    case = yaml.safe_load(Path(json.loads(here("promote", run, "--json").stdout)["path"]).read_text("utf-8"))
    facts = {fact["id"]: fact for fact in case["facts"]}
    assert set(facts) == {question["id"] for question in questions}  # what was skipped is nobody's fact
    for number, question in enumerate(questions):
        fact = facts[question["id"]]
        assert fact["text"] == f"Ms [PERSON_A] says {number}."
        assert (fact["weight"] == 3) == (len(question["touches"]) >= 3)
        assert any(re.search(pattern, question["question"], re.IGNORECASE) for pattern in fact["about"])


async def test_open_findings_are_mended_by_another_writer_and_stay_open_with_the_same(here: Here) -> None:
    run = await faulty_run(here.folder)
    promoted = here("promote", run)
    assert promoted.returncode == 0, promoted.stderr
    folder = Path(promoted.stdout.strip()).parent
    (case,) = promoted_cases(folder)
    assert {(item.criterion, item.section) for item in case.expectations} >= {("LB1", "labelling"), ("XC4", "labelling")}
    again = await replay(case, Faulty("labelling", NOBODY), "playbook")
    assert again.count("still open") == len(case.expectations) and again.count("new") == 0 and not again.mended
    keep(again, folder)
    state = json.loads(here("flywheel", "--json").stdout)
    assert (state["cases"], state["open"], state["mended"]) == (1, [case.id], [])
    done = here("replay-cases", "--json")
    assert done.returncode == 0, done.stderr
    (replayed,) = json.loads(done.stdout)
    assert {result["state"] for result in replayed["results"]} == {"mended"} and replayed["comparable"]
    lines = (folder / "replays.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == 2 and json.loads(lines[0])["results"][0]["state"] == "still open" and json.loads(lines[1]) == replayed
    state = json.loads(here("flywheel", "--json").stdout)
    assert (state["cases"], state["open"], state["mended"]) == (1, [], [case.id])
    assert state["failures"]["labelling"] >= 1 and state["trend"][-1]["replays"] == 2 and state["trend"][-1]["replays_mended"] == 1
    assert state["trend"][-1]["open_findings"] == sum(state["failures"].values())


async def test_another_fault_is_new(tmp_path: Path) -> None:
    case = await faulty_case(tmp_path)
    replayed = await replay(case, Faulty("logs", {"actions": [], "prose": "Short."}), "playbook")
    new = [result for result in replayed.results if result.state == "new"]
    assert new and {result.section for result in new} == {"logs"} and replayed.mended and replayed.count("mended") == len(case.expectations)


async def faulty_case(folder: Path) -> Promoted:
    run = await faulty_run(folder)
    async with opened(folder / "data") as store:
        return (await promote(faulty_service(store, "labelling", NOBODY), run, folder / "cases")).case


async def test_the_same_over_postgres(postgres: str, tmp_path: Path) -> None:
    database = SecretStr(postgres)
    run = await faulty_run(tmp_path, database)
    async with opened(tmp_path / "data", database) as store:
        service = faulty_service(store, "labelling", NOBODY)
        await give(service, run, "labelling", "bad", "Mr Keller is not asked.")
        done = await promote(service, run, tmp_path / "cases")
        notes = [item for item in done.case.expectations if item.by == "reader"]
        assert len(done.case.expectations) > len(notes) == 1 and "[PERSON_A] is not asked" in notes[0].note
        keep(await replay(done.case, PlaybookWriter(), "playbook"), tmp_path / "cases")
        state = await flywheel(service, tmp_path / "cases")
    assert state.cases == 1 and state.open == [done.case.id]  # the note of a reader is not settled by a check
    assert state.verdicts["labelling"]["bad"] >= 1 and state.failures["labelling"] >= 1


def test_a_note_is_settled_by_patterns_or_by_a_person(here: Here) -> None:
    run = run_of(here)
    here("feedback", run, "--section", "labelling", "--verdict", "bad", "--note", "Nobody labels French tickets.")
    path = Path(here("promote", run).stdout.strip())
    done = here("replay-cases")
    assert done.returncode == 4 and "still open" in done.stdout and "not a word has changed" in done.stdout
    original = path.read_text("utf-8")
    assert "text: " in original
    path.write_text(re.sub(r"text: \w{16}", "text: '0000'", original), "utf-8")
    done = here("replay-cases")
    assert done.returncode == 4 and "undecided" in done.stdout
    path.write_text(original.replace("signs: []", "signs: [zanzibar]"), "utf-8")
    assert "no sign" in here("replay-cases").stdout
    path.write_text(original.replace("signs: []", "signs: [queue]"), "utf-8")
    assert here("replay-cases").returncode == 0
    path.write_text(original.replace("signs: []", "signs: ['(']"), "utf-8")
    done = here("replay-cases")
    assert done.returncode == 2 and path.name in done.stderr
    assert len((path.parent / "replays.jsonl").read_text("utf-8").splitlines()) == 4
    assert here("replay-cases", "--model", "host").returncode == 2


async def written_by_playbook(folder: Path) -> Strategy:
    async with opened(folder / "data") as store:

        async def writer(_run: object, _store: object) -> PlaybookWriter:
            return PlaybookWriter()

        outcome = await Service(store, writer, lambda kind, text: None).draft(BRIEF, Options(out=folder / "out", today=TODAY))
    assert outcome.strategy
    return outcome.strategy


def judged(strategy: Strategy, criterion: str, outcome: str, quote: str) -> Strategy:
    """The strategy with one verdict of a reviewer on labelling."""
    verdict = Verdict.model_validate(
        {"criterion": criterion, "outcome": outcome, "field": "prose", "why": "Fits any product.", "quote": quote, "by": "reviewer"}
    )
    records = [
        record.model_copy(update={"critique": Critique(verdicts=[verdict])}) if record.section == "labelling" else record
        for record in strategy.records
    ]
    return strategy.model_copy(update={"records": records})


async def test_a_reviewers_finding_needs_a_reviewer_or_its_words_to_be_settled(tmp_path: Path) -> None:
    clean = await written_by_playbook(tmp_path)
    criterion = next(c.id for c in rubric() if c.section == "labelling" and c.kind == "judge")
    quote = " ".join(clean.sections["labelling"].prose.split("{")[0].split()[:6])
    for said, expected in (("a sentence that stands nowhere now", "undecided"), (quote, "still open")):
        open_ = judged(clean, criterion, "not_met", said)
        case, _ = case_of(open_, findings(open_), [])
        (expectation,) = case.expectations
        assert expectation.by == "reviewer" and len(case.traps) == 1 and case.traps[0].never == expectation.never
        assert [result.state for result in compared(case, clean)] == [expected]
        assert [result.state for result in compared(case, open_)] == ["still open"]
    case, _ = case_of(judged(clean, criterion, "not_met", "a sentence that stands nowhere now"), findings(open_), [])
    fixed = case.model_copy(update={"expectations": [item.model_copy(update={"never": []}) for item in case.expectations]})
    assert [result.state for result in compared(fixed, judged(clean, criterion, "met", quote))] == ["mended"]


async def test_a_case_of_a_model_is_not_mended_by_the_playbook(tmp_path: Path) -> None:
    case = await faulty_case(tmp_path)
    other = case.model_copy(update={"origin": case.origin.model_copy(update={"writer": "some-model"})})
    replayed = await replay(other, PlaybookWriter(), "playbook")
    assert replayed.mended and not replayed.comparable and mended_of([other], [replayed]) == set()
    own = replace(replayed, comparable=True)
    assert mended_of([other], [own]) == {other.id}
    worse = replace(own, results=[replace(own.results[0], state="still open")])
    assert mended_of([other], [own, worse]) == set()  # the last one counts


async def test_a_torn_line_of_replays_is_named(tmp_path: Path) -> None:
    case = await faulty_case(tmp_path)
    keep(await replay(case, PlaybookWriter(), "playbook"), tmp_path)
    assert [item.case for item in replays_in(tmp_path)] == [case.id]
    with (tmp_path / "replays.jsonl").open("a") as file:
        file.write('{"date": "2026')
    with pytest.raises(InputError, match="line 2"):
        replays_in(tmp_path)


TEXTS = {
    "en": "Patient name: Anna Schmidt\nAddress: 5 High Street, Leeds\nDate of birth: 12.03.1984\nIBAN DE89 3704 0044 0532 0130 00, card "
    "4111 1111 1111 1111, 93.184.216.34, SSN 536-90-4399, postgresql://bob:hunter2@db.example.org/shop. Our product manager John Smith "
    "asks Dr. Peter Hahn-Lopez; (415) 555-2671, 020 7946 0018, tel 030 901820.\nKind regards,\nTom Becker",
    "de": "Ansprechpartnerin: Maria Keller (Mobil 0171 2345678). Frau Keller und Herr Müller prüfen, geboren am 3. März 1984. "
    "Datenschutzbeauftragte ist Eva Lang.",
    "fr": "Mme Claire Dupont, 06 12 34 56 78, née le 3 mars 1980, écrit à p.martin@exemple.fr.",
    "es": "Me llamo Ana García López, móvil 612 345 678. La Sra. García y 12345678Z.",
}
SECRETS = {
    "en": "Anna Schmidt High Street 1984 DE89 0532 4111 184.216 536-90 hunter2 John Smith Peter Hahn Lopez 2671 7946 901820 Becker".split(),
    "de": "Maria Keller 2345678 Müller 1984 Eva Lang".split(),
    "fr": "Claire Dupont 12 34 1980 martin exemple.fr".split(),
    "es": "Ana García López 612 678 12345678Z".split(),
}


@pytest.mark.parametrize("language", TEXTS)
def test_personal_data_is_taken_out(language: str) -> None:
    removal = Removal(language)
    (text,) = removal.removed([TEXTS[language]])
    assert not [secret for secret in SECRETS[language] if secret in text], text
    assert not still(text)


def test_the_same_value_gets_the_same_placeholder_in_every_text() -> None:
    removal = Removal("en")
    first, second = removal.removed(["Mail a.b@x.example or A.B@x.example; Mr Pereira, c@x.example.", "Pereira reads a.b@x.example."])
    assert first == "Mail [EMAIL_A] or [EMAIL_A]; Mr [PERSON_A], [EMAIL_B]." and second == "[PERSON_A] reads [EMAIL_A]."
    assert removal.counts == {"email": 2, "person": 1}


@pytest.mark.parametrize("name", BRIEFS)
def test_a_brief_without_personal_data_stays_as_it_is(name: str) -> None:
    removal = Removal(BRIEFS[name]["language"])
    assert removal.removed([BRIEFS[name]["text"]]) == [BRIEFS[name]["text"]] and removal.counts == {}


async def test_a_case_reads_back_as_it_was_written(tmp_path: Path) -> None:
    case = await faulty_case(tmp_path)
    assert promoted_cases(tmp_path / "cases") == [case]
    twin = load((tmp_path / "out" / "strategy.json").read_text("utf-8"))
    assert case_of(twin, findings(twin), [])[0] == case
