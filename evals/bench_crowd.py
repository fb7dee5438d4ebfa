"""Many runs at once in one process of its own: throughput, peak memory, and whether memory grows."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from ai_data_strategy.evals.bench_rows import BAKERIES, Row
from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import PlaybookWriter
from ai_data_strategy.state import Context

AT_ONCE = 200
MOST_GROWTH = 1.1
"""Resident memory after all runs over that after the first batch: what is above the allocator's own drift is a leak."""


def rows(runs: int) -> list[Row]:
    """Throughput and memory, measured in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "ai_data_strategy.evals.bench_crowd", str(runs)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    growth = found["after"] / found["first"]
    return [
        Row(f"{AT_ONCE} runs at once: documents a second", "", f"{found['a_second']:.2f}", True),
        Row(f"{AT_ONCE} runs at once: peak memory", "", f"{found['peak']:.0f} MB", True),
        Row(
            f"memory after {runs} runs / after {AT_ONCE}", f"at most {MOST_GROWTH:g}", f"{growth:.2f} ({found['first']:.0f} to {found['after']:.0f} MB)",
            growth <= MOST_GROWTH if runs > AT_ONCE else None,
        ),
    ]  # fmt: skip


async def _batch(graph: object, first: int, count: int) -> None:
    async def one(turn: int) -> None:
        context = Context(writer=PlaybookWriter())
        given = {"arguments": f"{BAKERIES} Our branch number is B{turn}.", "today": "2026-11-21"}
        await graph.ainvoke(given, {"recursion_limit": RECURSION_LIMIT}, context=context)  # type: ignore[attr-defined]

    await asyncio.gather(*(one(first + turn) for turn in range(count)))


def _resident() -> float:
    """Resident memory in MB (Linux; elsewhere the peak)."""
    gc.collect()
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6 if statm.is_file() else _peak()


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


async def measure(runs: int) -> dict[str, float]:
    """Batches of AT_ONCE until all runs are done."""
    graph = build().compile()
    began = time.perf_counter()
    await _batch(graph, 0, AT_ONCE)
    a_second, first, peak = AT_ONCE / (time.perf_counter() - began), _resident(), _peak()
    for done in range(AT_ONCE, runs, AT_ONCE):
        await _batch(graph, done, min(AT_ONCE, runs - done))
    return {"a_second": a_second, "peak": peak, "first": first, "after": _resident()}


if __name__ == "__main__":
    json.dump(asyncio.run(measure(int(sys.argv[1]))), sys.stdout)
