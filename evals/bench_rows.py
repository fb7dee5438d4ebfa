"""What the benchmark's rows share: a row of the table, the briefs, one run of the graph."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from ai_data_strategy.graph import RECURSION_LIMIT, build
from ai_data_strategy.models import Writer
from ai_data_strategy.state import Context

TODAY = "2026-11-21"
HELPDESK = (
    "Our helpdesk product should route each new ticket to one of 14 queues and set one of 3 priorities; today two people do it by hand. "
    "412,000 tickets since 2021-03, about 900 new ones a working day. Final queue and priority are stored; 31% of tickets were moved at "
    "least once. Tickets belong to 230 business customers in the EU. One data engineer, one backend engineer half time, one product manager."
)
BAKERIES = (
    "We run 340 bakeries in Bavaria and want to forecast the sales of each article in each shop. Till data goes back to 2022, about 45,000 "
    "rows a day. Returns are 11%. Two planners work by hand today. The budget is 120,000 EUR."
)
TURBINES = (
    "Predictive maintenance for 420 wind turbines in Germany and Spain, operated by 35 customers. Sensor readings every 10 minutes, about "
    "60,000 readings a day since 2019. Last year there were 37 gearbox failures. Raw readings are kept for 90 days. One data scientist."
)


@dataclass(frozen=True)
class Row:
    """One line of the table. `met` is None where nothing could be measured."""

    what: str
    target: str
    measured: str
    met: bool | None

    @property
    def mark(self) -> str:
        return {True: "met", False: "**missed**", None: "skipped" if self.target else ""}[self.met]


def at_most(what: str, value: float, limit: float, unit: str = "") -> Row:
    return Row(what, f"at most {limit:g}{unit}", f"{value:.3g}{unit}", value <= limit)


def compiled() -> Any:
    return build().compile(checkpointer=InMemorySaver())


@dataclass(frozen=True)
class Ran:
    """One run: its last state, and what it took in seconds."""

    state: dict[str, Any]
    wall: float
    cpu: float


async def ran(graph: Any, writer: Writer, brief: str, thread: str, revisions: int = 2) -> Ran:
    """One run from brief to document."""
    config = {"configurable": {"thread_id": thread}, "recursion_limit": RECURSION_LIMIT}
    wall, cpu = time.perf_counter(), time.process_time()
    result = await graph.ainvoke(
        {"arguments": brief, "today": TODAY}, config, context=Context(writer=writer, revisions=revisions), version="v2"
    )
    return Ran(result.value, time.perf_counter() - wall, time.process_time() - cpu)
