"""What was measured in the user's data: the headlines and charts of a chapter, and the annex with all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256

from ai_data_strategy.domain import Evidence
from ai_data_strategy.evidence.profile import Chart, Profile, SourceProfile
from ai_data_strategy.typeset.blocks import Block, Bullets, Heading, Paragraph, Picture, Table
from ai_data_strategy.typeset.view import View

CHARTS = "charts"
"""Folder of the charts, beside the document."""
_MOST_CHARTS = 2
_MOST_ROWS = 150
"""Pieces of evidence in the annex; the twin holds all."""


def file_of(chart: Chart, language: str) -> str:
    """Name of a chart's files without their ending; another content gets another name, so nothing is overwritten."""
    content = json.dumps([language, chart.model_dump()], sort_keys=True)
    return f"{chart.id}-{sha256(content.encode()).hexdigest()[:8]}"


def measurements(section: str, profile: Profile, view: View) -> list[Block]:
    """The measured headlines of a section with their evidence, and its first charts; nothing where nothing was measured."""
    _ = view._
    rows = [
        [view.measured(item), view.interval(item), view.code(item.id)]
        for item in profile.evidence
        if item.topic == section and item.weight == 1
    ]
    blocks: list[Block] = []
    if rows:
        blocks.append(Table([_("Measured in the data"), _("Value (95% interval)"), _("Evidence")], rows, stays=True))
    charts = [chart for chart in profile.charts if chart.topic == section][:_MOST_CHARTS]
    return [
        *blocks,
        *(Picture(f"{CHARTS}/{file_of(chart, view.language)}.svg", view.titled(chart.title, chart.places)) for chart in charts),
    ]


def annex(profile: Profile, view: View) -> list[Block]:
    """Sources as they were profiled, every piece of evidence with the way to measure it again, and what could not be measured."""
    _ = view._
    if not profile.sources and not profile.problems:
        return [Paragraph(_("No data were supplied, so nothing in this document is measured."))]
    columns = [_("Source"), _("Kind, and why"), _("From – to"), _("Columns and what they are taken for")]
    blocks: list[Block] = [Table(columns, [_source(source, view) for source in profile.sources])] if profile.sources else []
    telling = sorted((item for item in profile.evidence if item.weight < 3), key=lambda item: item.weight)[:_MOST_ROWS]
    telling.sort(key=profile.evidence.index)
    if telling:
        blocks.append(
            Table(
                [_("Evidence"), _("What was found"), _("Value (95% interval)"), _("Rows"), _("Method")],
                [_row(item, view) for item in telling],
            )
        )
        rest = len(profile.evidence) - len(telling)
        if rest:
            blocks.append(Paragraph(_("%(count)s further measurements stand in the JSON twin.") % {"count": rest}))
        again = [[view.code(item.id), view.code(item.reproduce)] for item in telling if item.reproduce]
        blocks += [Heading(3, _("How to measure it again")), Table([_("Evidence"), _("Query or command")], again)]
    if profile.problems:
        blocks += [Heading(3, _("What could not be read or measured")), Bullets(list(_problems(profile, view)))]
    return blocks


def _source(source: SourceProfile, view: View) -> list[str]:
    taken = [column for column in source.columns if column.role != "other"]
    roles = "; ".join(f"{view.code(column.name)}: {view.code(column.role)} ({view.name(column.role_reason)})" for column in taken)
    left = len(source.columns) - len(taken)
    more = view._("and %(count)s more") % {"count": left} if left else ""
    dates = f"{view.name(source.first[:10])} – {view.name(source.last[:10])}" if source.first else "–"
    return [
        f"{view.code(source.id)}, {view.name(source.format)}",
        f"{view.code(source.kind)} ({view.name(source.kind_reason)})",
        dates,
        "; ".join(filter(None, [roles, more])),
    ]


def _row(item: Evidence, view: View) -> list[str]:
    rows = view.name(f"{item.rows:,}") if item.rows is not None else "–"
    return [view.code(item.id), view.measured(item), view.interval(item), rows, view.titled(item.method, item.places)]


def _problems(profile: Profile, view: View) -> Iterator[str]:
    for problem in profile.problems:
        said = "; ".join(view.titled(part, problem.places) for part in (problem.what, problem.todo) if part)
        yield f"{view.code(problem.source)}: {said}"
