"""Rows over the model path, with the fake server: chain of calls, calls a document, CPU, common prefix, time at a token rate."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import SecretStr

from ai_data_strategy.agents import BY_KEY
from ai_data_strategy.document.markdown import render
from ai_data_strategy.evals.bench_rows import HELPDESK, TODAY, Row, at_most
from ai_data_strategy.evals.fake_openai import serving
from ai_data_strategy.evals.replay import replies_of, written
from ai_data_strategy.evals.scripted import recorded, script
from ai_data_strategy.settings import read_settings
from ai_data_strategy.writers.openai_writer import OpenAIWriter
from ai_data_strategy.writers.tokens import Tokens

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
CALLS, CALLS_A_REVISION = 34, 2
REAL_RATE = 60.0


@asynccontextmanager
async def _writer(replies: Mapping[str, Any], *server: str) -> AsyncIterator[OpenAIWriter]:
    """A writer over a fake server that says these replies."""
    with tempfile.TemporaryDirectory() as folder:
        path = script(replies, Path(folder) / "replies.jsonl")
        with serving("--replies", str(path), *server) as url:
            writer = OpenAIWriter("fake", SecretStr("none"), _tokens(), base_url=url)
            try:
                yield writer
            finally:
                await writer.close()


def _tokens() -> Tokens:
    return Tokens(read_settings().cache_folder)


def _longest_chain(ids: list[str]) -> int:
    """Calls that must wait for each other: planning, the longest section, reconciling and mending, the front page."""
    parts = [id_.split(".") for id_ in ids]
    own = [sum(1 for first, *rest in parts if first == key and rest[0] != "mend") for key in BY_KEY]
    mends = any(first in BY_KEY and rest[0] == "mend" for first, *rest in parts)
    return max(own) + mends + sum(1 for first, *_ in parts if first not in BY_KEY)


def _examples() -> list[Path]:
    return [path.parent for path in sorted(EXAMPLES.glob("*/replies.json"))]


async def chain(latency: float) -> list[Row]:
    """Wall time against the longest chain of calls, and the calls of a document, with the replies of an example."""
    folder, ids = _examples()[0], list[str]()
    async with _writer(replies_of(folder), "--latency", str(latency)) as writer:
        await written(folder, writer)  # models and connections warm
        began = time.perf_counter()
        strategy = await written(folder, writer, on_event=lambda kind, text: ids.append(text) if kind == "call" else None)
        wall = time.perf_counter() - began
    steps, calls = _longest_chain(ids), sum(usage.calls for usage in strategy.usage)
    revisions = sum(".revise." in id_ or ".mend." in id_ for id_ in ids)
    return [
        at_most(f"{folder.name}: wall time / {steps} calls in a row at {latency:g} s each", wall / (steps * latency), 1.15),
        at_most(f"{folder.name}: calls of a document with {revisions} revisions", calls, CALLS + CALLS_A_REVISION * revisions),
    ]


async def cpu() -> list[Row]:
    """CPU of this process for a document through the model path: warm, no revisions."""
    folder, spent = _examples()[0], list[float]()
    async with _writer(replies_of(folder), "--latency", "0.05") as writer:
        for _ in range(4):
            began = time.process_time()
            await written(folder, writer, revisions=0)
            spent.append(time.process_time() - began)
    return [at_most(f"{folder.name}: CPU of a document through the model path, warm", median(spent[1:]), 0.8, " s")]


async def prefix() -> list[Row]:
    """The common prefix's share of the tokens of a section's first prompt."""
    tokens, known = _tokens(), await recorded(HELPDESK, TODAY)
    shares: dict[str, float] = {}
    for request in known.requests:
        if ".draft." in request.id:
            head, tail = tokens.of_repeated(request.prefix), tokens.count(request.suffix)
            shares[request.section] = 100 * head / (head + tail)
    key = min(shares, key=lambda section: shares[section])
    return [
        Row(
            f"common prefix of a section's prompt, least of {len(shares)} ({key})",
            "at least 70 %",
            f"{shares[key]:.0f} %",
            shares[key] >= 70,
        )
    ]


async def stream(rate: float) -> list[Row]:
    """A host-written example at a token rate against one call that writes as many tokens as its document."""
    what = f"wall time at {rate:g} tokens a second / one call as long as the document"
    folder = _examples()[0]
    async with _writer(replies_of(folder), "--rate", str(rate)) as writer:
        began = time.perf_counter()
        strategy = await written(folder, writer)
        wall = time.perf_counter() - began
    alone = len(render(strategy)) // 4 / rate
    scale = f" (scaled from {REAL_RATE:g})" if rate != REAL_RATE else ""
    return [at_most(f"{folder.name}: {what}{scale}", wall / alone, 1.2)]
