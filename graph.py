"""A brief comes in; a reviewed strategy goes out.

    begin -> clarify -> ask -> profile -> analyse -> fix -> prove -+- use_case   (draft -> review <-> revise) -+-> gather -> level -> reconcile -> assemble -> save
                                                          +- ...                                      |     |           |
                                                          +- rollout    (draft -> review <-> revise) -+   asks again  mends the sections at fault

Every section is a subgraph of its own and goes at its own pace. Where nothing should be learned, the run goes from asking to
saving: a short reasoned "no AI". Any section runs again on its own (`only`), and everything after it follows.
"""

from __future__ import annotations

from typing import Any, cast

from langgraph.graph import END, START, StateGraph

from ai_data_strategy import steps
from ai_data_strategy.agents import SECTIONS
from ai_data_strategy.section_graph import section_node
from ai_data_strategy.state import Context, Mend, State

RECURSION_LIMIT = 50
KEYS = [section.key for section in SECTIONS]


def build() -> StateGraph[State, Context, State, State]:
    """The graph, not yet compiled: the caller chooses the checkpointer."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node("begin", steps.begin)
    graph.add_node("clarify", steps.clarify)
    graph.add_node("ask", steps.ask)
    graph.add_node("profile", steps.profile)
    graph.add_node("analyse", steps.analyse)
    graph.add_node("fix", steps.fix)
    graph.add_node("prove", steps.prove)
    for section in SECTIONS:
        graph.add_node(section.key, cast(Any, section_node(section)))
    graph.add_node("gather", steps.gather, defer=True, destinations=(*KEYS, "analyse", "level"))
    graph.add_node("level", steps.level)
    graph.add_node("reconcile", steps.reconcile, destinations=("mend", "assemble"))
    graph.add_node("mend", cast(Any, steps.mend), input_schema=Mend)
    graph.add_node("assemble", steps.assemble, defer=True)
    graph.add_node("polish", steps.polish)
    graph.add_node("save", steps.save)

    graph.add_conditional_edges(START, steps.where_to_begin, ["begin", "fix", *KEYS, "gather"])
    graph.add_edge("begin", "clarify")
    graph.add_edge("clarify", "ask")
    graph.add_conditional_edges("ask", steps.learning_needed, ["profile", "save"])
    graph.add_edge("profile", "analyse")
    graph.add_edge("analyse", "fix")
    graph.add_edge("fix", "prove")
    graph.add_conditional_edges("prove", steps.what_to_write, [*KEYS, "gather"])
    for key in KEYS:
        graph.add_edge(key, "gather")
    graph.add_edge("level", "reconcile")
    graph.add_edge("mend", "assemble")
    graph.add_edge("assemble", "polish")
    graph.add_edge("polish", "save")
    graph.add_edge("save", END)
    return graph


def graph() -> Any:
    """The compiled graph as `langgraph dev` serves it: that server brings its own checkpointer."""
    return build().compile(name="ai-data-strategy")
