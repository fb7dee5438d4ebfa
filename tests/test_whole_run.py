"""A whole host-written run over the wire: the requests of all its calls as they go to a server, and its replies, from one cassette.

Record again after a change of a prompt: `AI_DATA_STRATEGY_RECORD=1 pytest tests/test_whole_run.py`, and read the cassette's difference.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped, unused-ignore]
from pydantic import SecretStr

from ai_data_strategy.document.markdown import render
from ai_data_strategy.evals.fake_openai import serving
from ai_data_strategy.evals.replay import replies_of, written
from ai_data_strategy.evals.scripted import script
from ai_data_strategy.writers.chat import Patience
from ai_data_strategy.writers.openai_writer import OpenAIWriter
from ai_data_strategy.writers.tokens import Tokens

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "lifts"
CASSETTE = Path(__file__).parent / "cassettes" / "lifts.json.gz"
RECORDING = bool(os.environ.get("AI_DATA_STRATEGY_RECORD"))
ANYWHERE = "http://127.0.0.1:9/v1"  # nothing listens here: a replay that asks the network fails


class Packed:
    """Cassettes as packed JSON: the prompts of a whole run repeat themselves."""

    @staticmethod
    def serialize(cassette: dict[str, Any]) -> str:
        return json.dumps(cassette, indent=1, default=lambda value: value.decode() if isinstance(value, bytes) else str(value))

    @staticmethod
    def deserialize(text: str) -> Any:
        return json.loads(text)


def bare(recorded: Any) -> Any:
    """A request without headers and port: they hold the key and tell about the machine."""
    recorded.headers = {}
    recorded.uri = ANYWHERE.removesuffix("/v1") + recorded.path
    return recorded


def anonymous(response: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in response["headers"].items() if name.lower() == "content-type"}
    return response | {"headers": kept}


@contextmanager
def played(folder: Path) -> Iterator[str]:
    """The address to send to: a recorded server, or while recording a real one that says the example's replies."""
    plain = folder / "lifts.json"
    player = vcr.VCR(match_on=["method", "path", "body"], before_record_request=bare, before_record_response=anonymous)
    player.register_serializer("packed", Packed)
    if RECORDING:
        lines = script(replies_of(EXAMPLE), folder / "replies.jsonl")
        with serving("--replies", str(lines)) as url, player.use_cassette(str(plain), serializer="packed", record_mode="all"):
            yield url
        CASSETTE.write_bytes(gzip.compress(plain.read_bytes(), mtime=0))
    else:
        plain.write_bytes(gzip.decompress(CASSETTE.read_bytes()))
        with player.use_cassette(str(plain), serializer="packed", record_mode="none") as cassette:
            yield ANYWHERE
            assert cassette.all_played


async def test_a_whole_run_over_the_wire_gives_the_example(tmp_path: Path) -> None:
    with played(tmp_path) as url:
        writer = OpenAIWriter("host", SecretStr("sk-test-0123456789abcdef"), Tokens(tmp_path), base_url=url, patience=Patience(30, 1, 30))
        strategy = await written(EXAMPLE, writer)
        await writer.close()
    assert [usage.calls for usage in strategy.usage] and sum(usage.calls for usage in strategy.usage) <= 34
    assert render(strategy) == (EXAMPLE / "strategy.md").read_text("utf-8")


def test_the_cassette_holds_no_key() -> None:
    if RECORDING:
        pytest.skip("recording")
    assert b"sk-test" not in gzip.decompress(CASSETTE.read_bytes())
