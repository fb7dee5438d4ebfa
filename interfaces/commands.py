"""What each command does, over the service. Results are printed here and nowhere else."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from ai_data_strategy.errors import InputError, StrategyError
from ai_data_strategy.interfaces import arguments
from ai_data_strategy.interfaces.asking import ask
from ai_data_strategy.interfaces.cli import DONE, ERROR, PARTIAL, USAGE, WAITING
from ai_data_strategy.interfaces.progress import progress
from ai_data_strategy.interfaces.service import Options, Outcome, Service
from ai_data_strategy.interfaces.store import opened
from ai_data_strategy.interfaces.writers import WriterMaker
from ai_data_strategy.settings import Settings, read_settings

Given = argparse.Namespace


def execute(given: Given) -> int:
    """Run a command; every expected error becomes one line on standard error and an exit code."""
    try:
        return COMMANDS[given.command](given)
    except InputError as error:
        return _told(error, USAGE)
    except StrategyError as error:
        return _told(error, ERROR)
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; what is done is kept: `ai-data-strategy runs` lists the runs, `resume RUN` goes on\n")
        return ERROR
    except BrokenPipeError:
        return ERROR


def _told(error: StrategyError, code: int) -> int:
    sys.stderr.write(f"ai-data-strategy: {error}\n" + (f"{error.hint}\n" if error.hint else ""))
    return code


def _out(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


@asynccontextmanager
async def _service(given: Given, listener: Any) -> AsyncIterator[Service]:
    settings = read_settings()
    maker = WriterMaker(
        settings, max_tokens=getattr(given, "max_tokens", None), max_cost=getattr(given, "max_cost", None), on_event=listener.event
    )
    async with opened(settings.data_folder, settings.database) as store:
        try:
            yield Service(store, maker.writer, listener.event)
        finally:
            await maker.close()


def _with(given: Given, work: Callable[[Service], Awaitable[int]], quiet: bool = False) -> int:
    async def run() -> int:
        with progress(quiet or getattr(given, "json", False)) as listener:
            async with _service(given, listener) as service:
                return await work(service)

    return asyncio.run(run())


def _brief(given: Given) -> str:
    if given.brief_file and given.brief:
        raise InputError("give the brief as text or with --brief-file, not both")
    if given.brief_file:
        return arguments.read_text(given.brief_file)
    if given.brief == "-":
        raw = sys.stdin.buffer.read(arguments.LARGEST_FILE)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"standard input: not text in UTF-8 (byte {error.start})") from error
    if not given.brief:
        raise InputError(
            'no brief: write `ai-data-strategy draft "what the product is and what AI should do in it"`, or - for standard input'
        )
    return str(given.brief)


def _today(text: str) -> str:
    if not text:
        return ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InputError(f"--today {text}: write the date as YYYY-MM-DD") from error


def draft(given: Given) -> int:
    brief = arguments.brief_text(_brief(given))
    answers = arguments.answers(given.answers) if given.answers else None
    settings = read_settings()
    asking = not given.no_input and not given.json and sys.stdin.isatty() and sys.stderr.isatty() and given.brief != "-"
    roles = {"reviewer": given.reviewer_model, "assembler": given.assembler_model, "planner": given.planner_model}
    options = Options(
        model=given.model or _default(settings), language=given.language, ask=_asks(given, answers, asking), revisions=given.revisions,
        out=_folder(given.out), base_url=given.base_url, models={role: name for role, name in roles.items() if name}, today=_today(given.today),
    )  # fmt: skip
    first = [False]
    if given.data or given.sources or given.evidence:
        options = replace(options, profile=_profile(given, options.today))

    async def run() -> int:
        with progress(given.json) as listener:
            async with _service(given, listener) as service:
                outcome = await service.draft(brief, options)
        while outcome.status == "needs_answers" and (answers is not None or asking):
            said = _said(outcome, answers, first) if answers is not None else ask(outcome.questions)
            with progress(given.json) as listener:
                async with _service(given, listener) as service:
                    outcome = await service.answer(outcome.run, said)
        return _report(outcome, given.json)

    return asyncio.run(run())


def _profile(given: Given, today: str) -> Any:
    """The measurements of the user's data; what could not be read is told at once."""
    from ai_data_strategy.interfaces.measuring import profile_for

    with progress(given.json) as listener:
        found = profile_for(given, date.fromisoformat(today or date.today().isoformat()), listener.event)
    for problem in found.problems if found else ():
        sys.stderr.write(f"{problem.text}\n")
    return found


