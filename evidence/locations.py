"""Where sources are: what a user points at (file, folder, glob, database address) becomes parts that can be read, one a source.

A format is told by a file's content, never by its name. Folders and globs never lead out of their root through symbolic links.
A password never leaves `Part.address`.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import duckdb

from ai_data_strategy.evidence.addresses import masked
from ai_data_strategy.evidence.manifest import SourceEntry
from ai_data_strategy.evidence.profile import Problem
from ai_data_strategy.evidence.table import shown
from ai_data_strategy.typeset.catalogue import N_

Format = Literal["csv", "tsv", "text", "jsonl", "json", "parquet", "sqlite", "duckdb", "postgres"]
Compression = Literal["none", "gzip", "zstd"]

_HEAD = 65536
_MOST_FILES = 10_000
_DEEPEST = 40
_SUFFIXES: dict[str, tuple[Format, ...]] = {
    ".csv": ("csv", "tsv", "text"), ".tsv": ("tsv", "csv", "text"), ".tab": ("tsv", "csv", "text"), ".parquet": ("parquet",), ".pq": ("parquet",),
    ".jsonl": ("jsonl", "json"), ".ndjson": ("jsonl", "json"), ".json": ("json", "jsonl"), ".sqlite": ("sqlite",), ".sqlite3": ("sqlite",),
    ".db": ("sqlite", "duckdb"), ".duckdb": ("duckdb",),
}  # fmt: skip
_PACKED: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_BESIDE = {".yaml", ".yml", ".md", ".wal", ".html", ".svg", ".png"}
"""Suffixes of files that stand beside data in a folder and are left out without a word."""
_TEXTS = {".txt", ".log", ""}
"""Suffixes that say nothing about a text file's format."""
_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d+", re.IGNORECASE)
_MAGIC = re.compile(r"[*?\[]")
_TABLE = re.compile(r"^(?P<path>.+?)\?table=(?P<table>[^&]+)$", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """One source to read: files of one format, or a database. `address` is a Postgres URL with its password: never show it."""

    entry: SourceEntry
    shown: str
    format: Format
    files: tuple[Path, ...] = ()
    compression: Compression = "none"
    address: str = ""
    table: str | None = None


def parts(entry: SourceEntry, folder: Path | None = None) -> Iterator[Part | Problem]:
    """The readable parts of one location. `folder` is the manifest's: a location inside it may not lead out of it."""
    location = entry.location.strip()
    if re.match(r"postgres(ql)?://", location, re.IGNORECASE):
        yield _postgres(entry, location)
    elif found := re.match(r"([a-z][a-z0-9+.-]+)://", location, re.IGNORECASE):
        yield Problem(
            source=masked(location)[:500], what=N_("addresses of the kind %(scheme)s cannot be read"),
            todo=N_("save it as a file, or give a postgresql:// address"), places={"scheme": found[1][:50]},
        )  # fmt: skip
    else:
        yield from _on_disk(entry, location, folder)


def displayed(path: Path) -> str:
    """A path as it is shown: relative to the current folder if it lies inside it."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def _postgres(entry: SourceEntry, location: str) -> Part | Problem:
    try:
        split = urlsplit(location)
        _ = split.port
    except ValueError:
        return Problem(
            source=masked(location)[:500], what=N_("the address is not a valid URL"), todo=N_("write postgresql://user@host:5432/database")
        )
    asked = parse_qsl(split.query, keep_blank_values=True)
    table = next((value for name, value in asked if name == "table"), None)
    rest = [(name, value) for name, value in asked if name != "table"]
    rest += [] if any(name == "connect_timeout" for name, _ in rest) else [("connect_timeout", "10")]
    address = urlunsplit((split.scheme, split.netloc, split.path, urlencode(rest, quote_via=quote), ""))
    bare = urlunsplit((split.scheme, split.netloc, split.path, "", ""))
    return Part(entry, masked(bare), "postgres", address=address, table=entry.table or table)


def _on_disk(entry: SourceEntry, location: str, folder: Path | None) -> Iterator[Part | Problem]:
    table = entry.table
    path = Path(os.path.expanduser(location))
    if not os.path.lexists(path) and (asked := _TABLE.match(location)):
        path, table = Path(os.path.expanduser(asked["path"])), table or unquote(asked["table"])
    if "\0" in location:
        yield Problem(source=shown(location), what=N_("the path holds a zero character"), todo=N_("correct the path"))
        return
    beneath = folder is not None and (not path.is_absolute() or path.is_relative_to(folder))
    if folder is not None and not path.is_absolute():
        path = folder / path
    where = displayed(path)[:500]
    if beneath and folder is not None and ".." in path.relative_to(folder).parts:
        yield _outside(where)
        return
    try:
        found = list(_files(path, where, folder if beneath else None))
    except (OSError, RuntimeError) as error:
        yield _unreadable(where, error)
        return
    many = path.is_dir() or not path.exists()
    sources = []
    for one in found:
        part = one if isinstance(one, Problem) else _part(entry, one, table, chosen=not many)
        if isinstance(part, Part):
            yield from _misnamed(part)
            sources.append(part)
        elif part is not None:
            yield part
    yield from _grouped(sources, path if path.is_dir() else Path(path.anchor or "."))
    if not found:
        yield Problem(source=where, what=N_("there is no such file, folder or match"), todo=N_("correct the path"))


def _outside(where: str) -> Problem:
    return Problem(
        source=where, what=N_("the path leads out of its folder"), todo=N_("put the file inside the folder, or name it by its full path")
    )


def _unreadable(where: str, error: BaseException) -> Problem:
    what = N_("the path is a symbolic link that leads back to itself") if _is_loop(error) else N_("the path cannot be read: %(reason)s")
    places = {} if _is_loop(error) else {"reason": shown(getattr(error, "strerror", None) or error)}
    return Problem(source=where, what=what, todo=N_("correct the path or its permissions"), places=places)


def _is_loop(error: BaseException) -> bool:
    return isinstance(error, RuntimeError) or getattr(error, "errno", None) == 40


def _files(path: Path, where: str, root: Path | None) -> Iterator[Path | Problem]:
    """The files that a path, folder or glob stands for, sorted by name."""
    if os.path.lexists(path):
        real = path.resolve(strict=True)
        if root is not None and not real.is_relative_to(root.resolve()):
            yield _outside(where)
        elif real.is_dir():
            yield from _walk(path, real, (), 0)
        elif real.is_file():
            yield path
        else:
            yield Problem(
                source=where, what=N_("the path is neither a file nor a folder"), todo=N_("point at a file, a folder or a database")
            )
    elif _MAGIC.search(str(path)):
        steps = path.parts
        first = next(index for index, step in enumerate(steps) if _MAGIC.search(step))
        base = Path(*steps[:first]) if first else Path(".")
        if base.is_dir():
            inside = (root or base).resolve()
            pattern = _as_expression(steps[first:])
            for one in _walk(base, base.resolve() if root is None else inside, (), 0):
                if isinstance(one, Problem) or pattern.fullmatch(one.relative_to(base).as_posix()):
                    yield one


def _as_expression(steps: tuple[str, ...]) -> re.Pattern[str]:
    """A glob as a regular expression: ** is any number of folders, * and ? stay within a name."""
    tokens = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        re.sub(r"\*\*/|\*\*|\*|\?|\[!?[^\]/]+\]|.", lambda token: _translated(token[0], tokens), "/".join(steps), flags=re.DOTALL)
    )


def _translated(token: str, tokens: dict[str, str]) -> str:
    if token.startswith("[") and len(token) > 1:
        inner = token[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return tokens.get(token, re.escape(token))


def _walk(folder: Path, root: Path, above: tuple[Path, ...], depth: int) -> Iterator[Path | Problem]:
    """All files of a folder and its folders; links that lead out of the root, or back up, are told and left out."""
    real = folder.resolve(strict=True)
    for entry in sorted(os.scandir(folder), key=lambda one: one.name):
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            yield _unreadable(displayed(path)[:500], error)
            continue
        if not target.is_relative_to(root):
            yield _outside(displayed(path)[:500])
        elif target.is_dir() and (target in above or target == real or depth >= _DEEPEST):
            yield _unreadable(displayed(path)[:500], RuntimeError("loop"))
        elif target.is_dir():
            yield from _walk(path, root, (*above, real), depth + 1)
        elif target.is_file():
            yield path


def _part(entry: SourceEntry, path: Path, table: str | None, *, chosen: bool) -> Part | Problem | None:
    """One file as a part, its format told by its content; None for a file that only stands beside the data of a folder."""
    where = displayed(path)[:500]
    suffix = _named(path)[0]
    if not chosen and suffix in _BESIDE:
        return None
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        return _unreadable(where, error)
    if not head:
        return Problem(source=where, what=N_("the file is empty"), todo=N_("export it again"))
    compression = _compression(head)
    if compression != "none":
        try:
            head = _unpacked(path, head, compression)
        except (zlib.error, duckdb.Error):
            return Problem(source=where, what=N_("the compressed file is damaged or cut short"), todo=N_("compress it again"))
        if not head:
            return Problem(source=where, what=N_("the file is empty"), todo=N_("export it again"))
    format_ = _format(head)
    if not chosen and suffix not in _SUFFIXES and suffix not in _TEXTS and format_ in ("csv", "tsv", "json", "jsonl"):
        return Problem(
            source=where,
            what=N_("the name is not that of a data file: it was left out"),
            todo=N_("name it by its full path if it holds data"),
        )
    if format_ is None or (compression != "none" and format_ in ("parquet", "sqlite", "duckdb")):
        return Problem(
            source=where, what=N_("the content is in no format that can be read"),
            todo=N_("export it as CSV, JSON Lines or Parquet"),
        )  # fmt: skip
    return Part(entry, where, format_, (path,), compression, table=table)


def _compression(head: bytes) -> Compression:
    return "gzip" if head.startswith(b"\x1f\x8b") else "zstd" if head.startswith(b"\x28\xb5\x2f\xfd") else "none"


def _unpacked(path: Path, head: bytes, compression: Compression) -> bytes:
    """The beginning of a compressed file's content."""
    if compression == "gzip":
        return zlib.decompressobj(wbits=31).decompress(head, _HEAD)
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as db:
        lines = db.execute(f"SELECT * FROM {lines_of([path], 'zstd')} LIMIT 50").fetchall()
    return "\n".join(str(line) for (line,) in lines).encode()[:_HEAD]


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


def exact(path: Path | str) -> str:
    """A path as an SQL string that DuckDB does not take for a glob."""
    return literal(re.sub(r"([*?\[])", r"[\1]", str(path)))


def lines_of(paths: list[Path], compression: Compression) -> str:
    """SQL that reads files as one column of lines."""
    listed = ", ".join(exact(path) for path in paths)
    packed = "" if compression == "none" else f", compression='{compression}'"
    return (
        f"read_csv([{listed}], columns={{'line': 'VARCHAR'}}, delim='\x01', quote='', escape='', header=false, auto_detect=false, "
        f"ignore_errors=true, max_line_size=16777216{packed})"
    )


def _format(head: bytes) -> Format | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if head.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0", b"BZh", b"\xfd7zXZ", b"ARROW1", b"ORC", b"Obj\x01")):
        return None
    wide = utf16(head)
    if wide is None and head.count(0) > max(8, len(head) // 20):
        return None
    text = head.decode(wide or "utf-8", errors="replace").lstrip("\ufeff \t\r\n")
    if re.match(r'\{\s*("|\})|\{\s*$', text):
        return "jsonl" if re.match(r"\{[^\n]*\}\s*\r?(\n|$)", text) or len(text.split("\n", 1)[0]) > 4000 else "json"
    if re.match(r'\[\s*(\{\s*["}]|\]\s*$)', text):
        return "json"
    return "tsv" if "\t" in text.split("\n", 1)[0] and text.split("\n", 1)[0].count("\t") > text.split("\n", 1)[0].count(",") else "csv"


def utf16(head: bytes) -> str | None:
    """The name of the UTF-16 form that these bytes are in, by their mark or by where their zeros stand; None if they are not."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    half = len(head) // 2
    if half >= 8 and head.count(0) > half // 2:
        return "utf-16-le" if head[1::2].count(0) > 0.9 * half else "utf-16-be" if head[0::2].count(0) > 0.9 * half else None
    return None


def _named(path: Path) -> tuple[str, Compression]:
    """What a file's name says: the suffix of its format and of its compression."""
    packed = _PACKED.get(path.suffix.lower(), "none")
    inner = path.with_suffix("") if packed != "none" else path
    return inner.suffix.lower(), packed


def _misnamed(part: Part) -> Iterator[Problem]:
    suffix, packed = _named(part.files[0])
    promised = _SUFFIXES.get(suffix)
    if (promised and part.format not in promised) or packed != part.compression:
        yield Problem(
            source=part.shown, what=N_("the name promises %(promised)s, the content is %(format)s"),
            todo=N_("it was read as what it is; rename it"),
            places={"promised": shown("".join(part.files[0].suffixes[-2:])), "format": part.format if part.compression == "none" else f"{part.format}, {part.compression}"},
        )  # fmt: skip


def stem(path: Path) -> str:
    """A file's name without the suffixes of format and compression."""
    inner = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    return inner.stem if inner.suffix.lower() in _SUFFIXES or inner.suffix.lower() in _TEXTS else inner.name


def _grouped(found: list[Part], root: Path) -> Iterator[Part]:
    """Files of the same format and header whose names differ only in their numbers, as one source."""
    groups: dict[tuple[str, str, str, str], list[Part]] = {}
    for part in found:
        path = part.files[0]
        inner = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
        varying = _VARYING.sub("#", inner)
        alone = varying == inner or part.format in ("sqlite", "duckdb") or len(found) == 1
        key = (inner, "", "", "") if alone else (varying, part.format, part.compression, _header(part))
        groups.setdefault(key, []).append(part)
    for group in groups.values():
        files = tuple(part.files[0] for part in group[:_MOST_FILES])
        glob = re.sub(r"\*[*]+", "*", _VARYING.sub("*", files[0].name))
        where = group[0].shown if len(files) == 1 else displayed(_common(files) / glob)
        yield replace(group[0], files=files, shown=where[:500])


def _common(files: tuple[Path, ...]) -> Path:
    """The folder of files of one group; where it varies too, the pattern of folders."""
    parents = sorted({str(path.parent) for path in files})
    return Path(parents[0]) if len(parents) == 1 else Path(os.path.commonpath(parents)) / "**"


def _header(part: Part) -> str:
    """What must be equal for files to belong together: the first line of text tables, the schema of Parquet."""
    if part.format in ("json", "jsonl"):
        return ""
    path = part.files[0]
    if part.format == "parquet":
        return _schema(path)
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    content = head if part.compression == "none" else _unpacked(path, head, part.compression)
    return content.split(b"\n", 1)[0].decode("utf-8", "replace")


def _schema(path: Path) -> str:
    try:
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as db:
            return repr(db.execute(f"SELECT name, type FROM parquet_schema({exact(path)})").fetchall())
    except duckdb.Error:
        return str(path)
