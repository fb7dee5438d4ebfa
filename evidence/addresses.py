"""Addresses of databases as they may be shown: without passwords and tokens."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

_SECRET = re.compile(r"pass|secret|token|key", re.IGNORECASE)
_HIDDEN = "***"


def masked(address: str) -> str:
    """An address without its password and without parameters that could hold a secret."""
    try:
        split = urlsplit(address)
        port = f":{split.port}" if split.port else ""
        host = f"[{split.hostname}]" if split.hostname and ":" in split.hostname else split.hostname or ""
    except ValueError:
        return f"{address.split('://', 1)[0]}://{_HIDDEN}"
    user = f"{split.username}@" if split.username else ""
    kept = urlencode([(name, value) for name, value in parse_qsl(split.query) if name == "table"])
    return urlunsplit((split.scheme, f"{user}{host}{port}", split.path, kept, ""))


def scrubbed(message: str, address: str) -> str:
    """A message on one line without any secret of the address."""
    text = " ".join(message.split())
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return text


def _secrets(address: str) -> set[str]:
    if not address:
        return set()
    raw = re.match(r"[a-z]+://[^:/@]*:(.*)@", address, re.IGNORECASE)
    found = {raw[1], unquote(raw[1])} if raw else set()
    found |= {value for name, value in parse_qsl(urlsplit(address).query) if _SECRET.search(name)} if "?" in address else set()
    return {address} | {secret for secret in found if secret}
