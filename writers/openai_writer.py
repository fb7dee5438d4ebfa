"""The writer that asks an OpenAI-compatible chat model: caps and calls kept, replies validated, failing fields asked again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Generic

from langchain_core.messages import AIMessage, HumanMessage
from pydantic import SecretStr

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import ReplyUnusable, StoreError
from ai_data_strategy.models import M, OnEvent, Reply, Request, RoleName, Spent, WastedReply, quiet
from ai_data_strategy.writers.calls import Call, CallCache, CallKey, call_key
from ai_data_strategy.writers.caps import Caps
from ai_data_strategy.writers.chat import OPENAI_URL, Ask, Chat, Patience, Said
from ai_data_strategy.writers.prices import Price, PriceList
from ai_data_strategy.writers.replies import (
    Json,
    Reason,
    check_reply,
    parse_reply,
    part_schema,
    schema_text,
    strict_schema,
    without_unknown,
)
from ai_data_strategy.writers.tokens import Tokens

EXPECTED_OUTPUT = 4_000  # tokens set aside for a reply before it is there; a section's draft takes two to four thousand
REPAIRS = 2
_MOST_REASONS = 20


@dataclass
class _Tab(Generic[M]):
    """One request while it is served: its model, its price, and what it took so far."""

    request: Request[M]
    model: str
    price: Price | None
    spent: Spent


class OpenAIWriter:
    """Writes with any OpenAI-compatible chat model, a different one for each role if wished. For one event loop.

    `run` and `cache` make finished calls last over restarts; `caps` may be shared by the writers of a run; `slots` limits the calls
    of many runs in one process together (`concurrency` those of this writer alone).
    """

    def __init__(
        self,
        model: str,
        key: SecretStr,
        tokens: Tokens,
        *,
        base_url: str | None = None,
        models_by_role: Mapping[RoleName, str] | None = None,
        output_tokens: int = 16_000,
        patience: Patience | None = None,
        concurrency: int = 16,
        slots: asyncio.Semaphore | None = None,
        caps: Caps | None = None,
        cache: CallCache | None = None,
        run: str = "",
        prices: PriceList | None = None,
        on_event: OnEvent = quiet,
    ) -> None:
        self.name = model
        self._base_url = base_url or OPENAI_URL
        self._by_role = dict(models_by_role or {})
        self._tokens = tokens
        self._output_tokens = output_tokens
        self._caps = caps or Caps()
        self._cache = cache
        self._run = run
        self._on_event = on_event
        self._flying: dict[CallKey, asyncio.Task[Any]] = {}
        prices = prices or PriceList.read()
        self._prices = {name: prices.price(name, self._base_url) for name in {model, *self._by_role.values()}}
        for name, price in self._prices.items():
            self._caps.require_price(name, price is not None)
        self._chat = Chat(self._base_url, key, patience or Patience(), concurrency, on_event, slots)

    async def write(self, request: Request[M]) -> Reply[M]:
        """The validated reply; a call that was finished before, or is under way, is not made again.

        Raises: ReplyUnusable, WriterRefused, WriterUnavailable, CapReached.
        """
        model = self._by_role.get(request.role, self.name)
        key = call_key(self._run, request, model)
        task: asyncio.Task[Reply[M]] | None = self._flying.get(key)
        if task is None:
            task = asyncio.create_task(self._write(request, model, key))
            self._flying[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)  # a call that is paid for is finished and kept, whoever stops waiting

    async def close(self, grace: float = 0.0) -> None:
        """Close the connections; calls under way have `grace` seconds to end, so that what is paid for is kept."""
        if self._flying:
            await asyncio.wait(self._flying.values(), timeout=grace)
        await self._chat.close()

    def _landed(self, key: CallKey, task: asyncio.Task[Any]) -> None:
        self._flying.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, even if nobody waits any more

    async def _write(self, request: Request[M], model: str, key: CallKey) -> Reply[M]:
        known = await self._find(request, model, key)
        if known:
            return known
        tab = _Tab(request, model, self._prices[model], Spent(model))
        try:
            value = await self._conversation(tab)
        except ReplyUnusable as error:
            raise WastedReply(str(error), tab.spent) from None
        await self._keep(key, Call(value.model_dump_json(), tab.spent))
        return Reply(value, model, tab.spent)

    # --- the conversation: ask, read, ask again for what is wrong

    async def _conversation(self, tab: _Tab[M]) -> M:
        schema = tab.request.schema
        reply = parse_reply((await self._whole(tab)).text) or {}
        for _ in range(REPAIRS):
            checked = check_reply(schema, reply)
            if not isinstance(checked, list):
                return checked
            reply = without_unknown(schema, reply)
            checked = check_reply(schema, reply)
            if not isinstance(checked, list):
                return checked
            reply = await self._repaired(tab, reply, checked)
        checked = check_reply(schema, reply)
        if isinstance(checked, list):
            raise ReplyUnusable(f"{tab.request.id}: the reply of {tab.model} stays invalid after {REPAIRS} repairs: {_listed(checked)}")
        return checked

    async def _whole(self, tab: _Tab[M]) -> Said:
        ask = self._asking(tab)
        said = await self._said(tab, ask)
        if said.finish == "length":
            self._on_event("truncated", f"{tab.request.id}: the reply broke off at {ask.limit} tokens; once more with {2 * ask.limit}")
            said = await self._said(tab, replace(ask, limit=2 * ask.limit))
        if said.finish == "length":
            raise ReplyUnusable(
                f"{tab.request.id}: the reply of {tab.model} broke off twice, at {ask.limit} and {2 * ask.limit} tokens. Raise AI_DATA_STRATEGY_OUTPUT_TOKENS."
            )
        return said

    async def _repaired(self, tab: _Tab[M], reply: Json, reasons: list[Reason]) -> Json:
        fields = sorted({reason.field for reason in reasons})
        schema = tab.request.schema
        if not reply or "" in fields:
            fields = list(schema.model_fields)
        self._on_event("repair", f"{tab.request.id}: asking again for {', '.join(fields)}: {_listed(reasons)}")
        more = (AIMessage(json.dumps(reply)), HumanMessage(_mending(fields, reasons)))
        ask = replace(self._asking(tab), schema=part_schema(schema, fields), more=more)
        said = await self._said(tab, ask)
        mended = parse_reply(said.text) or {}
        return reply | {name: value for name, value in mended.items() if name in fields}

    def _asking(self, tab: _Tab[M]) -> Ask:
        request = tab.request
        cache_key = sha256(request.prefix.encode("utf-8", "replace")).hexdigest()[:32]
        return Ask(request.id, tab.model, request.prefix, request.suffix, strict_schema(request.schema), cache_key, self._output_tokens)

    # --- one call, with its caps and its costs

    async def _said(self, tab: _Tab[M], ask: Ask) -> Said:
        tokens_in = self._counted(ask, tab.request.schema)
        expected = min(EXPECTED_OUTPUT, ask.limit)
        reservation = self._caps.reserve(tokens_in + expected, tab.price.cost(tokens_in, expected) if tab.price else None)
        try:
            said = await self._chat.ask(ask)
        except BaseException:  # cancelled too: the reservation must not stay
            self._caps.release(reservation)
            raise
        spent = self._cost(tab, tokens_in, said)
        self._caps.settle(reservation, spent.tokens_in + spent.tokens_out, spent.cost)
        tab.spent = tab.spent.plus(spent)
        if said.refusal or said.finish == "content_filter":
            raise ReplyUnusable(f"{ask.id}: {ask.model} declines to write this: {said.refusal or 'its content filter stopped the reply'}")
        return said

    def _counted(self, ask: Ask, schema: type[Model]) -> int:
        shown = json.dumps(ask.schema) if ask.more else schema_text(schema)
        parts = (self._tokens.of_repeated(ask.system), self._tokens.count(ask.user), self._tokens.of_repeated(shown))
        return sum(parts) + sum(self._tokens.count(str(message.content)) for message in ask.more)

    def _cost(self, tab: _Tab[M], counted_in: int, said: Said) -> Spent:
        counted_out = self._tokens.count(said.text)
        tokens_in, tokens_out, cached = said.usage or (counted_in, counted_out, 0)
        cost = tab.price.cost(tokens_in, tokens_out, cached) if tab.price else None
        return Spent(tab.model, tokens_in, tokens_out, cached, cost, 1, counted_in, counted_out)

    # --- finished calls

    async def _find(self, request: Request[M], model: str, key: CallKey) -> Reply[M] | None:
        try:
            call = await self._cache.find(key) if self._cache else None
        except StoreError as error:
            self._on_event("store", str(error))
            return None
        value = check_reply(request.schema, parse_reply(call.reply)) if call else []
        return Reply(value, model, call.spent) if call and not isinstance(value, list) else None

    async def _keep(self, key: CallKey, call: Call) -> None:
        try:
            if self._cache:
                await self._cache.keep(key, call)
        except StoreError as error:  # a reply that is paid for is not lost because it cannot be kept
            self._on_event("store", str(error))


def _listed(reasons: list[Reason]) -> str:
    more = f" and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
    return "; ".join(str(reason) for reason in reasons[:_MOST_REASONS]) + more


def _mending(fields: list[str], reasons: list[Reason]) -> str:
    faults = "\n".join(f"- {reason}" for reason in reasons[:_MOST_REASONS])
    return f"These parts of your reply are not valid:\n{faults}\nReply with one JSON object that holds only these fields, whole and mended: {', '.join(fields)}."
