"""Failures: what counts, how often, which pairs are confused, which cluster comes first and what kind of cause it points to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from ai_data_strategy.evidence.clusters import BACKGROUND, FAILING, Cluster, FirstClass, clusters
from ai_data_strategy.evidence.context import key, said, told
from ai_data_strategy.evidence.decisions import Decisions
from ai_data_strategy.evidence.history import chart
from ai_data_strategy.evidence.profile import Chart, Column, Found, Problem
from ai_data_strategy.evidence.statistics import percent, percent_interval
from ai_data_strategy.evidence.table import Table, quoted, shown
from ai_data_strategy.typeset.catalogue import N_

_CLASSES = 50
_MOST_PAIRS = 10
_LEAST_CLASSES = 5
_LEAST_ROWS = 30
_RATE = N_("failures over the decisions in which they can be told; Wilson interval")
_CLUSTERS = N_("up to %(failing)s failures: HDBSCAN over TF-IDF for text, else cells of outcome, prediction and contexts; against up to %(background)s decisions for text, else all")  # fmt: skip
_RULE = N_("share of failures times mean severity (column, or one to three by kind) in up to %(failing)s failures")
_CLASS_MESSAGES: dict[FirstClass, str] = {
    "data scarcity": N_("Failures in cluster %(cluster)s (%(terms)s); first class: data scarcity"),
    "model flaw": N_("Failures in cluster %(cluster)s (%(terms)s); first class: model flaw"),
    "external noise": N_("Failures in cluster %(cluster)s (%(terms)s); first class: external noise"),
    "unclear": N_("Failures in cluster %(cluster)s (%(terms)s); first class: unclear"),
}


def measure_decisions(decisions: Decisions) -> Iterator[Found]:
    """Everything on the topic of failures."""
    table = decisions.table
    if not table.rows:
        return
    if not decisions.failures:
        yield Problem(source=table.id, what=N_("nothing tells which decisions failed"), todo=N_("name an outcome, a feedback or an error column, or its failing values, in the manifest"))  # fmt: skip
        return
    yield from _rates(decisions)
    yield from _confusions(decisions)
    yield from _by_class(decisions)
    found = clusters(decisions)
    yield from _clusters(table, found)
    if found:
        yield _chart(table, found)


def _rates(decisions: Decisions) -> Iterator[Found]:
    """Rate of any failure and of each kind; the first weight goes to three kinds at most."""
    table = decisions.table
    can = "(" + " OR ".join(told(condition) for condition in decisions.failures.values()) + ")"
    every = {"any": (decisions.failed, can), **{kind: (condition, told(condition)) for kind, condition in decisions.failures.items()}}
    for rank, (kind, (condition, known)) in enumerate(every.items()):
        hits, trials = table.ask(f"SELECT count(*) FILTER ({condition}), count(*) FROM {{t}} WHERE {known}")[0]
        if not trials or (kind == "any" and len(decisions.failures) == 1):
            continue
        message = N_("Failure rate of the decisions of %(source)s, all kinds") if kind == "any" else N_("Rate of %(kind)s in %(source)s")
        yield table.evidence(
            "failures", f"failure_rate_{kind}", message, percent(hits, trials), "percent", _RATE, interval=percent_interval(hits, trials), rows=trials,
            sql=f"SELECT 100.0 * count(*) FILTER ({condition}) / count(*) FROM {{t}} WHERE {known}", weight=1 if rank <= 3 else 2, kind=said(kind),
        )  # fmt: skip


def _classed(table: Table, column: Column | None) -> bool:
    return (
        column is not None
        and column.type != "number"
        and int(table.one(f"SELECT count(DISTINCT {quoted(column.name)}) FROM {{t}}")) <= _CLASSES
    )


def _confusions(decisions: Decisions) -> Iterator[Found]:
    """The pairs of prediction and outcome behind most wrong predictions."""
    table, condition = decisions.table, decisions.failures.get("wrong_prediction")
    prediction, outcome = table.column("prediction"), table.column("outcome") or table.column("label")
    if condition is None or prediction is None or outcome is None or not (_classed(table, prediction) and _classed(table, outcome)):
        return
    wrong = int(table.one(f"SELECT count(*) FROM {{t}} WHERE {condition}"))
    pairs = table.ask(
        f"SELECT CAST({quoted(prediction.name)} AS VARCHAR) AS p, CAST({quoted(outcome.name)} AS VARCHAR) AS o, count(*) FROM {{t}} "
        f"WHERE {condition} GROUP BY p, o ORDER BY 3 DESC, p, o LIMIT {_MOST_PAIRS}"
    )
    for rank, (predicted, true, count) in enumerate(pairs):
        yield table.evidence(
            "failures", f"confusion_{key(str(predicted))}_{key(str(true))}", N_("Wrong predictions that said %(predicted)s where %(true)s was right"),
            percent(count, wrong), "percent", N_("share of all wrong predictions; Wilson interval"), interval=percent_interval(count, wrong), rows=wrong,
            weight=2 if rank < 3 else 3, predicted=shown(predicted), true=shown(true),
        )  # fmt: skip


def _by_class(decisions: Decisions) -> Iterator[Found]:
    """Wrong predictions by true class, and whether rare classes fail more: the general sign of data scarcity."""
    from scipy.stats import spearmanr

    table, condition = decisions.table, decisions.failures.get("wrong_prediction")
    outcome = table.column("outcome") or table.column("label")
    if condition is None or outcome is None or not _classed(table, outcome):
        return
    rows = table.ask(f"SELECT CAST({quoted(outcome.name)} AS VARCHAR) AS o, count(*) FILTER ({condition}), count(*) FROM {{t}} WHERE {told(condition)} GROUP BY o ORDER BY 3 DESC, o")  # fmt: skip
    for name, hits, trials in rows:
        yield table.evidence("failures", f"failure_rate_class_{key(str(name))}", N_("Rate of wrong predictions where %(true)s is right"), percent(hits, trials), "percent", _RATE, interval=percent_interval(hits, trials), rows=trials, weight=3, true=shown(name))  # fmt: skip
    enough = [row for row in rows if row[2] >= _LEAST_ROWS]
    if len(enough) >= _LEAST_CLASSES and len({row[2] for row in enough}) > 1 and len({row[1] / row[2] for row in enough}) > 1:
        rank = float(spearmanr([row[2] for row in enough], [row[1] / row[2] for row in enough]).statistic)
        yield table.evidence("failures", "scarcity_rank", N_("Rank correlation of the size of a class with its failure rate (below zero: rare classes fail more)"), rank, "coefficient", N_("Spearman's coefficient over classes with at least 30 rows"), rows=sum(row[2] for row in enough), weight=2)  # fmt: skip
    points = [{"class": shown(name), "rate": round(percent(hits, trials), 3)} for name, hits, trials in rows if trials >= _LEAST_ROWS][:20]
    if len(points) > 1:
        yield chart(table, "failures_by_class", "failures", N_("Wrong predictions by true class in %(source)s, percent"), points, _bars("class", "rate", "%"))  # fmt: skip


def _clusters(table: Table, found: Sequence[Cluster]) -> Iterator[Found]:
    """Every cluster with its share of failures, and the evidence for its first class."""
    for number, cluster in enumerate(found, start=1):
        failures = len(cluster.failures)
        weight: Literal[1, 2] = 1 if number <= 3 else 2
        place, terms = str(number), ", ".join(cluster.terms) or "–"
        yield table.evidence(
            "failures", f"cluster_{number}", _CLASS_MESSAGES[cluster.first_class], percent(failures, cluster.sampled), "percent", _CLUSTERS,
            interval=percent_interval(failures, cluster.sampled), rows=cluster.sampled, weight=weight, cluster=place, terms=terms, failing=str(FAILING), background=str(BACKGROUND),
        )  # fmt: skip
        yield table.evidence("failures", f"cluster_{number}_priority", N_("Priority of cluster %(cluster)s: frequency times severity"), cluster.priority, "coefficient", _RULE, rows=failures, weight=2, cluster=place, failing=str(FAILING))  # fmt: skip
        facts = [
            ("support", N_("Support of cluster %(cluster)s: decisions like it"), cluster.support, cluster.background),
            ("like_failed", N_("Failure rate of the decisions like cluster %(cluster)s"), cluster.like_failed, cluster.support),
            ("noise", N_("Failures of cluster %(cluster)s with an error, an empty text, a time-out or labels that disagree"), round(cluster.noisy * failures), failures),
        ]  # fmt: skip
        if cluster.confident is not None:
            stated = sum(one.confidence is not None for one in cluster.failures)
            facts.append(("confident", N_("Failures of cluster %(cluster)s at least as confident as the median decision like them"), round(cluster.confident * stated), stated))  # fmt: skip
        for name, message, hits, trials in facts:
            if trials:
                yield table.evidence("failures", f"cluster_{number}_{name}", message, percent(hits, trials), "percent", _CLUSTERS, interval=percent_interval(hits, trials), rows=trials, weight=3, cluster=place, terms=terms, failing=str(FAILING), background=str(BACKGROUND))  # fmt: skip
    if found:
        inside = sum(len(cluster.failures) for cluster in found)
        yield table.evidence("failures", "clustered", N_("Failures that belong to a cluster"), percent(inside, found[0].sampled), "percent", _CLUSTERS, interval=percent_interval(inside, found[0].sampled), rows=found[0].sampled, failing=str(FAILING), background=str(BACKGROUND))  # fmt: skip


def _chart(table: Table, found: Sequence[Cluster]) -> Chart:
    """Share of the failures by first class."""
    counts = Counter[str]()
    for cluster in found:
        counts[cluster.first_class] += len(cluster.failures)
    points = [{"class": name, "share": round(percent(count, found[0].sampled), 3)} for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]  # fmt: skip
    return chart(table, "failures_by_first_class", "failures", N_("Failures by first class of their cluster in %(source)s, percent"), points, _bars("class", "share", "%"))  # fmt: skip


def _bars(name: str, value: str, title: str) -> dict[str, object]:
    y = {"field": name, "type": "nominal", "sort": "-x", "title": None}
    return {"mark": "bar", "encoding": {"y": y, "x": {"field": value, "type": "quantitative", "title": title}}}
