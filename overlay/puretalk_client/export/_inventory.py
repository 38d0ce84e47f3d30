"""The files in a target: the partitions that are done, and the ids that are left over from them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

import msgspec
from attrs import define

from ._files import SideEntry, count_rows, stored_ids
from ._ids import same_call
from ._partition import SIDE_FILE, Layout, Partition, PartitionReport, PartName, stem_of
from ._target import ExportError, Target, open_target, target_errors

MANIFEST = "_manifest.json"


@define
class Inventory:
    """The files of an export, from a listing of its target; who stores or removes one keeps it up to date.

    Attributes:
        target: The target.
        parts: Name of the file of each partition, by the partition's index.
        sides: Names of the files of failures and of calls that were not final, by the stem of their partition.
    """

    target: Target
    parts: dict[int, str]
    sides: dict[str, list[str]]

    @classmethod
    def of(cls, target: Target) -> Self:
        """List a target.

        Raises:
            ExportError: It cannot be read, or holds files that are not of an export.
        """
        return cls(target, *cls._sort(target, target.names()))

    @staticmethod
    def _sort(target: Target, names: Iterable[str]) -> tuple[dict[int, str], dict[str, list[str]]]:
        parts: dict[int, str] = {}
        sides: dict[str, list[str]] = {}
        for name in names:
            part, side = PartName.parse(name), SIDE_FILE.fullmatch(name)
            if part is not None:
                if part.index in parts:
                    raise ExportError(f"{target.label} holds two runs: {parts[part.index]} and {name}")
                parts[part.index] = name
            elif side is not None:
                sides.setdefault(side["stem"], []).append(name)
            elif name != MANIFEST and not name.startswith("."):
                raise ExportError(f"{target.label} holds something else, {name[:80]!r}: name a folder of its own")
        return parts, sides

    @property
    def is_empty(self) -> bool:
        """Whether no run has stored anything."""
        return not self.parts and not self.sides

    def clear(self) -> None:
        """Remove the files of all runs."""
        self.target.remove(MANIFEST)
        for name in [*self.parts.values(), *(name for names in self.sides.values() for name in names)]:
            self.target.remove(name)
        self.parts, self.sides = {}, {}

    def has(self, partition: Partition) -> bool:
        """Whether a partition is done, by another worker perhaps: one look at its file, not at all files, says so.

        Raises:
            ExportError: The target holds another partition in its place.
        """
        name = self.parts.get(partition.index)
        if self.target.has(partition.name) != (name == partition.name) or name not in (None, partition.name):
            self.parts, self.sides = self._sort(self.target, self.target.names())
            name = self.parts.get(partition.index)
        if name is not None and name != partition.name:
            raise ExportError(f"{self.target.label} holds another run: {name} has other ids or other options")
        return name is not None

    def done(self, partition: Partition) -> PartitionReport | None:
        """Return what is stored of a partition, if there is nothing to fetch."""
        return self.report(partition.name) if self.has(partition) != partition.replaces else None

    def add(self, partition: Partition, sides: Collection[str]) -> None:
        """Add the files of a partition that was fetched; remove those that they take the place of."""
        self.parts[partition.index] = partition.name
        others = {*self.sides.get(partition.stem, ())} - {*sides}
        if partition.replaces:
            for name in others:
                self.target.remove(name)
            others = set()
        self.sides[partition.stem] = sorted({*sides, *others})

    def entries(self, name: str, kind: str) -> list[SideEntry]:
        """Return the failures of a partition, or its calls that were not final; each id once.

        The files may list too much: of a worker that was killed, or of one of two that fetched the partition. An id
        whose call is in the partition's file has not failed.
        """
        files = [side for side in self.sides.get(stem_of(name), ()) if side.startswith(f"_{kind}-")]
        found = {same_call(entry.call_id): entry for side in files for entry in SideEntry.read(self.target, side)}
        part = PartName.parse(name)
        assert part is not None  # every name in parts is one
        if found and self.parts.get(part.index) == name:
            stored = stored_ids(self.target, name, part.format)
            found = {key: entry for key, entry in found.items() if (key in stored) == (kind == "pending")}
        return list(found.values())

    def report(self, name: str) -> PartitionReport:
        """Return what is stored of a partition."""
        part = PartName.parse(name)
        assert part is not None
        failed, pending = (len(self.entries(name, kind)) for kind in ("failed", "pending"))
        return PartitionReport(name, count_rows(self.target, name, part.format), failed, pending, written=False)


def leftovers(inventory: Inventory, layout: Layout, *, failed: bool, pending: bool) -> Iterator[Partition]:
    """Yield a partition for each file that lacks calls, or has some that were not final.

    Raises:
        ExportError: A file has another format, other columns, or values that these partitions would leave out.
    """
    for index, name in list(inventory.parts.items()):  # it changes as they are fetched
        part = PartName.parse(name)
        assert part is not None
        if part.layout_digest != layout.digest:
            raise ExportError(f"{name} in {inventory.target.label} has another format, columns= or redact=")
        entries = inventory.entries(name, "failed") if failed else []
        entries += inventory.entries(name, "pending") if pending else []
        if entries:
            packed = msgspec.msgpack.encode([entry.call_id for entry in entries])
            yield Partition(index=index, name=name, layout=layout, packed_ids=packed, replaces=True)


def write_manifest(
    target: str | os.PathLike[str], known: Mapping[str, PartitionReport] | None = None
) -> list[PartitionReport]:
    """Write ``_manifest.json``, which lists the files in a target, and return the counts of each file.

    ``export`` and the adapters for engines do this at the end. If you run ``fetch_partition`` yourself, do it once all
    partitions are done.

    Args:
        target: As for ``plan``.
        known: Reports on files, by name. The counts of other files are read from the target.

    Raises:
        ExportError: The target cannot be read or written, or holds something else.
    """
    place = open_target(os.fspath(target))
    inventory = Inventory.of(place)
    reports = [(known or {}).get(name) or inventory.report(name) for _, name in sorted(inventory.parts.items())]
    sizes = place.sizes()
    totals = {"bytes": 0, "rows": 0, "failed": 0, "pending": 0}
    parts: list[dict[str, str | int]] = []
    for each in reports:
        counts = {"bytes": sizes[each.name], "rows": each.rows, "failed": each.failed, "pending": each.pending}
        parts.append({"name": each.name, **counts})
        totals = {name: total + counts[name] for name, total in totals.items()}
    content = msgspec.json.format(msgspec.json.encode({"parts": parts, **totals}), indent=1)
    with place.new_file(MANIFEST) as path, target_errors(place.label, "write to"):
        Path(path).write_bytes(content + b"\n")
    return reports
