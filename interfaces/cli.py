"""The command line. Only the standard library is imported here: `--help` is quick, and each command loads what it needs."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

DONE, ERROR, USAGE, WAITING, PARTIAL = 0, 1, 2, 3, 4
"""Exit codes: done; error; wrong usage or input; needs answers or replies; done but a section is missing or a gate fails."""
EPILOG = "exit codes: 0 done, 1 error, 2 usage, 3 needs answers or replies, 4 done but a section is missing or a gate fails"


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="ai-data-strategy", description="Turns a product brief into a reviewed AI data strategy.", epilog=EPILOG
    )
    top.add_argument("--version", action="store_true", help="print the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND")
    _draft(commands.add_parser("draft", help="write a strategy from a brief", epilog=EPILOG))
    _profile(commands.add_parser("profile", help="measure your data: what a strategy can quote"))
    _hand_over(commands.add_parser("hand-over", help="data contracts, benchmark, replay set and edge cases of a strategy"))
    _run(commands.add_parser("resume", help="go on with a run after a crash, Ctrl-C, a cap or an outage"), caps=True)
    answer = commands.add_parser("answer", help="answer the questions that a run waits for")
    _run(answer)
    answer.add_argument("file", metavar="FILE", type=Path, help="JSON or YAML: question ids and answers")
    reply = commands.add_parser("reply", help="hand in replies of the host's model")
    _run(reply)
    reply.add_argument("file", metavar="FILE", type=Path, help='JSON: {"replies": {id: object}}')
    revise = commands.add_parser("revise", help="a new version of a finished run, beside the old one")
    _run(revise, caps=True)
    revise.add_argument("--section", default="", help="section to write again")
    revise.add_argument("--note", default="", help="what to change in it")
    revise.add_argument("--answer", action="append", default=[], metavar="ID=TEXT", help="a new or corrected answer; repeatable")
    show = commands.add_parser("show", help="print a run: its document, or where it stands")
    _run(show)
    runs = commands.add_parser("runs", help="list the runs")
    runs.add_argument("--json", action="store_true", help="as JSON")
    check = commands.add_parser("check", help="print the rubric's verdicts on a strategy.json")
    check.add_argument("file", metavar="FILE", type=Path)
    check.add_argument("--json", action="store_true", help="as JSON")
    _cases_from_use(commands)
    commands.add_parser("schema", help="print the JSON Schema of strategy.json")
    render = commands.add_parser("render", help="print the markdown of a strategy.json")
    render.add_argument("file", metavar="FILE", type=Path)
    eval_options(commands.add_parser("eval", help="run the evals and say what changed since the last table (extra [evals])"))
    return top


def _cases_from_use(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    feedback = commands.add_parser("feedback", help="keep what a reader says of a finished document or of one section")
    _run(feedback)
    feedback.add_argument("--section", default="", help="section that the verdict is about (default: the whole document)")
    feedback.add_argument("--verdict", choices=("good", "bad"), required=True, help="what the reader found")
    feedback.add_argument("--note", default="", help="what is good or bad about it")
    promote = commands.add_parser("promote", help="make a case of a run with bad verdicts or open findings, personal data removed")
    _run(promote)
    promote.add_argument("--to", metavar="FOLDER", type=Path, help="folder of the cases (default: cases/ in the data folder)")
    replay = commands.add_parser(
        "replay-cases",
        help="run the failures of promoted cases again and say which are mended",
        epilog="exit code 4: a failure is not mended",
    )
    _folder_of_cases(replay)
    replay.add_argument("--model", default="", metavar="NAME", help="playbook (default without a key), or a model")
    _caps(replay)
    _folder_of_cases(commands.add_parser("flywheel", help="runs, verdicts, failure classes, cases open and mended, trend by month"))


def _folder_of_cases(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cases", metavar="FOLDER", type=Path, help="folder of the cases (default: cases/ in the data folder)")
    command.add_argument("--json", action="store_true", help="print the outcome as JSON")


def _draft(command: argparse.ArgumentParser) -> None:
    command.add_argument("brief", metavar="BRIEF", nargs="?", default="", help="the product brief; - reads standard input")
    command.add_argument("--brief-file", metavar="F", type=Path, help="read the brief from a file")
    command.add_argument("--out", metavar="DIR", type=Path, help="folder for strategy.md and strategy.json (default: a new one)")
    command.add_argument(
        "--language", choices=("en", "de", "fr", "es"), default="", help="language of the document (default: that of the brief)"
    )
    command.add_argument("--answers", metavar="FILE", type=Path, help="answers to the questions, JSON or YAML")
    command.add_argument("--no-input", action="store_true", help="never ask; questions take their defaults")
    command.add_argument("--today", metavar="DATE", default="", help="date of the document, YYYY-MM-DD (default: today)")
    _data(command, "--data")
    command.add_argument("--evidence", metavar="FILE", type=Path, help="measurements that `profile --out` wrote, instead of data")
    _writer(command)
    command.add_argument("--json", action="store_true", help="print the outcome as JSON")


def _data(command: argparse.ArgumentParser, name: str) -> None:
    about = "file, folder, glob or postgresql:// URL of your data; repeatable"
    if name.startswith("-"):
        command.add_argument(name, metavar="PATH_OR_URL", action="append", default=[], help=about)
    else:
        command.add_argument(name, metavar="PATH_OR_URL", nargs="*", help=about)
    command.add_argument("--sources", metavar="FILE", type=Path, help="sources.yaml: what the data cannot tell, and roles of columns")


def _profile(command: argparse.ArgumentParser) -> None:
    _data(command, "data")
    command.add_argument("--out", metavar="FILE", type=Path, help="write all measurements as JSON, with the charts beside it")
    command.add_argument("--show", metavar="ID", default="", help="print one measurement with the way to make it again")
    command.add_argument("--today", metavar="DATE", default="", help="day against which data are old, YYYY-MM-DD (default: today)")
    command.add_argument("--json", action="store_true", help="print all measurements as JSON")


def _hand_over(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="STRATEGY", type=Path, help="strategy.json that was drafted with data")
    _data(command, "data")
    command.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the files; none in it is overwritten")


def _writer(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--model", default="", metavar="NAME", help="playbook (default without a key), host, or a model of an OpenAI-compatible service"
    )
    command.add_argument("--reviewer-model", default="", metavar="NAME", help="another model for the reviews")
    command.add_argument("--assembler-model", default="", metavar="NAME", help="another model for the front page")
    command.add_argument("--planner-model", default="", metavar="NAME", help="another model for the analysis and the shared facts")
    command.add_argument("--base-url", default="", metavar="URL", help="address of the service")
    command.add_argument("--revisions", type=int, choices=(0, 1, 2), default=2, help="revisions of a section at most (default 2)")
    _caps(command)


def _caps(command: argparse.ArgumentParser) -> None:
    command.add_argument("--max-tokens", type=int, metavar="N", help="stop cleanly before the run has used more tokens")
    command.add_argument("--max-cost", type=float, metavar="USD", help="stop cleanly before the run has cost more")


def eval_options(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of the evals, for this command and for `python -m ai_data_strategy.evals.run_evals`."""
    tasks = ("rubric", "clarification", "honesty", "robustness", "pairwise")
    command.add_argument("--model", default="playbook", metavar="NAME", help="who writes: playbook (default) or a model's name")
    command.add_argument("--grader", default="", metavar="NAME", help="model that judges; without one only code decides")
    command.add_argument("--cases", type=int, default=0, metavar="N", help="only the first N cases")
    command.add_argument("--only", action="append", choices=tasks, default=[], help="only this task; repeatable")
    command.add_argument("--stored", metavar="DIR", type=Path, help="judge finished strategies, DIR/<case>/strategy.json, and write none")
    command.add_argument("--write", action="store_true", help="keep the table in RESULTS.md and results.json")
    command.add_argument("--results", metavar="DIR", type=Path, help="folder of RESULTS.md and results.json (default: the package's evals)")
    command.add_argument("--logs", metavar="DIR", type=Path, help="folder of inspect's logs (default: in the user's cache)")
    command.add_argument("--folder", metavar="DIR", type=Path, help="cases of another folder")
    return command


def _run(command: argparse.ArgumentParser, caps: bool = False) -> None:
    command.add_argument("run", metavar="RUN", help="id of the run")
    command.add_argument("--json", action="store_true", help="print the outcome as JSON")
    if caps:
        _caps(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. Results go to standard output, everything else to standard error."""
    top = parser()
    options = top.parse_args(arguments)
    if options.version:
        from importlib.metadata import version

        print(version("ai-data-strategy"))  # noqa: T201
        return DONE
    if not options.command:
        top.print_help(sys.stderr)
        return USAGE
    gc.disable()  # what is loaded now stays: collecting while it loads costs a fifth of the start
    from ai_data_strategy.interfaces.commands import execute  # loads the pipeline: only for a command that needs it

    gc.freeze()
    gc.enable()
    return execute(options)


if __name__ == "__main__":
    sys.exit(main())
