"""Log templates: what product logs say once numbers, addresses and identifiers are masked (drain3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ai_data_strategy.evidence.history import clock
from ai_data_strategy.evidence.profile import Column, Found
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import ROW, Table, quoted, shown
from ai_data_strategy.evidence.wording import TERM_ENTITIES, TERM_ROWS
from ai_data_strategy.typeset.catalogue import N_

_LINES = 20_000
_LEAST_LINES = 100
_MOST_TEMPLATES = 2_000
_TOP = 3
_ERRORS = r"\b(error|errors|fail|failed|failure|fatal|critical|exception|traceback|denied|refused|invalid|panic|time-?out|timed out|unavailable)\b"
_MASKS = (
    (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "ID"),
    (r"\S+@\S+", "MAIL"),
    (r"(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?", "IP"),
    (r"\b(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{1,4}\b", "IP"),
    (r"0x[0-9a-fA-F]+|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b", "HEX"),
    (r"\d+", "NUM"),
)
_METHOD = N_("drain3 over %(sample)s lines in order of time, numbers and identifiers masked")


def measure(table: Table) -> Iterator[Found]:
    """Number of templates, share of the top ones, new ones in the last tenth of time, and lines that sound like an error."""
    column = table.column("text")
    if table.kind != "product_logs" or column is None or table.rows < _LEAST_LINES:
        return
    text = f"CAST({quoted(column.name)} AS VARCHAR)"
    hits, lines = table.ask(
        f"SELECT count(*) FILTER (regexp_matches(lower({text}), ?)), count(*) FROM {{t}} WHERE {text} <> ''", [_ERRORS]
    )[0]
    yield table.evidence(
        "logs", "error_like", N_("Lines of %(source)s that sound like an error"), percent(hits, lines), "percent",
        N_("words such as error, failed, denied, refused, timeout in the line; Wilson interval"), interval=percent_interval(hits, lines), rows=lines,
    )  # fmt: skip
    yield from _templates(table, column, text)


def _templates(table: Table, column: Column, text: str) -> Iterator[Found]:
    at, entity = clock(table), table.column("entity")
    order = f"{at.moment}, {ROW}" if at else ROW
    moment = f"coalesce({at.moment} >= ?, false)" if at else "false"
    owner = f"CAST({quoted(entity.name)} AS VARCHAR)" if entity else "NULL"
    rows = table.ask(
        f"SELECT v, o, late FROM (SELECT left({text}, 1000) AS v, {owner} AS o, {moment} AS late, {order.split(', ')[0]} AS m, {ROW} FROM {{t}} "
        f"WHERE {text} <> '' ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {_LINES}) ORDER BY m, {ROW}",
        [at.last - (at.last - at.first) / 10] if at else [],
    )
    if len(rows) < _LEAST_LINES:
        return
    miner = _miner()
    found = [int(miner.add_log_message(row[0])["cluster_id"]) for row in rows]
    sizes, sample = Counter(found), str(len(rows))
    yield table.evidence(
        "logs", "templates", N_("Log templates in %(source)s"), len(sizes), "items", _METHOD, rows=len(rows), weight=1, sample=sample
    )
    top = sum(count for _, count in sizes.most_common(_TOP))
    yield table.evidence("logs", "templates_top", N_("Lines of the three most frequent templates"), percent(top, len(rows)), "percent", _METHOD, interval=percent_interval(top, len(rows)), rows=len(rows), sample=sample)  # fmt: skip
    yield from _late(table, found, [bool(row[2]) for row in rows], sample)
    if entity is not None:
        yield from _shown(table, miner, found, [row[1] for row in rows], sample)


def _late(table: Table, found: list[int], late: list[bool], sample: str) -> Iterator[Found]:
    """Templates first seen in the last tenth of time, and the share of its lines that they make."""
    known = {template for template, is_late in zip(found, late, strict=True) if not is_late}
    recent = [template for template, is_late in zip(found, late, strict=True) if is_late]
    if len(recent) < TERM_ROWS or not known:
        return
    fresh = [template for template in recent if template not in known]
    yield table.evidence("logs", "templates_new", N_("Templates first seen in the last tenth of time"), len(set(fresh)), "items", _METHOD, rows=len(found), sample=sample)  # fmt: skip
    yield table.evidence("logs", "templates_new_lines", N_("Lines of the last tenth of time whose template is new"), percent(len(fresh), len(recent)), "percent", _METHOD, interval=percent_interval(len(fresh), len(recent)), rows=len(recent), sample=sample)  # fmt: skip


def _shown(table: Table, miner: Any, found: list[int], owners: list[str | None], sample: str) -> Iterator[Found]:
    """The most frequent templates by their words, if lines of ten entities share them: the privacy rule."""
    sizes, wording = Counter(found), {int(one.cluster_id): str(one.get_template()) for one in miner.drain.clusters}
    for template, count in sizes.most_common(10):
        entities = {owner for owner, own in zip(owners, found, strict=True) if own == template and owner is not None}
        if count >= TERM_ROWS and len(entities) >= TERM_ENTITIES and template in wording:
            words = " ".join(word for word in wording[template].split() if not any(sign.isdigit() for sign in word) and "@" not in word)
            yield table.evidence("logs", f"template_{template}", N_("Lines of the template “%(template)s”"), percent(count, len(found)), "percent", _METHOD, interval=percent_interval(count, len(found)), rows=len(found), weight=3, template=shown(words), sample=sample)  # fmt: skip


def _miner() -> Any:
    """A miner without files; the number of templates it keeps is bounded."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.drain_max_clusters = _MOST_TEMPLATES
    config.masking_instructions = [MaskingInstruction(pattern, mask) for pattern, mask in _MASKS]
    config.profiling_enabled = False
    return TemplateMiner(config=config)
