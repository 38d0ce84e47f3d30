"""``puretalk get``: fetch calls and print them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._many import FetchResult, FetchResults, default_concurrency
from .client import Connection, run_async
from .failures import error_json, error_line
from .formats import Format
from .ids import STDIN, read_ids
from .output import PARTIAL, SUCCESS, write
from .progress import Tally, showing


def is_many(ids: Sequence[str]) -> bool:
    """Whether ids are a list, even if it turns out to have one item."""
    return len(ids) != 1 or ids[0] == STDIN


def get(ids: Sequence[str], form: Format, connection: Connection) -> int:
    """Fetch calls and print them in the order of their ids; return the exit code."""
    return run_async(_get_many(ids, form, connection) if is_many(ids) else _get_one(ids[0], form, connection))


async def _get_one(call_id: str, form: Format, connection: Connection) -> int:
    async with connection.open() as client:
        fetch: Any = client.calls.with_raw_response.get if form.is_raw else client.calls.get
        content = form.one(await fetch(call_id))
    write(content if isinstance(content, bytes) else form.head + content + form.tail)
    return SUCCESS


async def _get_many(ids: Sequence[str], form: Format, connection: Connection) -> int:
    tally = Tally(None if STDIN in ids else len(ids))
    written = 0
    async with connection.open() as client:
        fetch: Any = client.calls.with_raw_response.get if form.is_raw else client.calls.get
        concurrency = connection.concurrency or default_concurrency(client._sender, None, None)
        results = FetchResults(fetch, read_ids(ids), concurrency, ordered=True)
        write(form.head)
        async with showing(tally.describe, fraction=tally.fraction, among_calls=True) as progress, results:
            async for result in results:
                tally.done += 1
                if result.error is not None:
                    tally.failed += 1
                    progress.print_line(_failure(result, form))
                    continue
                content = form.one(result.call)
                write(content if isinstance(content, bytes) else (form.between if written else "") + content)
                written += 1
    write(form.tail)
    return PARTIAL if tally.failed else SUCCESS


def _failure(result: FetchResult, form: Format) -> str:
    assert result.error is not None
    if form.is_json:
        return error_json(result.error, result.call_id)
    return f"puretalk: {error_line(result.error, result.call_id)}"
