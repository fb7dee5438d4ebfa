"""CSV, TSV, JSON, JSON Lines and Parquet files in the workspace: DuckDB reads them; what it stumbles over is told and read around."""

from __future__ import annotations

import csv
import gzip
import io
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

import duckdb

from ai_data_strategy.evidence.databases import copied, too_wide
from ai_data_strategy.evidence.loading import MOST_COLUMNS, TYPES, Loaded, LoadedColumn, brief, names, told, unreadable
from ai_data_strategy.evidence.locations import Part, displayed, exact, lines_of, literal, stem, utf16
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.table import quoted
from ai_data_strategy.typeset.catalogue import N_

_LONGEST_LINE = 33_554_432
"""Longest line of a CSV that is read, in bytes."""
_USUAL_LINE = 1_500_000
"""A file with a longer line near its beginning is read with room for it at once: DuckDB takes long to fail."""
_MOST_REJECTS = 100_000
_WHOLE_SAMPLE = 200_000_000
"""JSON files up to this many bytes are read whole to tell their columns; of larger ones the first 200,000 objects."""
_ATTEMPTS = 6


def read_files(db: duckdb.DuckDBPyConnection, part: Part, base: str, scratch: Path) -> Loaded:
    """Files of one source as one relation. Raises Unreadable with the problem if nothing can be read."""
    try:
        if part.format == "parquet":
            return _parquet(db, part, base)
        return _json(db, part, base) if part.format in ("json", "jsonl") else _Csv(db, part, base, scratch).loaded()
    except duckdb.Error as error:
        raise unreadable(
            part.shown, N_("cannot be read as %(format)s: %(reason)s"), N_("export it again"), format=part.format, reason=_reason(error)
        ) from None
    except OSError as error:
        raise unreadable(part.shown, N_("cannot be read: %(reason)s"), N_("check its permissions"), reason=str(error.strerror)) from None


def _reason(error: duckdb.Error) -> str:
    """The kind of a DuckDB error and its first line; cells that it quotes are left out."""
    lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("Original Line")]
    return brief(re.sub(r'(Could not convert string) ".*?" (to)', r"\1 \2", " ".join(lines[:2])))


def _listed(function: str, paths: Sequence[str], options: dict[str, str]) -> str:
    files = paths[0] if len(paths) == 1 else f"[{', '.join(paths)}]"
    return f"{function}({', '.join([files, *(f'{name}={value}' for name, value in options.items())])})"


def _parquet(db: duckdb.DuckDBPyConnection, part: Part, base: str) -> Loaded:
    """Parquet stays where it is: its rows are numbered file by file, in the order of the files' names."""
    paths = [exact(path.resolve()) for path in part.files]
    options = {} if len(paths) == 1 else {"union_by_name": "true"}
    described = db.execute(f"DESCRIBE SELECT * FROM {_listed('read_parquet', paths, options)}").fetchall()
    problems = (too_wide(part.shown, len(described)),) if len(described) > MOST_COLUMNS else ()
    columns = tuple(LoadedColumn(str(row[0]), str(row[0]), str(row[1])) for row in described[:MOST_COLUMNS])
    if {"file_row_number", "filename"} & {column.name.lower() for column in columns}:
        reader = _listed("read_parquet", _shown_paths(part), options)
        loaded = copied(
            db,
            _listed("read_parquet", paths, options),
            [column.name for column in columns],
            base,
            reader,
            "parquet",
            stem(part.files[0]),
            part.shown,
        )
        return replace(loaded, problems=problems)
    number = "file_row_number"
    if len(paths) > 1:
        before, cases = 0, []
        for path in part.files:
            cases.append(f"WHEN filename = {literal(str(path.resolve()))} THEN {before}")
            before += int(db.execute(f"SELECT count(*) FROM read_parquet({exact(path.resolve())})").fetchall()[0][0])
        number = f"file_row_number + CASE {' '.join(cases)} END"
        options["filename"] = "true"
    relation = _listed("read_parquet", paths, {**options, "file_row_number": "true"})
    reader = _listed("read_parquet", _shown_paths(part), {name: value for name, value in options.items() if name != "filename"})
    return Loaded(relation, number, columns, reader, "parquet", stem(part.files[0]), part.shown, problems)


def _shown_paths(part: Part) -> list[str]:
    return [exact(displayed(path)) for path in part.files]


