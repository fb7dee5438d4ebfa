"""The cue index: one pass over the words of a text finds every cue of the lexicon, in time linear in the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from ai_data_strategy.playbook.desk import knowledge

_TOKEN = re.compile(r"[^\W_]+(?:[-/&'][^\W_]+)*|[^\W_]+")
_PREFIX = 3
_FOLDS: dict[int, str] = {}


@dataclass(frozen=True)
class Token:
    """A folded word with its place in the text."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Hit:
    """A cue found: what it belongs to, and where."""

    group: str
    key: str
    start: int
    end: int
    points: int = 1


@dataclass
class Index:
    """Cues by the first letters of their first word; infixes apart."""

    starts: dict[str, list[tuple[tuple[str, ...], str, str, int]]] = field(default_factory=dict)
    infixes: list[tuple[str, str, str, int]] = field(default_factory=list)

    def add(self, cue: str, group: str, key: str, points: int = 1) -> None:
        folded = fold(cue.strip())
        if folded.startswith("*"):
            self.infixes.append((folded.strip("*"), group, key, points))
            return
        words = tuple(folded.split())
        self.starts.setdefault(words[0].rstrip("*")[:_PREFIX], []).append((words, group, key, points))

    def hits(self, tokens: Sequence[Token]) -> list[Hit]:
        """Every cue in the tokens, in order of place."""
        return [hit for position, token in enumerate(tokens) for hit in self._at(tokens, position, token, _candidates(token.word))]

    def single(self, word: str) -> list[tuple[tuple[str, ...], str, str, int]]:
        """Candidates whose first word fits, and infixes."""
        found = [
            entry
            for size in range(1, _PREFIX + 1)
            for entry in self.starts.get(word[:size], ())
            if (size == _PREFIX or len(entry[0][0].rstrip("*")) == size) and _fits(entry[0][0], word)
        ]
        return found + [((f"*{stem}*",), group, key, points) for stem, group, key, points in self.infixes if stem in word]

    def _at(
        self, tokens: Sequence[Token], position: int, token: Token, candidates: Sequence[tuple[tuple[str, ...], str, str, int]]
    ) -> Iterator[Hit]:
        for words, group, key, points in candidates:
            last = position + len(words) - 1
            if last < len(tokens) and all(_fits(word, tokens[position + offset].word) for offset, word in enumerate(words) if offset):
                yield Hit(group, key, token.start, tokens[last].end, points)


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def fold(text: str) -> str:
    """Lower case without accents, of the same length as the text."""
    return text.translate(_folds(text)).lower() if text.isascii() is False else text.lower()


def _folds(text: str) -> Mapping[int, str]:
    for char in set(text):
        if ord(char) not in _FOLDS and ord(char) > 127:
            base = unicodedata.normalize("NFD", char)[0]
            _FOLDS[ord(char)] = base if len(base.lower()) == 1 else char
    return _FOLDS


def tokens(text: str) -> list[Token]:
    """The folded words of a text."""
    folded = fold(text)
    return [Token(match.group(), *match.span()) for match in _TOKEN.finditer(folded)]


@lru_cache(maxsize=8192)
def _candidates(word: str) -> list[tuple[tuple[str, ...], str, str, int]]:
    return index().single(word)


@cache
def index() -> Index:
    """All cues of the lexicon and the gazetteer."""
    built, lexicon, gazetteer = Index(), knowledge("lexicon"), knowledge("gazetteer")
    for archetype, cues in lexicon["archetypes"].items():
        _add(built, cues["strong"], "archetype", archetype, 3)
        _add(built, cues["plain"], "archetype", archetype, 1)
    _add(built, lexicon["learning"], "learning", "learning")
    for topic, cues in lexicon["topics"].items():
        _add(built, cues, "topic", topic)
    for kind in lexicon["kinds"]:
        _add(built, kind["cues"], "kind", kind["kind"])
    for group in ("places", "languages", "sectors", "roles"):
        for key, cues in gazetteer[group].items():
            _add(built, cues, group, key)
    _add(built, gazetteer["any_people"], "any_people", "people")
    _add(built, gazetteer["systems"], "systems", "system")
    _add_denials(built)
    return built


def _add(built: Index, cues: Sequence[Any], group: str, key: str, points: int = 1) -> None:
    for cue in cues:
        built.add(str(cue), group, key, points)


def _add_denials(built: Index) -> None:
    for rule, entry in knowledge("denials")["unlawful"].items():
        for number, cues in enumerate(entry["all"]):
            _add(built, cues, "denial", f"{rule}.{number}")
        _add(built, entry["unless"], "denial", f"{rule}.unless")


@cache
def nouns(name: str) -> frozenset[str]:
    """Folded nouns of a list of the lexicon: classes, population, rules, technical."""
    return frozenset(fold(str(word)) for word in knowledge("lexicon")["nouns"][name])


@cache
def countables(archetype: str) -> tuple[str, ...]:
    """Folded nouns that are examples of an archetype, best first."""
    return tuple(dict.fromkeys(fold(str(word)) for word in knowledge("lexicon")["countables"].get(archetype, ())))
