"""A chat-completions server without a model, for benchmarks and fault tests. Standard library only.

Replies are shaped, not meaningful: a request with a JSON schema gets an object that satisfies it, any other gets filler text.
Every call is logged, so that calls, tokens, concurrency and the shared prompt prefix can be measured.

    python -m ai_data_strategy.evals.fake_openai --port 0 --latency 1.0 --rate 0 --log calls.jsonl
    ... --fault 429:0.1 --fault truncate:0.05 --fault malformed:0.05 --fault refuse:0.02 --fault 500:0.05 --fault hang:0.01
    ... --fault 429:1 --until 2                 only the first two calls fail
    ... --without json_schema --without prompt_cache_key        refuses these parameters, as older servers do
    ... --replies replies.jsonl                 {"match": "text in the last message", "content": "..."} one a line, first match wins;
                                                with "fields": [...] only for a schema of these fields. Lines with the same match and
                                                fields are said one after the other, the last one again and again

Prints its base URL as its first line. --latency: seconds before a reply; --rate: tokens a second after that (0 = at once);
--limit: calls served at once before 429; --seed: faults and filler are the same for the same seed and call number.
Faults: 400 (context overflow), 401 (repeats the key, as careless servers do), 403, 404, 429, 500, 503, quota, hang, truncate,
malformed, refuse, empty, html.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WORDS = ["tickets", "routed", "by", "queue", "with", "consent", "recorded", "and", "owner", "named", "before", "each", "weekly", "snapshot"]
Json = dict[str, Any]
_CODES = {
    "400": "context_length_exceeded",
    "401": "invalid_api_key",
    "403": "permission_denied",
    "404": "model_not_found",
    "429": "rate_limit_exceeded",
    "quota": "insufficient_quota",
    "500": "server_error",
    "503": "server_error",
}
_DEEP, _NO_MORE = 6, 12


# --- shaped content


def fill(schema: Json, defs: Json, rng: random.Random, depth: int = 0) -> Any:
    """An instance of a JSON schema (the subset that structured output uses)."""
    if "$ref" in schema:
        return fill(defs[schema["$ref"].split("/")[-1]], defs, rng, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _choice(schema[key], defs, rng, depth)
    if "allOf" in schema:
        return fill(schema["allOf"][0], defs, rng, depth + 1)
    return _of_type(schema, defs, rng, depth)


def _choice(options: list[Json], defs: Json, rng: random.Random, depth: int) -> Any:
    filled = [option for option in options if option.get("type") != "null"] or options
    return None if depth > _NO_MORE and len(filled) < len(options) else fill(filled[0], defs, rng, depth + 1)


def _of_type(schema: Json, defs: Json, rng: random.Random, depth: int) -> Any:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return {name: fill(inner, defs, rng, depth + 1) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        count = min(max(schema.get("minItems", 1 if depth > _DEEP else 2), 1), schema.get("maxItems", 99))
        return [fill(schema.get("items", {"type": "string"}), defs, rng, depth + 1) for _ in range(count)]
    if kind in ("integer", "number"):
        return _number(schema, kind)
    if kind == "boolean":
        return rng.random() < 0.5
    return None if kind == "null" else _text(schema, rng)


def _number(schema: Json, kind: str) -> float:
    low = schema.get("minimum", schema["exclusiveMinimum"] + 1 if "exclusiveMinimum" in schema else 1)
    value = min(max(low, 1), schema.get("maximum", 10**9))
    return int(value) if kind == "integer" else float(value)


def _text(schema: Json, rng: random.Random) -> str:
    if schema.get("format") in ("date", "date-time"):
        return "2027-01-31" if schema["format"] == "date" else "2027-01-31T00:00:00Z"
    longest, shortest = int(schema.get("maxLength", 400)), int(schema.get("minLength", 0))
    if "pattern" in schema:  # ids and keys
        return rng.choice(WORDS)[:longest]
    return " ".join(rng.choices(WORDS, k=8))[:longest].ljust(shortest, ".")


def _spoken(message: Json) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else json.dumps(content)


# --- the server


class Server:
    """Answers calls, makes faults, and counts."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.numbers = itertools.count(1)
        self.calls, self.active, self.peak = 0, 0, 0
        self.faults = [(name, float(share)) for name, share in (fault.split(":") for fault in options.fault)]
        lines = Path(options.replies).read_text("utf-8").splitlines() if options.replies else []
        self.replies: list[Json] = [json.loads(line) for line in lines if line.strip()]
        self.said: dict[str, int] = {}
        self.log = Path(options.log).open("a", buffering=1, encoding="utf-8") if options.log else None

    def fault(self, number: int, rng: random.Random) -> str:
        """The fault of a call, "" for none."""
        if self.active > self.options.limit:
            return "429"
        if self.options.until and number > self.options.until:
            return ""
        return next((name for name, share in self.faults if rng.random() < share), "")

    def content(self, body: Json, rng: random.Random) -> str:
        """What the reply says."""
        shape = body.get("response_format") or {}
        if (scripted := self.scripted(_spoken(body["messages"][-1]), shape.get("json_schema", {}).get("schema", {}))) is not None:
            return scripted
        if shape.get("type") == "json_schema":
            schema = shape["json_schema"]["schema"]
            return json.dumps(fill(schema, schema.get("$defs", schema.get("definitions", {})), rng))
        return "{}" if shape.get("type") == "json_object" else " ".join(rng.choices(WORDS, k=self.options.words))

    def scripted(self, last: str, schema: Json) -> str | None:
        """The next scripted reply to a message that asks for a schema, None if there is none."""
        fields = sorted(schema.get("properties", {}))
        fitting = (r for r in self.replies if r["match"] in last and sorted(r.get("fields", fields)) == fields)
        first = next(fitting, None)
        if first is None:
            return None
        same = [r["content"] for r in self.replies if (r["match"], r.get("fields")) == (first["match"], first.get("fields"))]
        key = json.dumps([first["match"], first.get("fields")])
        self.said[key] = self.said.get(key, -1) + 1
        return str(same[min(self.said[key], len(same) - 1)])

    async def complete(self, body: Json, headers: dict[str, str], out: Out) -> None:
        """Serve one call."""
        number, began = next(self.numbers), time.time()
        rng = random.Random(self.options.seed * 1_000_003 + number)
        self.calls, self.active = self.calls + 1, self.active + 1
        self.peak = max(self.peak, self.active)
        fault = self.fault(number, rng)
        prompt = "".join(_spoken(message) for message in body["messages"])
        try:
            await self._answer(body, headers, out, fault, (number, began), rng, len(prompt) // 4)
        finally:
            self._log(number, began, fault, body, prompt)
            self.active -= 1

    async def _answer(
        self, body: Json, headers: dict[str, str], out: Out, fault: str, when: tuple[int, float], rng: random.Random, tokens_in: int
    ) -> None:
        if refused := next(
            (name for name in self.options.without if name in json.dumps({k: v for k, v in body.items() if k != "messages"})), ""
        ):
            await out.error(400, "unsupported_parameter", f"Unsupported parameter: '{refused}' is not supported with this model.", {})
        elif fault in _CODES:
            message = f"Incorrect API key provided: {headers.get('authorization', '')}" if fault == "401" else _CODES[fault]
            waits = {"retry-after": self.options.retry_after} if fault == "429" else {}
            await out.error(429 if fault == "quota" else int(fault), _CODES[fault], message, waits)
        elif fault == "html":
            await out.send(200, b"<html><body>It works!</body></html>", {"content-type": "text/html"})
        else:
            await asyncio.sleep(3600 if fault == "hang" else self.options.latency)
            await self._reply(body, out, fault, when, rng, tokens_in)

    async def _reply(self, body: Json, out: Out, fault: str, when: tuple[int, float], rng: random.Random, tokens_in: int) -> None:
        content, refusal, finish = _spoiled(self.content(body, rng), fault)
        tokens_out = len(content or "") // 4
        if self.options.rate:
            await asyncio.sleep(tokens_out / self.options.rate)
        usage: Json = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out}
        usage |= {"prompt_tokens_details": {"cached_tokens": 0}}
        base: Json = {"id": f"chatcmpl-{when[0]}", "created": int(when[1]), "model": body.get("model", "fake")}
        if body.get("stream"):
            await out.stream(base, content or "", refusal, finish, usage)
            return
        message = {"role": "assistant", "content": content, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        await out.json(200, base | {"object": "chat.completion", "usage": usage, "choices": [choice]})

    def _log(self, number: int, began: float, fault: str, body: Json, prompt: str) -> None:
        if self.log:
            line = {"n": number, "began": began, "ended": time.time(), "active": self.active, "fault": fault or None}
            self.log.write(json.dumps({**line, "model": body.get("model"), "tokens_in": len(prompt) // 4, "prompt": prompt}) + "\n")

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        out = Out(writer)
        try:
            while True:
                path, headers = _head((await reader.readuntil(b"\r\n\r\n")).decode())
                size = int(headers.get("content-length", 0))
                body = json.loads(await reader.readexactly(size)) if size else {}
                if path.endswith("/chat/completions"):
                    await self.complete(body, headers, out)
                elif path.endswith("/models"):
                    await out.json(200, {"object": "list", "data": [{"id": "fake", "object": "model"}]})
                elif path.endswith("/stats"):
                    await out.json(200, {"peak": self.peak, "calls": self.calls})
                else:
                    await out.error(404, "not_found", "no such path", {})
        except (asyncio.IncompleteReadError, ConnectionResetError, BrokenPipeError):
            pass  # the client has gone
        finally:
            writer.close()


def _spoiled(content: str, fault: str) -> tuple[str | None, str | None, str]:
    """Content, refusal and finish reason after the fault."""
    if fault == "malformed":
        return "Sure! Here it is:\n```json\n" + content[: max(1, len(content) * 2 // 3)], None, "stop"
    if fault == "truncate":
        return content[: max(1, len(content) // 2)], None, "length"
    if fault == "refuse":
        return None, "I cannot help with that.", "stop"
    return ("" if fault == "empty" else content), None, "stop"


def _head(text: str) -> tuple[str, dict[str, str]]:
    first, *lines = text.split("\r\n")
    pairs = (line.partition(":") for line in lines if ":" in line)
    return first.split(" ")[1], {name.strip().lower(): value.strip() for name, _, value in pairs}


class Out:
    """What goes back on a connection."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer

    async def send(self, status: int, raw: bytes, headers: dict[str, str]) -> None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.writer.write(f"HTTP/1.1 {status} X\r\n{lines}content-length: {len(raw)}\r\n\r\n".encode() + raw)
        await self.writer.drain()

    async def json(self, status: int, payload: Json, headers: dict[str, str] | None = None) -> None:
        await self.send(status, json.dumps(payload).encode(), {"content-type": "application/json", **(headers or {})})

    async def error(self, status: int, code: str, message: str, headers: dict[str, str]) -> None:
        await self.json(status, {"error": {"message": message, "type": code, "code": code}}, headers)

    async def stream(self, base: Json, content: str, refusal: str | None, finish: str, usage: Json) -> None:
        self.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        parts: list[Json] = [{"role": "assistant", "content": ""}] + [
            {"content": content[at : at + 40]} for at in range(0, len(content), 40)
        ]
        parts += [{"refusal": refusal}] if refusal else []
        events: list[Json] = [{"choices": [{"index": 0, "delta": part, "finish_reason": None}]} for part in parts]
        events += [{"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}, {"choices": [], "usage": usage}]
        lines = [json.dumps(base | {"object": "chat.completion.chunk"} | event) for event in events] + ["[DONE]"]
        for raw in (f"data: {line}\n\n".encode() for line in lines):
            self.writer.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


# --- from Python, and the command line


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The base URL of a server in a process of its own with these arguments, stopped at the end."""
    command = [sys.executable, "-m", "ai_data_strategy.evals.fake_openai", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().strip()
        finally:
            server.kill()


async def run(options: argparse.Namespace) -> None:
    """Serve until the process is stopped."""
    server = Server(options)
    listening = await asyncio.start_server(server.client, "127.0.0.1", options.port, limit=64 * 1024 * 1024)
    sys.stdout.write(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    async with listening:
        await listening.serve_forever()


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--words", type=int, default=120)
    parser.add_argument("--limit", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", action="append", default=[])
    parser.add_argument("--until", type=int, default=0)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--retry-after", default="1")
    parser.add_argument("--replies")
    parser.add_argument("--log")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        asyncio.run(run(options()))
    except KeyboardInterrupt:
        sys.exit(0)
