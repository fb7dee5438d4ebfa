"""Mermaid flowcharts from typed nodes and edges. Ids are made safe and labels escaped: no text can become syntax."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ai_data_strategy.typeset.blocks import Diagram
from ai_data_strategy.typeset.text import REFERENCE

Shape = Literal["step", "round", "store", "choice"]
_SHAPES: dict[Shape, tuple[str, str]] = {"step": ("[", "]"), "round": ("([", "])"), "store": ("[(", ")]"), "choice": ("{", "}")}
_ENTITIES = str.maketrans(
    {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "%": "#37;", "`": "'", "\\": "#92;", "|": "/"}
)
_LONGEST = 90


@dataclass(frozen=True)
class Node:
    """A box: `id` is any text that tells it apart, `text` what it shows."""

    id: str
    text: str
    shape: Shape = "step"


@dataclass(frozen=True)
class Edge:
    """An arrow between two boxes; dashed for what only supports the flow."""

    begin: str
    end: str
    text: str = ""
    dashed: bool = False


def flowchart(nodes: Sequence[Node], edges: Sequence[Edge], direction: Literal["LR", "TD"] = "LR") -> Diagram:
    """The diagram; an edge to a box that does not exist is left out."""
    known = {node.id for node in nodes}
    lines = [f"flowchart {direction}", *(f"  {_box(node)}" for node in nodes)]
    lines += [f"  {_arrow(edge)}" for edge in edges if {edge.begin, edge.end} <= known]
    return Diagram("\n".join(lines))


def _box(node: Node) -> str:
    opening, closing = _SHAPES[node.shape]
    return f'{_id(node.id)}{opening}"{_label(node.text)}"{closing}'


def _arrow(edge: Edge) -> str:
    arrow = "-.->" if edge.dashed else "-->"
    text = f'|"{_label(edge.text)}"|' if edge.text else ""
    return f"{_id(edge.begin)} {arrow}{text} {_id(edge.end)}"


def _id(text: str) -> str:
    return "n_" + re.sub(r"[^A-Za-z0-9_]", "_", text)


def _label(text: str) -> str:
    flat = " ".join(text.split())
    short = flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1].rsplit(" ", 1)[0] + "…"
    return short.translate(_ENTITIES) or "–"


def words(text: str, number: Callable[[str], str]) -> str:
    """A line with references as the plain words of a label: numbers put in, marks of emphasis and code taken out."""
    return re.sub(r"[*`]", "", REFERENCE.sub(lambda match: number(match[1]), text))