def _packed(part: Part) -> dict[str, str]:
    return {} if part.compression == "none" else {"compression": literal(part.compression)}


def _json(db: duckdb.DuckDBPyConnection, part: Part, base: str) -> Loaded:
    """JSON arrays and JSON Lines; lines that are no JSON are counted and left out."""
    size = sum(path.stat().st_size for path in part.files)
    options = {"format": literal("newline_delimited" if part.format == "jsonl" else "auto"), **_packed(part)}
    options |= {
        "sample_size": "-1" if size <= _WHOLE_SAMPLE and part.compression == "none" else "200000",
        "maximum_object_size": "67108864",
    }
    options |= {"union_by_name": "true"} if len(part.files) > 1 else {}
    paths, problems = [exact(path.resolve()) for path in part.files], list[Problem]()
    try:
        return _json_table(db, part, base, paths, options, "")
    except duckdb.Error:
        if part.format != "jsonl":
            raise
    options["ignore_errors"] = "true"
    broken = int(
        db.execute(f"SELECT count(*) FROM {lines_of(list(part.files), part.compression)} WHERE NOT json_valid(line)").fetchall()[0][0]
    )
    found = [str(row[0]) for row in db.execute(f"DESCRIBE SELECT * FROM {_listed('read_json', paths, options)}").fetchall()]
    empty = " AND ".join(f"{quoted(name)} IS NULL" for name in found)
    loaded = _json_table(db, part, base, paths, options, f"NOT ({empty})")
    problems.append(told(part.shown, N_("%(lines)s lines are not valid JSON and were left out"), N_("export it again"), lines=str(broken)))
    return replace(loaded, problems=(*loaded.problems, *problems))


def _json_table(db: duckdb.DuckDBPyConnection, part: Part, base: str, paths: list[str], options: dict[str, str], kept: str) -> Loaded:
    relation, reader = _listed("read_json", paths, options), _listed("read_json", _shown_paths(part), options)
    if kept:
        relation, reader = f"(SELECT * FROM {relation} WHERE {kept})", f"(SELECT * FROM {reader} WHERE {kept})"
    described = [str(row[0]) for row in db.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]
    loaded = copied(db, relation, described[:MOST_COLUMNS], base, reader, part.format, stem(part.files[0]), part.shown)
    return replace(loaded, problems=(too_wide(part.shown, len(described)),)) if len(described) > MOST_COLUMNS else loaded


