"""Duplicates: rows that repeat exactly, texts that are nearly the same, and records that are probably the same person or thing."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from zlib import crc32

from ai_data_strategy.evidence.inventory import filled, key_of
from ai_data_strategy.evidence.profile import Column, Found, Pii, SourceProfile
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import ROW, Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_BLOCK_ROWS = 1_000_000
"""Rows compared for repeats but for their key; more rows are cut to a part in which repeats stay together."""
_TEXTS = 5_000
_LONGEST_TEXT = 1_000
"""Characters of a text that are compared."""
_LEAST_WORDS = 8
_SHINGLE = 3
_PERMUTATIONS = 64
_NEAR = 0.8
"""Jaccard similarity of word triples from which two texts count as nearly the same (Broder 1997, On the resemblance of documents)."""
_ENTITY_ROWS = 20_000
_LEAST_ENTITY_ROWS = 200
_PROBABLE = 0.95
_LETTERS = re.compile(r"\w+")


def measure(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Exact repeats of rows, of rows but for their key, near copies of texts, probable duplicates of entities."""
    yield from _exact(table, profile)
    yield from _but_for_key(table, profile)
    for column in table.columns_of("text")[:2]:
        yield from _near(table, column)
    yield from _entities(table, profile)


def _row_hash(columns: Sequence[Column]) -> str:
    return "hash(" + ", ".join(quoted(column.name) for column in columns) + ")"


