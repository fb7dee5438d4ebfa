"""Charts as pictures: Vega-Lite specifications rendered offline, in one house style, beside the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ai_data_strategy.domain import filled
from ai_data_strategy.errors import InputError
from ai_data_strategy.evidence.profile import Chart
from ai_data_strategy.typeset.catalogue import translator

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_SCALE = 2.0
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000"]
"""Distinguishable with any kind of colour blindness (Okabe & Ito 2008)."""
CONFIG: dict[str, Any] = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "background": "white",
    "padding": 10,
    "view": {"continuousWidth": 520, "continuousHeight": 280, "discreteWidth": 520, "stroke": None},
    "axis": {
        "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 220, "titlePadding": 8,
        "grid": True, "gridColor": "#e6e6e6", "domainColor": "#888888", "tickColor": "#888888", "labelColor": "#333333", "titleColor": "#333333",
    },
    "axisBand": {"grid": False},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "orient": "bottom", "labelLimit": 220},
    "title": {"fontSize": 14, "anchor": "start", "fontWeight": "bold", "color": "#222222", "offset": 10},
    "header": {"labelFontSize": 12, "titleFontSize": 12},
    "range": {"category": _COLOURS},
    "mark": {"color": _COLOURS[0]},
    "text": {"fontSize": 12},
    "line": {"strokeWidth": 2},
    "rule": {"strokeWidth": 1.5, "color": "#555555"},
    "point": {"opacity": 1},
    "area": {"opacity": 0.2, "line": False},
    "errorband": {"opacity": 0.2},
}  # fmt: skip
_LOCALES = {"de": "de-DE", "fr": "fr-FR", "es": "es-ES"}


def rendered(chart: Chart, language: str = "en") -> tuple[bytes, bytes]:
    """The chart as SVG and PNG, its title and numbers in the language; no address is ever opened.

    Raises InputError if the specification points outside itself or cannot be drawn.
    """
    import vl_convert

    locale = _LOCALES.get(language)
    localised: dict[str, Any] = {"format_locale": locale, "time_format_locale": locale} if locale else {}
    try:
        svg = vl_convert.vegalite_to_svg(specification(chart, language), show_warnings=False, allowed_base_urls=[], **localised)
        png = vl_convert.svg_to_png(svg, scale=_SCALE)
    except ValueError as error:
        reason = (str(error).strip().splitlines() or ["unknown reason"])[0][:200]
        raise InputError(
            f"chart {chart.id} cannot be drawn: {reason}. Mend its specification in evidence.json, or measure again."
        ) from error
    return svg.encode(), png


def specification(chart: Chart, language: str = "en") -> dict[str, Any]:
    """The chart's specification with the title in the language and the house style, which its own settings go before."""
    if (path := _outside(chart.spec)) is not None:
        raise InputError(f"chart {chart.id} points outside itself ({path}): a chart holds its values. Measure again to replace it.")
    title = translator(language)(chart.title)
    own = chart.spec.get("config")
    return {
        "$schema": SCHEMA,
        **{key: value for key, value in chart.spec.items() if key != "$schema"},
        "title": chart.spec.get("title") or filled(title, chart.places),
        "config": _merged(CONFIG, own if isinstance(own, Mapping) else {}),
    }


def _outside(node: object, path: str = "spec") -> str | None:
    """The path of the first thing in a specification that would be read from outside; None if there is none."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key in ("values", "datasets") and path.endswith(("data", "spec")):
                continue
            if key in ("url", "href", "loader") or (key == "type" and value == "image") or (key == "mark" and value == "image"):
                return f"{path}.{key}"
            if (found := _outside(value, f"{path}.{key}")) is not None:
                return found
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            if (found := _outside(value, f"{path}[{index}]")) is not None:
                return found
    return None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        own = merged.get(key)
        merged[key] = _merged(own, value) if isinstance(own, Mapping) and isinstance(value, Mapping) else value
    return merged
