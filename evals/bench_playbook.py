"""Rows over the playbook alone: CPU of a document in a warm process, wall time from the shell."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from ai_data_strategy.evals.bench_rows import BAKERIES, HELPDESK, TODAY, TURBINES, Row, at_most, compiled, ran
from ai_data_strategy.models import PlaybookWriter


def rows() -> list[Row]:
    """Both rows."""
    return [
        at_most("CPU of a document by the playbook, warm, another brief each time", asyncio.run(_warm()), 0.3, " s"),
        at_most("wall time of `ai-data-strategy draft` from the shell, cold, best of three", min(_cold() for _ in range(3)), 3.0, " s"),
    ]


async def _warm() -> float:
    graph = compiled()
    runs = [
        await ran(graph, PlaybookWriter(), brief, str(turn))
        for turn, brief in enumerate((HELPDESK, BAKERIES, TURBINES, HELPDESK + " We are in Berlin."))
    ]
    return median(run.cpu for run in runs[1:])


def _cold() -> float:
    """Seconds of one command in a process of its own, with an empty data folder and no key."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "AI_DATA_STRATEGY_"))}
        command = [
            sys.executable,
            "-m",
            "ai_data_strategy.interfaces.cli",
            "draft",
            HELPDESK,
            "--no-input",
            "--today",
            TODAY,
            "--out",
            str(Path(folder) / "out"),
        ]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env={**kept, "AI_DATA_STRATEGY_DATA": folder})
        return time.perf_counter() - began