def _exact(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Rows that repeat an earlier row in every column: none where a filled column never repeats, else counted by a 64-bit hash."""
    method = N_("rows less distinct rows, compared by a 64-bit hash over all columns")
    unique = any(column.distinct == profile.rows and not column.missing for column in profile.columns)
    sql = f"SELECT count(*) - count(DISTINCT {_row_hash(table.columns)}) FROM {{t}}"
    repeats = 0 if unique else int(table.one(sql))
    yield table.evidence(
        "quality", "repeated_rows", N_("Rows of %(source)s that repeat another row in every column"), repeats, "rows",
        N_("a column without repeated values leaves no room for repeated rows") if unique else method, sql=sql, weight=1 if repeats else 2,
    )  # fmt: skip


def _but_for_key(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Rows that repeat another but for their key; only where a time or text makes a chance repeat unlikely."""
    rest = [column for column in table.columns if column.role != "id"]
    telling = any(column.role in ("text", "time") and column.type != "date" for column in rest)
    if len(rest) == len(table.columns) or not telling or len(rest) < 2:
        return
    parts = -(-profile.rows // _BLOCK_ROWS)
    part = f"WHERE h % {parts} = 0" if parts > 1 else ""
    sql = f"SELECT count(*) - count(DISTINCT h), count(*) FROM (SELECT {_row_hash(rest)} AS h FROM {{t}}) {part}"
    repeats, rows = table.ask(sql)[0]
    yield table.evidence(
        "quality", "repeated_but_for_key", N_("Rows of %(source)s that repeat another in everything but the key"), percent(repeats, rows), "percent",
        N_("compared by a 64-bit hash over all columns but keys, in one of %(parts)s parts cut by that hash, so that repeats stay together"),
        rows=rows, weight=1 if percent(repeats, rows) >= 1 else 2, parts=str(parts),
    )  # fmt: skip


def _near(table: Table, column: Column) -> Iterator[Found]:
    """Share of sampled texts that have a near copy in the sample; MinHash finds candidates, the Jaccard similarity decides."""
    name = quoted(column.name)
    cut = f"SELECT left(CAST({name} AS VARCHAR), {_LONGEST_TEXT}) FROM ({table.sampled([column.name], _TEXTS)}) WHERE {name} IS NOT NULL"
    shingles = [found for (text,) in table.ask(cut) if len(found := _shingles(text)) >= _LEAST_WORDS - _SHINGLE + 1]
    if len(shingles) < 100:
        return
    hits = len(near_copies(shingles))
    yield table.evidence(
        "quality", f"near_copies_{key_of(column.name)}", N_("Texts in %(column)s of %(source)s with a copy or near copy among the texts looked at"),
        percent(hits, len(shingles)), "percent",
        N_("word triples with Jaccard similarity of four fifths or more, candidates by MinHash, the first %(length)s characters of at most %(sample)s texts of eight words or more"),
        interval=percent_interval(hits, len(shingles)), rows=len(shingles), weight=1 if hits >= 0.05 * len(shingles) else 2,
        column=shown(column.name), sample=str(_TEXTS), length=str(_LONGEST_TEXT),
    )  # fmt: skip


def _shingles(text: str) -> frozenset[str]:
    words = _LETTERS.findall(text.lower())
    return frozenset(" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1))


def near_copies(shingles: Sequence[frozenset[str]]) -> set[int]:
    """Positions of sets that have another of at least 0.8 Jaccard similarity (up to MinHash's misses)."""
    from datasketch import MinHash, MinHashLSH

    index, copies = MinHashLSH(threshold=_NEAR - 0.1, num_perm=_PERMUTATIONS), set[int]()
    hashed = MinHash.bulk(([part.encode() for part in found] for found in shingles), num_perm=_PERMUTATIONS, seed=1, hashfunc=crc32)
    first: dict[frozenset[str], int] = {}
    for at, (found, sketch) in enumerate(zip(shingles, hashed, strict=True)):
        if found in first:
            copies |= {at, first[found]}
            continue
        first[found] = at
        for other in sorted(index.query(sketch))[:100]:
            if len(found & shingles[other]) >= _NEAR * len(found | shingles[other]):
                copies |= {at, other}
        index.insert(at, sketch)
    return copies


_COMPARED: tuple[Pii, ...] = ("name", "national_id", "birth", "email", "phone", "address")
"""Kinds of columns that are compared, the most telling first."""
_MOST_COMPARED = 10
_LEAST_TRAINING = 100
"""Candidate pairs needed to learn from them how often true pairs agree."""


def entity_columns(profile: SourceProfile) -> dict[Pii, list[Column]]:
    """Columns that identify a person or thing, by kind; empty unless there are a name and something beside it."""
    found: dict[Pii, list[Column]] = {}
    for column in profile.columns:
        kind = next(
            (share.kind for share in column.pii if share.kind in _COMPARED and (share.by_name or share.hits > 0.5 * share.sampled)), None
        )
        if kind and column.role not in ("text", "time") and column.type in ("text", "integer", "date", "time"):
            found.setdefault(kind, []).append(column)
    columns = sum(len(columns) for columns in found.values())
    return {kind: found[kind] for kind in _COMPARED if kind in found} if "name" in found and len(found) >= 2 and columns >= 3 else {}


def _entities(table: Table, profile: SourceProfile) -> Iterator[Found]:
    """Share of records that are probably another record of the same entity, and how many pairs there are."""
    columns = [column for group in entity_columns(profile).values() for column in group][:_MOST_COMPARED]
    if not columns or profile.rows < _LEAST_ENTITY_ROWS:
        return
    records = _records(table, columns, profile.rows)
    pairs = likely_pairs(records, [f"c{at}" for at in range(len(columns))])
    involved = len({row for pair in pairs for row in pair})
    method = N_(
        "probabilistic linkage (Fellegi and Sunter, splink) over %(columns)s, probability of 0.95 or more, at most about %(sample)s records"
    )
    listed, sample = ", ".join(shown(column.name)[:24] for column in columns)[:200], str(_ENTITY_ROWS)
    yield table.evidence(
        "quality", "duplicate_entities", N_("Records of %(source)s that are probably another record of the same entity"),
        percent(involved, records.num_rows), "percent", method, interval=percent_interval(involved, records.num_rows),
        rows=records.num_rows, weight=1 if involved >= 0.01 * records.num_rows else 2, columns=listed, sample=sample,
    )  # fmt: skip
    yield table.evidence(
        "quality", "duplicate_pairs", N_("Pairs of records of %(source)s that are probably the same entity"), len(pairs), "pairs", method,
        rows=records.num_rows, columns=listed, sample=sample,
    )  # fmt: skip


def _records(table: Table, columns: Sequence[Column], rows: int) -> pa.Table:
    """Records as texts c0, c1, … with their row number; of a big source those whose first compared value falls into one part of a hash."""
    texts = ", ".join(
        f"nullif(lower(trim(left(CAST({filled(column)} AS VARCHAR), 200))), '') AS c{at}" for at, column in enumerate(columns)
    )
    parts = -(-rows // _ENTITY_ROWS)
    part = f"WHERE hash(CAST({quoted(columns[0].name)} AS VARCHAR)) % {parts} = 0" if parts > 1 else ""
    query = f"SELECT {ROW} AS unique_id, {texts} FROM {table.relation} {part} ORDER BY {ROW} LIMIT {2 * _ENTITY_ROWS}"
    return table.db.sql(query).to_arrow_table()


def likely_pairs(records: pa.Table, names: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of `unique_id` with a probability of at least 0.95 to be the same; splink on a database of its own."""
    import duckdb
    import splink.comparison_library as compare
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    filled_names = [name for name in names if records.num_rows - records[name].null_count >= 0.2 * records.num_rows]
    varied = [name for name in filled_names if len(records[name].unique()) > 10]
    if len(varied) < 3:
        return []
    with duckdb.connect() as db:
        db.register("records", records)
        blocks = [(count, pair) for pair in _blocks(records, varied) if (count := _blocked(db, pair))]
        if not blocks:
            return []
        rules: list[Any] = [block_on(*pair) for _, pair in blocks]
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[compare.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in filled_names],
            blocking_rules_to_generate_predictions=rules,
            retain_matching_columns=False,
        )
        api = DuckDBAPI(connection=db)
        linker = Linker(api.register(records), settings, log_level=logging.ERROR)
        trained = sorted((-count, at) for at, (count, _) in enumerate(blocks) if count >= _LEAST_TRAINING)[:2]
        found = _predicted(linker, rules, [rules[at] for _, at in trained])
        db.register("likely", found)
        return _agreeing(db, filled_names)


def _blocks(records: pa.Table, names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of columns whose equality makes two records candidates: the most varied ones, each beside each."""
    best = sorted(names, key=lambda name: (-len(records[name].unique()), name))[:4]
    return [(one, other) for at, one in enumerate(best) for other in best[at + 1 :]]


def _blocked(db: duckdb.DuckDBPyConnection, pair: tuple[str, str]) -> int:
    """Pairs of records that agree in both columns."""
    one, other = pair
    counts = f"SELECT count(*) AS n FROM records WHERE {one} IS NOT NULL AND {other} IS NOT NULL GROUP BY {one}, {other}"
    return int(db.execute(f"SELECT CAST(coalesce(sum(n * (n - 1) // 2), 0) AS BIGINT) FROM ({counts})").fetchall()[0][0])


def _predicted(linker: Any, rules: Sequence[Any], trained: Sequence[Any]) -> Any:
    """Splink's probable pairs; without enough candidates to train on, with its prior chances of agreement."""
    linker.training.estimate_probability_two_random_records_match(list(rules), recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in trained:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, record_sample_proportion=1.0)
    return linker.inference.predict(threshold_match_probability=_PROBABLE).as_duckdbpyrelation().to_arrow_table()


def _agreeing(db: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[tuple[int, int]]:
    """Those pairs that also agree, or nearly, in at least three columns and half of the ones filled on both sides: trained chances can go astray."""
    near = " + ".join(f"coalesce(CAST(jaro_winkler_similarity(a.{name}, b.{name}) >= 0.9 AS INT), 0)" for name in names)
    both = " + ".join(f"CAST(a.{name} IS NOT NULL AND b.{name} IS NOT NULL AS INT)" for name in names)
    rows = db.execute(
        f"SELECT a.unique_id, b.unique_id FROM likely JOIN records AS a ON a.unique_id = unique_id_l JOIN records AS b ON b.unique_id = unique_id_r "
        f"WHERE ({near}) >= 3 AND 2 * ({near}) >= ({both}) ORDER BY 1, 2"
    ).fetchall()
    return [(min(pair), max(pair)) for pair in rows]
