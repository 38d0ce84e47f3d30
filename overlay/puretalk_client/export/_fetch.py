"""Fetches the calls of a partition into its file."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from puretalk_generated.api.calls import get_call

from .._client import AsyncPuretalk
from .._core.exchange import Exchange
from .._core.options import Retries
from .._core.telemetry import Operation
from .._envelope import check_call, results_of, validate_call_id
from .._many import CallId, FetchResult, FetchResults, default_concurrency
from ..errors import APIStatusError, ConfigurationError
from ..models import Call
from ._files import Fetched, SideEntry, Writer, open_writer
from ._ids import same_call
from ._inventory import Inventory
from ._partition import Partition, PartitionReport
from ._target import Target, open_target, target_errors

OnResult = Callable[[FetchResult], object]


class Fetcher:
    """Fetches calls with their bodies, over the connections of a client: a ``Call`` holds only what it knows.

    Attributes:
        bodies: The body of each call whose result was not taken yet, by the id as requested.
    """

    def __init__(self, client: AsyncPuretalk, retries: Retries) -> None:
        self._sender, self._retries = client._sender, retries
        self.bodies: dict[CallId, bytes] = {}

    def many(self, ids: Iterable[str]) -> FetchResults:
        """Fetch calls, as ``client.calls.get_many`` does."""
        return FetchResults(self._fetch, ids, default_concurrency(self._sender, None, self._retries), ordered=False)

    async def _fetch(self, call_id: CallId) -> Call:
        text = validate_call_id(call_id)
        # The file of a partition has each call once, by its id, so the check of the id is always on.
        check = functools.partial(check_call, expected_id=text)
        exchange = Exchange(self._sender, get_call.request(text), get_call.RESPONSES, check, None, self._retries)
        call = results_of(await exchange.run())
        self.bodies[call_id] = exchange.content
        return call


class _Outcome:
    """What became of the ids of a partition."""

    def __init__(self) -> None:
        self.fetched: set[str] = set()
        self.failed: list[SideEntry] = []
        self.pending: list[SideEntry] = []

    def add(self, result: FetchResult) -> None:
        call_id = str(result.call_id)
        if result.call is not None:
            self.fetched.add(same_call(call_id))
            if not result.call.status.is_final:
                known = result.call.status.value if result.call.status.is_known else "unknown"
                self.pending.append(SideEntry(call_id, known))
            return
        error = result.error
        code = error.status if isinstance(error, APIStatusError) else None
        self.failed.append(SideEntry(call_id, type(error).__name__, code, error.request_id if error else None))

    def keep(self, failed: Iterable[SideEntry], pending: Iterable[SideEntry]) -> None:
        """Add what is left of an earlier run: what was not fetched this time."""
        pending = [entry for entry in pending if same_call(entry.call_id) not in self.fetched]
        stored = {same_call(entry.call_id) for entry in pending}
        self.failed = [entry for entry in self.failed if same_call(entry.call_id) not in stored]
        listed = stored | self.fetched | {same_call(entry.call_id) for entry in self.failed}
        self.failed += [entry for entry in failed if same_call(entry.call_id) not in listed]
        self.pending += pending


async def fetch_into(
    fetcher: Fetcher, partition: Partition, inventory: Inventory, on_result: OnResult | None = None
) -> PartitionReport:
    """Fetch the calls of a partition, and store its file as the last thing: it says that the partition is done."""
    if report := inventory.done(partition):
        return report
    target, outcome, rows = inventory.target, _Outcome(), 0
    with target.new_file(partition.name) as path:
        with open_writer(path, partition.layout, target.label) as writer:
            await _fetch_all(fetcher, partition, writer, target.label, outcome, on_result)
            rows = len(outcome.fetched)
            if partition.replaces:
                rows += writer.copy(target, partition.name, outcome.fetched)
                outcome.keep(*(inventory.entries(partition.name, kind) for kind in ("failed", "pending")))
        sides = {
            _store_side_file(target, partition, kind, entries)
            for kind, entries in (("failed", outcome.failed), ("pending", outcome.pending))
            if entries
        }
    inventory.add(partition, sides)
    return PartitionReport(partition.name, rows, len(outcome.failed), len(outcome.pending), True)


async def _fetch_all(
    fetcher: Fetcher, partition: Partition, writer: Writer, label: str, outcome: _Outcome, on_result: OnResult | None
) -> None:
    async with fetcher.many(partition.ids) as results:
        async for result in results:
            outcome.add(result)
            if result.call is not None:
                call_id = str(result.call_id)
                fetched = Fetched(call_id, result.call, fetcher.bodies.pop(call_id))
                with target_errors(label, "write to"):
                    writer.add(fetched)
            if on_result is not None:
                on_result(result)


def _store_side_file(target: Target, partition: Partition, kind: str, entries: list[SideEntry]) -> str:
    """Store a list of ids. Its name depends on the content: two workers do not overwrite each other's."""
    content = b"".join(entry.to_json() for entry in sorted(entries, key=lambda entry: entry.call_id))
    name = f"_{kind}-{partition.stem}-{hashlib.blake2b(content, digest_size=6).hexdigest()}.jsonl"
    with target.new_file(name) as path, target_errors(target.label, "write to"):
        Path(path).write_bytes(content)
    return name


def fetch_partition(
    partition: Partition, *, rate_limit: AbstractAsyncContextManager[object] | None = None
) -> PartitionReport:
    """Fetch the calls of a partition into its file, and return the counts. If the file exists, nothing is fetched.

    It works in any thread, with or without a running event loop. It reads ``PURETALK_API_KEY``, and
    ``PURETALK_BASE_URL`` if it is set, from the environment of the process. Two workers may fetch the same partition.

    Args:
        partition: A partition that ``plan`` returned.
        rate_limit: An async context manager that each attempt enters, in place of the partition's share of the
            ``rate_limit`` of ``plan``.

    Raises:
        ConfigurationError: There is no API key.
        ExportError: The target cannot be written, or holds another run.
        AuthenticationError: The API key is wrong.
        PermissionDeniedError: The API key may not read a call.
    """
    if not isinstance(partition, Partition):
        raise ConfigurationError(f"partition must be a Partition, not {type(partition).__name__}")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_fetch_with_own_client(partition, rate_limit))
    with ThreadPoolExecutor(1) as pool:  # an event loop is running here already, such as a notebook's
        return pool.submit(asyncio.run, _fetch_with_own_client(partition, rate_limit)).result()


async def _fetch_with_own_client(
    partition: Partition, rate_limit: AbstractAsyncContextManager[object] | None
) -> PartitionReport:
    layout = partition.layout
    inventory = Inventory.of(open_target(layout.target))
    if report := inventory.done(partition):  # without a client, which takes 30 ms
        return report
    async with AsyncPuretalk(
        rate_limit=layout.rate_limit if rate_limit is None else rate_limit,
        transport=layout.transport,
        max_connections=layout.max_connections,
    ) as client:
        with Operation(client._sender.telemetry, "export.fetch_partition"):
            return await fetch_into(Fetcher(client, layout.retries), partition, inventory)