def _default(settings: Settings) -> str:
    """The writer where none is named: a model as soon as there is a key or an address, else the playbook."""
    return settings.model_name if settings.kind == "openai" else settings.kind


def _asks(given: Given, answers: Mapping[str, str] | None, asking: bool) -> bool:
    """Questions stop the run if somebody can answer them: a terminal, an answer file, or a host that reads JSON."""
    return bool(asking or answers is not None or (given.json and not given.no_input))


def _said(outcome: Outcome, answers: Mapping[str, str], used: list[bool]) -> dict[str, str]:
    """The answers of the file that were asked for. In the first round, one that nobody asked for is an error the user should see."""
    asked = {question.id for question in outcome.questions}
    if not used[0] and (unknown := sorted(set(answers) - asked)):
        sys.stderr.write(f"ai-data-strategy: not asked, so not used yet: {', '.join(unknown)}; asked were {', '.join(sorted(asked))}\n")
    used[0] = True
    return {key: value for key, value in answers.items() if key in asked}


def _folder(path: Path | None) -> Path | None:
    if path and path.exists() and not path.is_dir():
        raise InputError(f"--out {path}: is a file; name a folder")
    return path.resolve() if path else None


def resume(given: Given) -> int:
    async def work(service: Service) -> int:
        return _report(await service.resume(given.run), given.json)

    return _with(given, work)


def answer(given: Given) -> int:
    answers = arguments.answers(given.file)

    async def work(service: Service) -> int:
        return _report(await service.answer(given.run, answers), given.json)

    return _with(given, work)


def reply(given: Given) -> int:
    replies = arguments.replies(given.file)

    async def work(service: Service) -> int:
        return _report(await service.reply(given.run, replies), given.json)

    return _with(given, work)


def revise(given: Given) -> int:
    pairs = dict(arguments.pair(text) for text in given.answer)

    async def work(service: Service) -> int:
        outcome, before = await service.revise(given.run, given.section, given.note, pairs)
        if outcome.strategy and not given.json:
            from ai_data_strategy.document.markdown import render

            old, new = render(before).splitlines(), render(outcome.strategy).splitlines()
            _out(
                "\n".join(difflib.unified_diff(old, new, f"version {before.version}", f"version {outcome.version}", lineterm="", n=0))
                or "no difference"
            )
        return _report(outcome, given.json)

    return _with(given, work)


def show(given: Given) -> int:
    async def work(service: Service) -> int:
        _, outcome = await service.state_of(given.run)
        if outcome.strategy is None:
            return _report(outcome, given.json)
        from ai_data_strategy.document.markdown import render

        _out(outcome.strategy.model_dump_json(indent=2) if given.json else render(outcome.strategy))
        return DONE

    return _with(given, work, quiet=True)


def runs(given: Given) -> int:
    async def work(service: Service) -> int:
        found = await service.store.runs.all()
        if given.json:
            _out(
                json.dumps(
                    [
                        {
                            "run": r.run,
                            "version": r.version,
                            "status": r.status,
                            "product": r.product,
                            "created": r.created,
                            "files": r.files,
                        }
                        for r in found
                    ],
                    indent=2,
                )
            )
        for row in [] if given.json else found:
            _out(f"{row.run}  v{row.version}  {row.status:14} {row.created[:16]}  {row.product}")
        return DONE

    return _with(given, work, quiet=True)


def profile(given: Given) -> int:
    from ai_data_strategy.interfaces.measuring import profile as measure

    return measure(given, date.fromisoformat(_today(given.today) or date.today().isoformat()))


def hand_over(given: Given) -> int:
    from ai_data_strategy.interfaces.measuring import hand_over as give

    return give(given)


