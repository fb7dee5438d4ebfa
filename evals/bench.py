"""The benchmark: one markdown table with target and measured value a row.

python -m ai_data_strategy.evals.bench                 all rows, under eight minutes on two quiet cores
python -m ai_data_strategy.evals.bench --only chain --only prefix
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable

from ai_data_strategy.evals import bench_crowd, bench_model, bench_playbook, bench_profiling
from ai_data_strategy.evals.bench_rows import Row

ROWS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "chain": lambda options: asyncio.run(bench_model.chain(options.latency)),
    "cpu": lambda _: asyncio.run(bench_model.cpu()),
    "playbook": lambda _: bench_playbook.rows(),
    "prefix": lambda _: asyncio.run(bench_model.prefix()),
    "stream": lambda options: asyncio.run(bench_model.stream(options.rate)),
    "crowd": lambda options: bench_crowd.rows(options.runs),
    "profiling": lambda options: bench_profiling.rows(options.ydata),
}


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 1 if a measured value misses its target."""
    options = _options(arguments)
    sys.stdout.write("| row | what | target | measured | |\n|---|---|---|---|---|\n")
    met = True
    for name in options.only or ROWS:
        for row in ROWS[name](options):
            met = met and row.met is not False
            sys.stdout.write(f"| {name} | {row.what} | {row.target} | {row.measured} | {row.mark} |\n")
            sys.stdout.flush()
    return 0 if met else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(ROWS), help="this row; repeatable")
    parser.add_argument("--latency", type=float, default=1.0, metavar="S", help="seconds of a call in the row `chain` (default 1)")
    parser.add_argument(
        "--rate", type=float, default=600.0, metavar="N", help="tokens a second in the row `stream` (default 600, ten times 60)"
    )
    parser.add_argument("--runs", type=int, default=1000, metavar="N", help="runs in the row `crowd` (default 1000)")
    parser.add_argument("--ydata", default="", metavar="PYTHON", help="an interpreter with ydata-profiling, for the row `profiling`")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
