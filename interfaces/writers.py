"""The writer that a run asks for, with its caps, its call cache and its keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ai_data_strategy.interfaces.store import Run, Store
from ai_data_strategy.models import PlaybookWriter, RoleName, WithFallback, Writer
from ai_data_strategy.settings import Settings
from ai_data_strategy.writers.host_writer import HostWriter

if TYPE_CHECKING:
    from ai_data_strategy.writers.calls import CallCache
    from ai_data_strategy.writers.openai_writer import OpenAIWriter

GRACE = 10.0
"""Seconds that calls under way have to end after Ctrl-C or an error; a second Ctrl-C ends the program at once."""


class WriterMaker:
    """Makes writers for runs and closes what they opened. Options of the call win over the settings."""

    def __init__(self, settings: Settings, max_tokens: int | None, max_cost: float | None, on_event: Callable[[str, str], None]) -> None:
        self._settings = settings
        self._max_tokens = max_tokens or settings.max_tokens
        self._max_cost = max_cost or settings.max_cost
        self._on_event = on_event
        self._open: list[tuple[OpenAIWriter, CallCache]] = []

    async def writer(self, run: Run, store: Store) -> Writer:
        """The writer of a run; what the run has spent before counts against its caps."""
        if run.model == "playbook":
            return PlaybookWriter()
        if run.model == "host":
            return HostWriter()
        return WithFallback(await self._model(run, store), self._on_event)

    async def _model(self, run: Run, store: Store) -> Writer:
        from ai_data_strategy.writers.caps import Caps  # the model path loads langchain and openai: only where a model is asked for
        from ai_data_strategy.writers.chat import Patience
        from ai_data_strategy.writers.openai_writer import OpenAIWriter
        from ai_data_strategy.writers.prices import PriceList
        from ai_data_strategy.writers.tokens import Tokens

        settings = self._settings.model_copy(update={"model": run.model, "base_url": run.base_url or self._settings.base_url})
        key = settings.require_key()
        cache = store.calls()
        before = await cache.spent(run.run)
        roles = cast("dict[RoleName, str]", {**settings.models_by_role, **run.models})
        writer = OpenAIWriter(
            run.model, key, Tokens(settings.cache_folder, self._on_event), base_url=settings.base_url, models_by_role=roles,
            output_tokens=settings.output_tokens, patience=Patience(settings.timeout), concurrency=settings.concurrency,
            caps=Caps(self._max_tokens, self._max_cost, before.tokens_in + before.tokens_out, before.cost), cache=cache, run=run.run,
            prices=PriceList.read(settings.prices), on_event=self._on_event,
        )  # fmt: skip
        self._open.append((writer, cache))
        return writer

    async def close(self) -> None:
        """Close connections; calls under way have a moment to end, so that what is paid for is kept."""
        for writer, cache in self._open:
            await writer.close(GRACE)
            await cache.close()
