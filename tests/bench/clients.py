"""The clients that are compared, each behind the same function, which fetches the call with an id.

A library is imported when its client opens: a missing one costs only the rows of that client, and the process of a
client does not load the libraries of the others.
"""

from __future__ import annotations

from .floor import floor
from .generated_clients import openai, openapi_generator, stock
from .libraries import aiohttp_by_hand, httpx_by_hand, pyreqwest, wreq
from .ours import GC_THRESHOLD, limit, ours, ours_collecting_less, ours_on_aiohttp
from .target import Opener

CLIENTS: dict[str, Opener] = {
    "floor": floor,
    "limit": limit,
    "ours-aiohttp": ours_on_aiohttp,
    "ours-aiohttp-gc": ours_collecting_less,
    "ours-httpx": ours,
    "hand-aiohttp": aiohttp_by_hand,
    "hand-httpx": httpx_by_hand,
    "hand-httpx-sniffio": httpx_by_hand,
    "pyreqwest": pyreqwest,
    "wreq": wreq,
    "stock": stock,
    "openai": openai,
    "openapi-generator": openapi_generator,
}

EXTRAS = ("floor", "hand-httpx-sniffio", "pyreqwest", "wreq", "openai", "openapi-generator")
"""Clients that run under another Python, with requirements.txt installed.

Their dependencies would change the others: with sniffio (which openai installs), httpcore no longer searches for it
in each request of every client on httpx. "hand-httpx-sniffio" shows the difference.
"""

PROMISED = ("limit", "ours-aiohttp", "ours-httpx", "hand-httpx")
"""Clients in the ratios of promises.py; they are measured in every round, the others in the first ones."""

GENERATED = ("stock", "openai", "openapi-generator")
"""Clients that take ten times as long as ours when many fetches are in flight."""

LABELS = {
    "floor": "the practical floor: httptools and msgspec",
    "limit": "the limit: bare aiohttp and msgspec",
    "ours-aiohttp": "puretalk-client on aiohttp",
    "ours-aiohttp-gc": f"the same with gc.set_threshold({GC_THRESHOLD:_})",
    "ours-httpx": "puretalk-client, default transport",
    "hand-aiohttp": "by hand: aiohttp and json, a dict",
    "hand-httpx": "by hand: httpx and response.json(), a dict",
    "hand-httpx-sniffio": "by hand: httpx with sniffio installed, a dict",
    "pyreqwest": "pyreqwest (Rust) and msgspec",
    "wreq": "wreq (Rust) and msgspec",
    "stock": "stock generated client",
    "openai": "a generated SDK's runtime (openai)",
    "openapi-generator": "OpenAPI Generator, asyncio",
}