def check(given: Given) -> int:
    from ai_data_strategy.agents.strategy import load
    from ai_data_strategy.document.scoring import score
    from ai_data_strategy.interfaces.verdicts import as_json, as_text

    marks = score(load(arguments.read_text(given.file)))
    _out(as_json(marks) if given.json else as_text(marks))
    return DONE if marks.passed else PARTIAL


def feedback(given: Given) -> int:
    from ai_data_strategy.interfaces.feedback import give, in_words

    async def work(service: Service) -> int:
        kept, count = await give(service, given.run, given.section, given.verdict, given.note)
        _out(json.dumps(asdict(kept), indent=2, ensure_ascii=False) if given.json else in_words(kept, count))
        return DONE

    return _with(given, work, quiet=True)


def _eval(module: str) -> Callable[[Given], int]:
    """A command that lives among the evals, which this layer may not import: found by name, and only when it is called."""

    def run(given: Given) -> int:
        return int(import_module(f"ai_data_strategy.evals.{module}").command(given))

    return run


def schema(_given: Given) -> int:
    from ai_data_strategy.agents.strategy import json_schema

    _out(json.dumps(json_schema(), indent=2))
    return DONE


def render_twin(given: Given) -> int:
    from ai_data_strategy.agents.strategy import load
    from ai_data_strategy.document.markdown import render

    sys.stdout.write(render(load(arguments.read_text(given.file))))
    return DONE


COMMANDS: dict[str, Callable[[Given], int]] = {
    "draft": draft, "resume": resume, "answer": answer, "reply": reply, "revise": revise, "show": show, "runs": runs, "check": check,
    "schema": schema, "render": render_twin, "profile": profile, "hand-over": hand_over, "feedback": feedback,
    "promote": _eval("promote"), "replay-cases": _eval("replay_cases"), "flywheel": _eval("flywheel"),
    "eval": _eval("run_evals"),
}  # fmt: skip


def _report(outcome: Outcome, as_json: bool) -> int:
    """Print an outcome and give its exit code."""
    if as_json:
        _out(json.dumps(_plain(outcome), indent=2, ensure_ascii=False))
    else:
        _in_words(outcome)
    if outcome.status == "done":
        return DONE if outcome.whole else PARTIAL
    return WAITING if outcome.status in ("needs_answers", "needs_replies") else ERROR


def _plain(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {"status": outcome.status, "run": outcome.run, "version": outcome.version}
    if outcome.files:
        found["files"] = [str(path) for path in outcome.files]
    if outcome.questions:
        found["questions"] = [question.model_dump(mode="json") for question in outcome.questions]
    if outcome.requests:
        found["requests"] = list(outcome.requests)
    if outcome.refused:
        found["refused"] = dict(outcome.refused)
    if outcome.stopped:
        found["stopped"] = dict(outcome.stopped)
    return found


def _in_words(outcome: Outcome) -> None:
    for id_, reasons in outcome.refused.items():
        sys.stderr.write(f"refused {id_}: {'; '.join(reasons)}\n")
    if outcome.status == "done":
        for path in outcome.files:
            _out(str(path))
        if outcome.strategy and not outcome.whole:
            sys.stderr.write("done, but a section is missing or a gate fails: `ai-data-strategy check` on the JSON file says which\n")
    elif outcome.status == "needs_answers":
        for question in outcome.questions:
            _out(f"{question.id}: {question.question} (why: {question.why}; default: {question.default})")
        sys.stderr.write(f"run {outcome.run} waits: `ai-data-strategy answer {outcome.run} FILE`\n")
    elif outcome.status == "needs_replies":
        _out("\n".join(request["id"] for request in outcome.requests))
        sys.stderr.write(
            f"run {outcome.run} waits for {len(outcome.requests)} replies: `ai-data-strategy reply {outcome.run} FILE` (requests with --json)\n"
        )
    else:
        for section, reason in outcome.stopped.items():
            sys.stderr.write(f"stopped at {section}: {reason}\n")
        sys.stderr.write(f"what is done is kept: `ai-data-strategy resume {outcome.run}` goes on\n")
