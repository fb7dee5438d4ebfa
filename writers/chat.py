"""One chat call to an OpenAI-compatible server, in its dialect, with retries, and its errors in this package's words."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache, partial
from typing import cast
from urllib.parse import urlsplit

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    BadRequestError,
    DefaultAsyncHttpxClient,
    NotFoundError,
    UnprocessableEntityError,
)
from pydantic import SecretStr
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

from ai_data_strategy.errors import ReplyUnusable, StrategyError, WriterRefused, WriterUnavailable
from ai_data_strategy.models import OnEvent, quiet
from ai_data_strategy.writers.dialect import Dialect, first_dialect, milder
from ai_data_strategy.writers.replies import Json
from ai_data_strategy.writers.retry import is_passing, is_quota, pause

OPENAI_URL = "https://api.openai.com/v1"
_OVERFLOW = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "exceed_context_size",
    "exceeds the available context",
    "prompt is too long",
    "input is too long",
)
_FILTERED = ("content_filter", "content_policy", "content management policy", "invalid_prompt")
_SHOWN = 300


@dataclass(frozen=True)
class Ask:
    """One question to a model. `system` and `user` come first; `more` goes on with the conversation."""

    id: str
    model: str
    system: str
    user: str
    schema: Json
    cache_key: str
    limit: int
    more: tuple[BaseMessage, ...] = ()


@dataclass(frozen=True)
class Said:
    """What the model said, why it stopped, and the usage that the service reported (None if it reported nothing)."""

    text: str
    finish: str
    refusal: str
    usage: tuple[int, int, int] | None


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds: for one reply, for all tries together, before the second try; and how many tries."""

    timeout: float = 300.0
    tries: int = 6
    total: float = 900.0
    first_wait: float = 0.5


