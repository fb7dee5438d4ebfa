"""Drawing a benchmark: apart from training by entity and by time, free of duplicates, in strata, the same in every run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ai_data_strategy.evidence.contamination import TRAINING_SAMPLE, NearDuplicates, content
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.edge_cases import EdgeCase, register
from ai_data_strategy.evidence.statistics import percent_interval
from ai_data_strategy.evidence.table import ROW, Table, quoted

StratumKey = Literal["typical", "edge", "adversarial", "subgroup"]
STRATA: tuple[StratumKey, ...] = ("typical", "edge", "adversarial", "subgroup")
_EDGE, _ADVERSARIAL, _TYPICAL = 0.2, 0.1, 0.4
"""Shares of the items wanted; typical items also fill up what the others leave, and never are fewer than this."""
_FEWEST_OF_GROUP = 50
"""Items wanted of each value of a group column, so that its rate is known within fourteen points at worst."""
_MOST_GROUPS, _MOST_POOL, _FEWEST_ENTITIES = 30, 50_000, 20
_MOST_HOSTILE = 0.2
"""What more texts than this have in common is their style, not an attack."""
_WINDOW = (0.2, 0.4)
_SPARE = 2.5
"""Rows in the window for each item wanted."""
INJECTION = (
    r"(ignore|disregard|forget) (all|any|the|your|previous|prior|above)|system prompt|you are now |jailbreak|developer mode|"
    r"<script|drop table|union select|base64,|\[/?inst\]|<\|im_"
)
_INVISIBLE = r"[\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2069}\x{feff}\x00-\x08\x0e-\x1f]"


@dataclass(frozen=True)
class Item:
    row: int
    stratum: StratumKey


@dataclass(frozen=True)
class Stratum:
    """One part of the benchmark; `pool` rows of the window belong to it, so that a rate can be weighted back. Half width in points."""

    key: StratumKey
    items: int
    pool: int
    failures: int | None
    half_width: float | None


@dataclass(frozen=True)
class Contamination:
    """Rows seen in training, before removal (of those looked at) and among the items drawn."""

    content_checked: bool
    pool: int
    same_before: int
    same_after: int
    near_checked: int
    near_before: int
    near_after: int
    training_sample: int
    entities: int | None
    entities_before: int | None
    entities_after: int | None
    too_coarse: bool


@dataclass(frozen=True)
class Selection:
    """The items of a benchmark. `training` is the SQL condition that training rows must meet; `cut` the first time of the window."""

    decisions: Decisions
    items: tuple[Item, ...]
    strata: tuple[Stratum, ...]
    contamination: Contamination
    cut: str
    training: str
    entity: str
    asked: int
    seed: int
    edge_cases: tuple[EdgeCase, ...] = ()


def selected(decisions: Decisions, items: int = 600, seed: int = 7) -> Selection:
    """Draw `items` rows (fewer where the data do not allow it; a few more where small groups need them).

    The window is the last part of time. Where there are entities, one in five (by MD5 of its key, so that anyone can repeat it) is
    kept for the benchmark, and its earlier rows leave training. Items whose content training has seen are removed.
    """
    frame = _framed(decisions.table, items)
    drawing = _Drawing(replace(decisions, table=frame.pool(decisions.table, seed)), decisions.table, frame, items)
    cases = register(drawing.decisions)
    drawing.draw(cases)
    chosen = tuple(sorted(drawing.chosen, key=lambda item: item.row))
    strata = tuple(drawing.stratum(key) for key in STRATA)
    return Selection(decisions, chosen, strata, drawing.contamination(), frame.cut, frame.training, frame.entity, items, seed, tuple(cases))


@dataclass(frozen=True)
class _Frame:
    """SQL conditions of the window, of benchmark entities and of training rows."""

    cut: str
    window: str
    entity: str
    held_out: str
    training: str

    def pool(self, table: Table, seed: int) -> Table:
        """The rows that items may be drawn from as a table of its own, in an order that depends on the seed alone.

        `__seen`: training holds the same content; `__again`: an earlier row of the pool does.
        """
        name, key = quoted(f"{table.id}.pool"), content(table).key
        taught = f"SELECT {key} FROM {table.relation} WHERE {self.training} AND {key} IS NOT NULL"
        table.db.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS WITH drawn AS (SELECT *, md5('{int(seed)}:' || {ROW}) AS __order, {key} AS __content "
            f"FROM {table.relation} WHERE {self.window} AND {self.held_out} ORDER BY __order, {ROW} LIMIT {_MOST_POOL}) "
            f"SELECT *, coalesce(__content IN ({taught}), false) AS __seen, "
            f"__content IS NOT NULL AND row_number() OVER (PARTITION BY __content ORDER BY __order, {ROW}) > 1 AS __again FROM drawn"
        )
        return replace(table, relation=name, rows=int(table.db.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]))


def _framed(table: Table, items: int) -> _Frame:
    time, entity = table.column("time"), table.column("entity")
    if entity is not None and table.one(f"SELECT count(DISTINCT {quoted(entity.name)}) FROM {{t}}") < _FEWEST_ENTITIES:
        entity = None
    parts = 1 if entity is None else 5 if table.rows * _WINDOW[1] / 5 >= _SPARE * items else 2
    cut = _cut(table, quoted(time.name), min(max(_SPARE * items * parts / max(table.rows, 1), _WINDOW[0]), _WINDOW[1])) if time else ""
    window, before = "true", "true"
    if time and cut:
        literal = cut.replace("'", "''")
        window, before = f"{quoted(time.name)} >= '{literal}'", f"{quoted(time.name)} < '{literal}'"
    held_out, others = "true", "true"
    if entity is not None:
        bucket = f"(CAST('0x' || left(md5(CAST({quoted(entity.name)} AS VARCHAR)), 8) AS BIGINT) % {parts})"
        held_out, others = f"{bucket} = 0", f"{bucket} <> 0"
    elif not cut:
        # Nothing to split by: one row in five, told by its number, is kept for the benchmark.
        bucket = f"(CAST('0x' || left(md5(CAST({ROW} AS VARCHAR)), 8) AS BIGINT) % {2 if table.rows < 5 * _SPARE * items else 5})"
        held_out, others = f"{bucket} = 0", f"{bucket} <> 0"
    return _Frame(cut, window, entity.name if entity else "", held_out, f"({before} AND {others})")


def _cut(table: Table, time: str, share: float) -> str:
    """The time from which the last `share` of the rows lies; the next one later if too many rows have that very time."""
    wanted = max(int(table.rows * share), 1)
    found = table.ask(
        f"SELECT CAST({time} AS VARCHAR) FROM {{t}} WHERE {time} IS NOT NULL ORDER BY {time} DESC LIMIT 1 OFFSET {wanted - 1}"
    )
    if not found:
        return ""
    cut = str(found[0][0])
    if table.one(f"SELECT count(*) FROM {{t}} WHERE {time} >= ?", [cut]) > 0.6 * table.rows:
        later = table.one(f"SELECT CAST(min({time}) AS VARCHAR) FROM {{t}} WHERE {time} > ?", [cut])
        return "" if later is None else str(later)
    return cut


class _Drawing:
    """One draw in progress: the pool, what is allowed from it, and what has been chosen."""

    def __init__(self, decisions: Decisions, whole: Table, frame: _Frame, wanted: int) -> None:
        self.decisions, self.whole, self.frame, self.wanted = decisions, whole, frame, wanted
        self.table, self.content = decisions.table, content(whole)
        self.chosen: list[Item] = []
        self.near_checked = self.near_before = 0
        self._rows: set[int] = set()
        self._told: dict[StratumKey, str] = {}
        known = bool(self.content.texts or self.content.features)
        fresh = self.table.one("SELECT count(*) FROM {t} WHERE NOT __seen AND NOT __again")
        # Features that repeat by nature (three kinds of device, five countries) cannot tell one item from another.
        self.too_coarse = known and not self.content.texts and fresh < min(self.wanted, self.table.rows / 2)
        self._allowed = "true" if self.too_coarse or not known else "NOT __seen AND NOT __again"
        self._training, self._own = NearDuplicates(self.content), NearDuplicates(self.content)
        self._sample = 0
        if self.content.near:
            self._remember_training()

    def _remember_training(self) -> None:
        rows = self.whole.ask(
            f"SELECT {ROW}, {self.content.cells} FROM {{t}} WHERE {self.frame.training} "
            f"ORDER BY ({ROW} * 2654435761) % 4294967296, {ROW} LIMIT {TRAINING_SAMPLE}"
        )
        self._training.remember(rows)
        self._sample = len(rows)

    def draw(self, cases: Sequence[EdgeCase]) -> None:
        """Adversarial and edge items first, then typical ones, then what groups lack, then typical ones up to the wanted number."""
        edges = [f"coalesce({case.condition}, false)" for case in cases if not case.id.endswith("_edge_sure")]
        hostile = [told for told in _adversarial(self.decisions, cases) if self._share(told) <= _MOST_HOSTILE]
        self._told = {"adversarial": _any(hostile), "edge": f"{_any(edges)} AND NOT {_any(hostile)}"}
        self._told["typical"] = f"NOT {_any([*edges, *hostile])}"
        self._take_turns("adversarial", hostile, int(_ADVERSARIAL * self.wanted))
        self._take_turns("edge", edges, int(_EDGE * self.wanted))
        self._take("typical", self._told["typical"], int(_TYPICAL * self.wanted))
        groups = [f"{quoted(name)} = {literal}" for name, literal in self._group_values()]
        self._told["subgroup"] = _any(groups)
        for group in groups:
            self._take("subgroup", group, _FEWEST_OF_GROUP - self._already(group))
        self._take("typical", self._told["typical"], self.wanted - len(self.chosen))
        self._take("edge", self._told["edge"], self.wanted - len(self.chosen))

    def _share(self, condition: str) -> float:
        return float(self.table.one(f"SELECT count(*) FILTER (WHERE {condition}) / greatest(count(*), 1) FROM {{t}}"))

    def _take_turns(self, key: StratumKey, conditions: Sequence[str], quota: int) -> None:
        """Give every condition its part of the quota, so that a frequent case does not crowd out a rare one; the rest to any of them."""
        end = len(self.chosen) + quota
        for condition in conditions:
            self._take(key, condition, min(max(quota // len(conditions), 1), end - len(self.chosen)))
        self._take(key, _any(conditions), end - len(self.chosen))

    def _take(self, key: StratumKey, condition: str, quota: int) -> None:
        """Choose up to `quota` rows that are allowed and not nearly the same as a row of training or one chosen before."""
        if quota <= 0:
            return
        taken = 0
        for row, cells in self._candidates(condition, 4 * quota + len(self._rows)):
            if row not in self._rows and taken < quota and not self._known(row, cells):
                self._rows.add(row)
                self.chosen.append(Item(row, key))
                taken += 1

    def _candidates(self, condition: str, most: int) -> list[tuple[int, list[str]]]:
        cells = self.content.cells if self.content.near else "[]"
        sql = f"SELECT {ROW}, {cells} FROM {{t}} WHERE {self._allowed} AND ({condition}) ORDER BY __order, {ROW} LIMIT {most}"
        return [(int(row), found) for row, found in self.table.ask(sql)]

    def _known(self, row: int, cells: Sequence[str]) -> bool:
        if not self.content.near:
            return False
        self.near_checked += 1
        if self._training.holds(cells):
            self.near_before += 1
            return True
        if self._own.holds(cells):
            return True
        self._own.remember([(row, cells)])
        return False

    def _group_values(self) -> list[tuple[str, str]]:
        found = []
        for column in self.table.columns_of("group"):
            name = quoted(column.name)
            values = self.table.ask(
                f"SELECT CAST({name} AS VARCHAR) FROM {{t}} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1 LIMIT {_MOST_GROUPS + 1}"
            )
            if len(values) <= _MOST_GROUPS:
                found += [(column.name, "'" + str(value).replace("'", "''") + "'") for (value,) in values if "{t}" not in str(value)]
        return found

    def _already(self, condition: str) -> int:
        return int(self.table.one(f"SELECT count(*) FROM {{t}} WHERE {condition} AND {self._among(self._rows)}"))

    def _among(self, rows: Iterable[int]) -> str:
        numbers = ", ".join(str(row) for row in sorted(rows))
        return f"{ROW} IN ({numbers})" if numbers else "false"

    def stratum(self, key: StratumKey) -> Stratum:
        """Its size, how many rows of the pool are like it, and the difference that its items can decide."""
        rows = [item.row for item in self.chosen if item.stratum == key]
        pool = int(self.table.one(f"SELECT count(*) FROM {{t}} WHERE {self._told[key]}"))
        if not self.decisions.failed or not rows:
            return Stratum(key, len(rows), pool, None, None)
        failures = int(self.table.one(f"SELECT count(*) FROM {{t}} WHERE {self._among(rows)} AND {self.decisions.failed}"))
        # Adversarial items were partly chosen because they failed: their rate says nothing of the next model's, so one half is taken.
        low, high = percent_interval(len(rows) // 2 if key == "adversarial" else failures, len(rows))
        return Stratum(key, len(rows), pool, failures, (high - low) / 2)

    def contamination(self) -> Contamination:
        """What was seen in training before removal, and, asked again, among the items that were drawn."""
        own = self._among(self._rows)
        near_after = 0
        if self.content.near:
            items = self.table.ask(f"SELECT {self.content.cells} FROM {{t}} WHERE {own} ORDER BY {ROW}")
            near_after = sum(self._training.holds(cells) for (cells,) in items)
        return Contamination(
            content_checked=bool(self.content.texts or self.content.features), pool=self.table.rows,
            same_before=int(self.table.one("SELECT count(*) FROM {t} WHERE __seen")),
            same_after=int(self.table.one(f"SELECT count(*) FROM {{t}} WHERE __seen AND {own}")),
            near_checked=self.near_checked, near_before=self.near_before, near_after=near_after, training_sample=self._sample,
            too_coarse=self.too_coarse, **self._entities(own),
        )  # fmt: skip

    def _entities(self, own: str) -> dict[str, int | None]:
        """Entities of the window, those of them with rows before it, and those of the items that training still holds."""
        if not self.frame.entity:
            return {"entities": None, "entities_before": None, "entities_after": None}
        name, all_ = quoted(self.frame.entity), self.whole.relation
        before = f"SELECT {name} FROM {all_} WHERE NOT coalesce({self.frame.window}, false) AND {name} IS NOT NULL"
        taught = f"SELECT {name} FROM {all_} WHERE {self.frame.training} AND {name} IS NOT NULL"
        window = f"SELECT count(DISTINCT {name}) FROM {all_} WHERE {self.frame.window}"
        return {
            "entities": int(self.whole.one(window)),
            "entities_before": int(self.whole.one(f"{window} AND {name} IN ({before})")),
            "entities_after": int(self.table.one(f"SELECT count(DISTINCT {name}) FROM {{t}} WHERE {own} AND {name} IN ({taught})")),
        }


def _any(conditions: Sequence[str]) -> str:
    return "(" + " OR ".join(f"({condition})" for condition in conditions) + ")" if conditions else "false"


def _adversarial(decisions: Decisions, cases: Sequence[EdgeCase]) -> list[str]:
    """Conditions: words of an attack, odd characters or form in a text, and failures that the model was sure of."""
    found = []
    for column in decisions.table.columns_of("text"):
        text = f"left(coalesce(CAST({quoted(column.name)} AS VARCHAR), ''), 20000)"
        odd = rf"length({text}) >= 20 AND length(regexp_replace({text}, '[\p{{L}}\p{{N}}\s]', '', 'g')) > 0.6 * length({text})"
        shouted = f"length({text}) >= 20 AND upper({text}) = {text} AND lower({text}) <> {text}"
        found += [f"regexp_matches(lower({text}), '{INJECTION}')", f"regexp_matches({text}, '{_INVISIBLE}')", f"({odd})", f"({shouted})"]
    return found + [f"coalesce({case.condition}, false)" for case in cases if case.id.endswith("_edge_sure")]