@dataclass
class _Csv:
    """One CSV source on its way into the workspace: each attempt that fails changes `options` or `paths` for the next."""

    db: duckdb.DuckDBPyConnection
    part: Part
    base: str
    scratch: Path
    options: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    tolerant: bool = False
    paths: list[Path] = field(default_factory=list)
    encoding: str = "utf-8"
    problems: list[Problem] = field(default_factory=list)

    def loaded(self) -> Loaded:
        self.paths = [path.resolve() for path in self.part.files]
        self.options = {**_packed(self.part), **({"union_by_name": "true"} if len(self.paths) > 1 else {})}
        if self.part.compression == "none" and utf16(_head(self.paths[0])):
            self._recode()
        if self.part.compression == "none" and any(len(line) > _USUAL_LINE for line in _head(self.paths[0], 1 << 23).split(b"\n")):
            self.options["max_line_size"] = str(_LONGEST_LINE)
        for _ in range(_ATTEMPTS):
            try:
                return self._attempt()
            except duckdb.Error as error:
                self.db.execute(f"DROP TABLE IF EXISTS {quoted(self.base)}")
                if not self._mended(str(error)):
                    raise
        return self._lines()

    def _sql(self, shown: bool = False) -> str:
        options = dict(self.options)
        if self.texts:
            options["types"] = "{" + ", ".join(f"{literal(name)}: 'VARCHAR'" for name in sorted(self.texts)) + "}"
        if shown and self.encoding != "utf-8":
            options["encoding"] = literal(self.encoding)
        if self.tolerant:
            options |= {"ignore_errors": "true"} if shown else {
                "store_rejects": "true", "rejects_table": "'__rejects'", "rejects_scan": "'__scans'", "rejects_limit": str(_MOST_REJECTS),
            }  # fmt: skip
        return _listed("read_csv", _shown_paths(self.part) if shown else [exact(path) for path in self.paths], options)

    def _attempt(self) -> Loaded:
        described = [str(row[0]) for row in self._described()]
        self.texts |= {name for name, type_ in self.part.entry.types.items() if type_.upper() in TYPES and name in described}
        if len(described) == 1 and not self.tolerant and re.search(r"[,;\t|]", described[0]):
            self.tolerant = True
            described = [str(row[0]) for row in self._described()]
        loaded = copied(
            self.db,
            self._sql(),
            described[:MOST_COLUMNS],
            self.base,
            self._sql(shown=True),
            self.part.format,
            stem(self.part.files[0]),
            self.part.shown,
        )
        if len(described) > MOST_COLUMNS:
            self.problems.append(too_wide(self.part.shown, len(described)))
        if self.tolerant and (again := self._rejected(loaded)) is not None:
            return again
        return replace(loaded, problems=(*self.problems, *(self._layout() if len(described) <= MOST_COLUMNS else [])))

    def _described(self) -> list[tuple[str, ...]]:
        found = self.db.execute(f"DESCRIBE SELECT * FROM {self._sql()}").fetchall()
        self._forget()
        return found

    def _forget(self) -> None:
        self.db.execute("DROP TABLE IF EXISTS __rejects")
        self.db.execute("DROP TABLE IF EXISTS __scans")

    def _mended(self, error: str) -> bool:
        """Change what the error asks for; false if nothing is left to try."""
        if "aximum line size" in error and "max_line_size" not in self.options:
            self.options["max_line_size"] = str(_LONGEST_LINE)
        elif (
            re.search(r"not utf-8 encoded|Invalid unicode|not latin-1|not utf-16", error) and self.encoding == "utf-8" and not self.tolerant
        ):
            self._recode()
        elif not self.tolerant:
            self.tolerant = True
        else:
            return False
        return True

    def _recode(self) -> None:
        """Find the encoding; a file in one encoding is written again as UTF-8, of mixed ones the readable lines are kept."""
        if self.part.compression == "zstd":
            self.tolerant = True
            return
        for index, path in enumerate(self.paths):
            found = encoding_of(path, self.part.compression == "gzip")
            if found.name == "mixed":
                self.tolerant = True
                self.problems.append(
                    told(
                        displayed(self.part.files[index]), N_("mixed encodings: UTF-8 breaks at byte %(offset)s, line %(line)s"),
                        N_("the lines that are UTF-8 were read; export it in one encoding"), offset=str(found.offset), line=str(found.line),
                    )
                )  # fmt: skip
            elif found.name != "utf-8":
                copy = self.scratch / f"{self.base}_{index}.csv"
                with _opened(path, self.part.compression == "gzip") as source, open(copy, "w", encoding="utf-8", newline="") as target:
                    shutil.copyfileobj(io.TextIOWrapper(source, encoding=found.name, errors="replace", newline=""), target, 1 << 20)
                self.paths[index] = copy
                self.options.pop("compression", None)
                self.encoding = {"cp1252": "windows-1252"}.get(found.name, found.name)
                self.problems.append(
                    told(
                        displayed(self.part.files[index]),
                        N_("the text is not UTF-8; it was read as %(encoding)s"),
                        N_("export it as UTF-8"),
                        encoding=self.encoding,
                    )
                )

    def _rejected(self, loaded: Loaded) -> Loaded | None:
        """After a tolerant reading: columns with the wrong sniffed type are read as text; the other lost rows are told."""
        wrong = [
            str(row[0])
            for row in self.db.execute(
                "SELECT DISTINCT column_name FROM __rejects WHERE error_type = 'CAST' AND column_name IS NOT NULL ORDER BY 1"
            ).fetchall()
        ]
        kinds = self.db.execute(
            "SELECT lower(CAST(error_type AS VARCHAR)), count(DISTINCT (file_id, line)), min(line) FROM __rejects GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()
        lost = int(self.db.execute("SELECT count(*) FROM (SELECT DISTINCT scan_id, file_id, line FROM __rejects)").fetchall()[0][0])
        self._forget()
        if wrong and not set(wrong) <= self.texts:
            self.texts |= set(wrong)
            self.db.execute(f"DROP TABLE {quoted(self.base)}")
            self.problems.append(
                told(
                    self.part.shown,
                    N_("cells that do not fit the type of the first rows, in: %(columns)s"),
                    N_("read as text; set the types in the manifest"),
                    columns=names(wrong),
                )
            )
            return self._attempt()
        rows = int(self.db.execute(f"SELECT count(*) FROM {loaded.relation}").fetchall()[0][0])
        if lost > rows:
            self.db.execute(f"DROP TABLE {quoted(self.base)}")
            return self._lines()
        if lost:
            what = N_("%(rows)s rows could not be read (%(kind)s), the first in line %(line)s")
            self.problems.append(
                told(
                    self.part.shown, what, N_("mend these lines; the others were read"), rows=str(lost) if lost < _MOST_REJECTS else f"≥ {lost}",
                    kind=", ".join(str(kind[0]) for kind in kinds[:3]), line=str(min(int(kind[2]) for kind in kinds)),
                )
            )  # fmt: skip
        return None

    def _lines(self) -> Loaded:
        """Text without columns: one column of lines."""
        self._forget()
        relation = lines_of(self.paths, self.part.compression if "compression" in self.options else "none")
        reader = lines_of([Path(displayed(path)) for path in self.part.files], self.part.compression)
        loaded = copied(self.db, relation, ["line"], self.base, reader, "text", stem(self.part.files[0]), self.part.shown)
        problem = told(
            self.part.shown, N_("the lines do not form columns"), N_("each line was read as one text; export it as CSV or JSON Lines")
        )
        return replace(loaded, problems=(*self.problems, problem))

    def _layout(self) -> list[Problem]:
        """Problems of the header: lines before it, none at all, names that occur twice."""
        options = {name: value for name, value in self.options.items() if name != "union_by_name"}
        options |= {"ignore_errors": "true"} if self.tolerant else {}
        sniffed = self.db.execute(
            f"SELECT Delimiter, Quote, SkipRows, HasHeader FROM {_listed('sniff_csv', [exact(self.paths[0])], options)}"
        ).fetchall()[0]
        delimiter, quote, skipped, header = str(sniffed[0]), str(sniffed[1]), int(sniffed[2]), bool(sniffed[3])
        found: list[Problem] = []
        if skipped:
            found.append(
                told(self.part.shown, N_("the first %(lines)s lines are no table and were left out"), N_("remove them"), lines=str(skipped))
            )
        if not header:
            found.append(told(self.part.shown, N_("there is no header row"), N_("columns are called column0, column1 …; add their names")))
        elif "compression" not in self.options:
            twice = _repeated(self.paths[0], delimiter, quote, skipped)
            if twice:
                found.append(
                    told(
                        self.part.shown,
                        N_("column names occur twice: %(columns)s"),
                        N_("the second got a number; rename it"),
                        columns=names(twice),
                    )
                )
        return found


def _repeated(path: Path, delimiter: str, quote: str, skipped: int) -> list[str]:
    lines = _head(path, 1 << 20).decode("utf-8-sig", "replace").splitlines()[skipped : skipped + 1]
    sign = quote if len(quote) == 1 else '"'
    counted = Counter(name.strip().lower() for row in csv.reader(lines, delimiter=delimiter[:1] or ",", quotechar=sign) for name in row)
    return [name for name, count in counted.items() if count > 1 and name]


@dataclass(frozen=True)
class Encoding:
    """`name` is a Python codec or "mixed"; `offset` and `line` say where UTF-8 first breaks."""

    name: str
    offset: int = 0
    line: int = 0


def encoding_of(path: Path, packed: bool = False) -> Encoding:
    """The encoding of a text file: UTF-16 by its mark, UTF-8, one byte a character, or a mix of the last two."""
    with _opened(path, packed) as file:
        if wide := utf16(file.read(4096)):
            return Encoding(wide)
    good, bad, first, offset, high = 0, 0, Encoding("utf-8"), 0, False
    with _opened(path, packed) as file:
        for number, line in enumerate(file, start=1):
            if not line.isascii():
                try:
                    line.decode()
                    good += 1
                except UnicodeDecodeError as error:
                    first = first if bad else Encoding("mixed", offset + error.start, number)
                    bad += 1
                    high = high or any(0x80 <= byte <= 0x9F for byte in line)
            offset += len(line)
    if not bad:
        return Encoding("utf-8")
    return first if good else replace(first, name="cp1252" if high and _decodes(path, packed) else "latin-1")


def _decodes(path: Path, packed: bool) -> bool:
    undefined = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
    with _opened(path, packed) as file:
        return not any(undefined.search(line) for line in file)


def _opened(path: Path, packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if packed else open(path, "rb")


def _head(path: Path, most: int = 4096) -> bytes:
    with open(path, "rb") as file:
        return file.read(most)