class Chat:
    """A server and its models: one connection pool, one client a model, one limit of calls at a time. For one event loop."""

    def __init__(
        self,
        base_url: str,
        key: SecretStr,
        patience: Patience,
        concurrency: int = 16,
        on_event: OnEvent = quiet,
        slots: asyncio.Semaphore | None = None,
    ) -> None:
        self._base_url = base_url
        self._key = key
        self._patience = patience
        self._on_event = on_event
        self._slots = slots or asyncio.Semaphore(concurrency)
        self._http = DefaultAsyncHttpxClient(timeout=patience.timeout, verify=_certificates())
        self._models: dict[str, ChatOpenAI] = {}
        self._dialects: dict[str, Dialect] = {}

    async def ask(self, ask: Ask) -> Said:
        """Ask, and ask again while the fault may pass.

        Raises: WriterRefused, WriterUnavailable, ReplyUnusable (the prompt is too long, or refused by a filter).
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(is_passing),
            wait=partial(pause, first=self._patience.first_wait),
            stop=stop_after_attempt(self._patience.tries) | stop_before_delay(self._patience.total),
            before_sleep=lambda state: self._on_event("retry", self._waiting(ask, state)),
            reraise=True,
        )
        try:
            return cast(Said, await retrying(self._in_dialect, ask))
        except (APIError, TimeoutError) as error:
            raise self._explained(ask, error) from None  # the cause carries the request and its key

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _in_dialect(self, ask: Ask) -> Said:
        dialect = self._dialects.get(ask.model) or first_dialect(self._base_url)
        while True:
            try:
                said = await self._send(ask, dialect)
            except (BadRequestError, UnprocessableEntityError) as error:
                following = None if _says(error, _OVERFLOW + _FILTERED) else milder(dialect, str(error))
                if following is None:
                    raise
                self._on_event("dialect", f"{ask.model}: {self._short(error)}; asking with {following.shape} instead of {dialect.shape}")
                dialect = following
            else:
                self._dialects.setdefault(ask.model, dialect)  # what worked first; a single odd schema changes it for itself only
                return said

    async def _send(self, ask: Ask, dialect: Dialect) -> Said:
        messages = [SystemMessage(ask.system), HumanMessage(dialect.asking(ask.user, ask.schema)), *ask.more]
        # As extra_body, response_format takes langchain-openai's plain path: no second parsing, and a truncated reply comes
        # back with its usage in place of an exception.
        body = dialect.body(ask.schema, ask.limit, ask.cache_key)
        model = self._model(ask.model)
        async with self._slots, asyncio.timeout(self._patience.timeout):
            try:
                return _said(await model.ainvoke(messages, extra_body=body))
            except (TypeError, AttributeError, KeyError, IndexError, ValueError) as error:
                if isinstance(error, APIError):
                    raise
                raise WriterRefused(
                    f"{self._place} does not answer as a chat-completions server: check --base-url (it often ends with /v1)."
                ) from None

    def _model(self, name: str) -> ChatOpenAI:
        if name not in self._models:
            self._models[name] = ChatOpenAI(
                model=name,
                base_url=self._base_url,
                api_key=self._key,
                timeout=self._patience.timeout,
                max_retries=0,
                use_responses_api=False,
                stream_usage=True,
                http_async_client=self._http,
            )
        return self._models[name]

    @property
    def _place(self) -> str:
        return urlsplit(self._base_url).hostname or "the model's server"

    def _waiting(self, ask: Ask, state: RetryCallState) -> str:
        error = state.outcome.exception() if state.outcome else None
        return f"{ask.id}: {self._short(error)}; try {state.attempt_number + 1} in {state.upcoming_sleep:.1f} s"

    def _explained(self, ask: Ask, error: APIError | TimeoutError) -> StrategyError:
        if _says(error, _OVERFLOW) and not is_passing(error):
            return ReplyUnusable(
                f"{ask.id}: the prompt and the reply do not fit into the context of {ask.model} ({self._short(error)}). Take a model with a longer context."
            )
        if _says(error, _FILTERED) and not is_passing(error):
            return ReplyUnusable(f"{ask.id}: {self._place} filtered the prompt ({self._short(error)}).")
        if is_passing(error):
            return WriterUnavailable(
                f"{ask.id}: {ask.model} at {self._place} did not serve the call: {self._short(error)}. Resume the run later."
            )
        return WriterRefused(f"{self._place} refuses {ask.model}: {self._short(error)}. {_advice(error)}")

    def _short(self, error: BaseException | None) -> str:
        if isinstance(error, TimeoutError) or type(error).__name__.endswith("TimeoutError"):
            return f"no reply within {self._patience.timeout:g} s"
        status = f"HTTP {error.status_code}: " if isinstance(error, APIStatusError) else ""
        secret = self._key.get_secret_value()
        body = getattr(error, "body", None)
        stated = body.get("message") if isinstance(body, dict) else None
        text = " ".join(str(stated or getattr(error, "message", error)).split())
        return status + (text.replace(secret, "[key]") if secret else text)[:_SHOWN]


@cache
def _certificates() -> ssl.SSLContext:
    """Reading the certificates takes 30 ms of CPU: once for all runs of a process."""
    return ssl.create_default_context()


def _said(message: BaseMessage) -> Said:
    reported = message.usage_metadata if isinstance(message, AIMessage) else None
    usage = None
    if reported and reported["input_tokens"]:
        usage = (reported["input_tokens"], reported["output_tokens"], reported.get("input_token_details", {}).get("cache_read") or 0)
    text = message.content if isinstance(message.content, str) else message.text
    return Said(text, message.response_metadata.get("finish_reason") or "", message.additional_kwargs.get("refusal") or "", usage)


def _says(error: BaseException, signs: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(sign in text for sign in signs)


def _advice(error: APIError | TimeoutError) -> str:
    if isinstance(error, APIError) and is_quota(error):
        return "The account has no quota left: mend it, then resume the run."
    if isinstance(error, NotFoundError):
        return "Check --model and --base-url."
    if isinstance(error, APIConnectionError):
        return "Check --base-url and the network."
    return "Check the key (OPENAI_API_KEY or AI_DATA_STRATEGY_API_KEY), --model and --base-url."
