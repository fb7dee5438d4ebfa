"""The protocol against a real model: cassettes of the local SmolLM2, replayed everywhere, and the live server where it is installed.

Record again with `AI_DATA_STRATEGY_RECORD=1 pytest tests/test_smollm.py` (needs what evals/smollm.py names).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import vcr  # type: ignore[import-untyped, unused-ignore]
from pydantic import Field, SecretStr

from ai_data_strategy.domain import Model
from ai_data_strategy.errors import ReplyUnusable
from ai_data_strategy.evals.smollm import missing, serving
from ai_data_strategy.models import Request
from ai_data_strategy.writers.chat import Patience
from ai_data_strategy.writers.openai_writer import OpenAIWriter
from ai_data_strategy.writers.tokens import Tokens

CASSETTES = Path(__file__).parent / "cassettes"
RECORDING = bool(os.environ.get("AI_DATA_STRATEGY_RECORD"))
ANYWHERE = "http://127.0.0.1:9/v1"  # nothing listens here: a replay that asks the network fails
KEY = "sk-test-0123456789abcdef"
live = pytest.mark.skipif(bool(missing()), reason=missing() or "installed")


class Animal(Model):
    """An animal in three fields."""

    name: Annotated[str, Field(max_length=20)]
    size: Literal["small", "large"]
    sounds: Annotated[list[Annotated[str, Field(max_length=10)]], Field(max_length=2)]


def request(prefix: str = "You are terse.") -> Request[Animal]:
    """A small request."""
    return Request("animal", "writer", "animal", prefix, "Describe a cat.", Animal, lambda: Animal(name="cat", size="small", sounds=[]))


def bare(recorded: Any) -> Any:
    """A request without headers and port: they hold the key and tell about the machine."""
    recorded.headers = {}
    recorded.uri = ANYWHERE.removesuffix("/v1") + recorded.path
    return recorded


def anonymous(response: dict[str, Any]) -> dict[str, Any]:
    """A response with the one header that matters."""
    kept = {name: value for name, value in response["headers"].items() if name.lower() == "content-type"}
    return response | {"headers": kept}


@contextmanager
def cassette(name: str) -> Iterator[str]:
    """The base URL to ask while a cassette plays, or is recorded from the live server."""
    player = vcr.VCR(
        match_on=["method", "path", "body"], filter_headers=["authorization"], before_record_request=bare, before_record_response=anonymous
    )
    path = str(CASSETTES / f"{name}.yaml")
    if RECORDING:
        Path(path).unlink(missing_ok=True)
        with serving() as url, player.use_cassette(path, record_mode="once"):
            yield url
    else:
        with player.use_cassette(path, record_mode="none"):
            yield ANYWHERE


def writer(url: str, cache: Path, limit: int = 120, **options: Any) -> OpenAIWriter:
    """A writer that asks SmolLM2."""
    return OpenAIWriter(
        "smollm2", SecretStr(KEY), Tokens(cache), base_url=url, output_tokens=limit, patience=Patience(60, 2, 60), **options
    )


async def test_a_schema_is_followed(tmp_path: Path) -> None:
    with cassette("schema") as url:
        asking = writer(url, tmp_path)
        reply = await asking.write(request())
        await asking.close()
    assert isinstance(reply.value, Animal)
    assert reply.spent.calls == 1 and reply.spent.tokens_in > 10 and reply.spent.tokens_out > 10


async def test_truncation_is_seen_and_tried_once_more(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []
    with cassette("truncation") as url:
        asking = writer(url, tmp_path, limit=6, on_event=lambda kind, text: events.append((kind, text)))
        with pytest.raises(ReplyUnusable, match="broke off twice, at 6 and 12 tokens"):
            await asking.write(request())
        await asking.close()
    assert [kind for kind, _ in events] == ["truncated"]


async def test_a_prompt_beyond_the_context_is_named(tmp_path: Path) -> None:
    with cassette("overflow") as url:
        asking = writer(url, tmp_path)
        with pytest.raises(ReplyUnusable, match="context of smollm2"):
            await asking.write(request("word " * 5000))
        await asking.close()


def test_cassettes_hold_no_key_and_no_machine() -> None:
    recorded = "".join(path.read_text() for path in CASSETTES.glob("*.yaml"))
    assert '"model":"smollm2"' in recorded
    assert not [
        word for word in (KEY, "Authorization", "/home/", "/tmp/", "site-packages", "x-stainless") if word.lower() in recorded.lower()
    ]


@live
async def test_live_parallel_calls_are_served(tmp_path: Path) -> None:
    with serving(slots=2) as url:
        asking = writer(url, tmp_path)
        replies = await asyncio.gather(*(asking.write(request(f"You are terse. {number}")) for number in range(2)))
        await asking.close()
    assert all(isinstance(reply.value, Animal) for reply in replies)
