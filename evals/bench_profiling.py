"""Benchmark rows of profiling: inventory and quality over 5 million rows × 12 columns, beside what others need for the same file.

Each figure is a process of its own, so that its time (wall, seconds) and peak memory (VmHWM, MB) are its alone. Start-up is left out; of three runs the median counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ai_data_strategy.evals.bench_rows import Row

ROWS, TENTH = 5_000_000, 500_000
SUBSET = 500_000
"""Rows for ydata-profiling, whose time is scaled up linearly."""

_MAKE = """
import duckdb, sys
folder, rows = sys.argv[1], int(sys.argv[2])
def pick(salt, *names):
    return f"[{', '.join(repr(name) for name in names)}][1 + CAST(hash(i, {salt}) % {len(names)} AS BIGINT)]"
db = duckdb.connect()
db.execute('SET enable_progress_bar = false')
db.execute(f'''CREATE TABLE big AS SELECT i AS ticket_id, 'C' || (hash(i) % 40000) AS customer_id, timestamp '2024-01-01' + to_seconds(i * 12) AS created_at,
{pick(1, 'billing', 'technical', 'access', 'other', 'sales', 'returns')} AS queue, {pick(2, 'low', 'normal', 'high')} AS priority,
CASE WHEN hash(i, 3) % 20 = 0 THEN NULL ELSE round((hash(i, 4) % 10000) / 100.0, 2) END AS amount, (hash(i, 5) % 100000) / 100000.0 AS score,
{pick(6, 'en', 'de', 'fr')} AS language, hash(i, 7) % 2 = 0 AS moved, CAST(hash(i, 8) % 3600 AS INTEGER) AS seconds,
CASE WHEN hash(i, 9) % 7 = 0 THEN NULL ELSE 'subject ' || (hash(i, 10) % 900000) || ' about ' || {pick(11, 'invoice', 'login', 'page', 'delivery')} END AS subject,
{pick(12, 'web', 'mail', 'phone')} AS channel FROM range({rows}) AS r(i)''')
for name, count in (('big', rows), ('tenth', rows // 10), ('subset', int(sys.argv[3]))):
    for ending, how in (('csv', '(HEADER)'), ('parquet', '')):
        db.execute(f"COPY (SELECT * FROM big LIMIT {count}) TO '{folder}/{name}.{ending}' {how}")
"""
_TIMED = """
import json, sys, time
path = sys.argv[1]
{before}
began = time.perf_counter()
{work}
took = time.perf_counter() - began
peak = next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM'))
print(json.dumps([took, int(peak) / 1024]))
"""
_DUCK = "import duckdb\ndb = duckdb.connect()\ndb.execute('SET enable_progress_bar = false')"
PARSE = (_DUCK, "db.execute(f\"SELECT count(COLUMNS(*)) FROM read_csv('{path}')\").fetchall()")
"""DuckDB parses every column of the CSV and keeps nothing."""
SUMMARIZE = (_DUCK, "db.execute(f\"SUMMARIZE SELECT * FROM '{path}'\").fetchall()")
OURS = (
    "from datetime import date\nfrom ai_data_strategy.evidence import inventory, quality, opening\nfrom ai_data_strategy.evidence.roles import with_roles\n"
    "import cleanlab, datasketch, scipy.stats, sklearn.tree, sklearn.linear_model, splink",
    "with opening.opened([path]) as found:\n    table = with_roles(found.tables[0])\n    source = inventory.profiled(table, fingerprint='')\n"
    "    items = [*inventory.measure(table, source), *quality.measure(table, source, date(2026, 11, 21))]",
)
"""Opening, inventory and quality; libraries are imported before, as in the other figures."""
COLD = (OURS[0].rpartition("\n")[0], OURS[1])
"""The same with libraries imported when they are needed, as a user's run does: for the peak of memory."""
YDATA = (
    "import pandas\nfrom ydata_profiling import ProfileReport\nframe = pandas.read_csv(path)",
    "ProfileReport(frame, minimal=True, progress_bar=False).get_description()",
)


def rows(python: str) -> list[Row]:
    """The rows; `python` is an interpreter that has ydata-profiling, or "" to leave that comparison out."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", _MAKE, folder, str(ROWS), str(SUBSET)], check=True, capture_output=True)
        big, tenth = Path(folder, "big.csv"), Path(folder, "tenth.csv")
        parse, _ = _timed(PARSE, big)
        summary, _ = _timed(SUMMARIZE, big)
        ours, _ = _timed(OURS, big)
        parquet, _ = _timed(OURS, big.with_suffix(".parquet"))
        _, memory = _timed(COLD, big)
        _, memory_parquet = _timed(COLD, big.with_suffix(".parquet"))
        small, _ = _timed(OURS, tenth)
        found = [
            Row("inventory and quality of a CSV, 5 million × 12, over parsing it", "≤ 4", f"{ours / parse:.2f} ({ours:.1f} s, parsing {parse:.1f} s)", ours <= 4 * parse),
            Row("the same over DuckDB's SUMMARIZE", "", f"{ours / summary:.2f} ({summary:.1f} s)", None),
            Row("the same of Parquet", "", f"{parquet:.1f} s", None),
            Row("peak memory, CSV and Parquet", "≤ 1000 MB", f"{memory:.0f} MB, {memory_parquet:.0f} MB", max(memory, memory_parquet) <= 1000),
            Row("time of 5 million rows over ten times that of 0.5 million", "≤ 1.2", f"{ours / (10 * small):.2f} ({small:.1f} s)", ours <= 12 * small),
        ]  # fmt: skip
        return [*found, _against_ydata(python, Path(folder), ours)]


def _against_ydata(python: str, folder: Path, ours: float) -> Row:
    what = f"ydata-profiling (minimal, {SUBSET:,} rows scaled up) over ours"
    if not python:
        return Row(what, "≥ 50", "left out: --ydata names a Python that has ydata-profiling", None)
    took, memory = _timed(YDATA, folder / "subset.csv", python, times=1)
    ratio = took * ROWS / SUBSET / ours
    return Row(what, "≥ 50", f"{ratio:.0f} ({took:.1f} s and {memory:.0f} MB for the subset)", ratio >= 50)


def _timed(program: tuple[str, str], path: Path, python: str = sys.executable, times: int = 3) -> tuple[float, float]:
    """(seconds, MB) of one piece of work: the median time and the highest peak of fresh processes."""
    runs = [_once(program, path, python) for _ in range(times)]
    return sorted(took for took, _ in runs)[times // 2], max(memory for _, memory in runs)


def _once(program: tuple[str, str], path: Path, python: str) -> tuple[float, float]:
    before, work = program
    code = _TIMED.replace("{before}", before).replace("{work}", work)
    done = subprocess.run([python, "-c", code, str(path)], check=True, capture_output=True, text=True)
    took, memory = json.loads(done.stdout.splitlines()[-1])
    return float(took), float(memory)
