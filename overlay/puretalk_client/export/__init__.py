"""Fetches many calls into Parquet or JSON Lines files, and converts calls to Arrow tables.

Parquet and Arrow need the extra ``arrow``; JSON Lines do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._export import (
    ExportReport as ExportReport,
    PlanOptions as PlanOptions,
    Progress as Progress,
    export as export,
    iter_plan as iter_plan,
    plan as plan,
    plan_again as plan_again,
)
from ._fetch import fetch_partition as fetch_partition
from ._ids import read_ids as read_ids
from ._inventory import write_manifest as write_manifest
from ._partition import Partition as Partition, PartitionReport as PartitionReport
from ._selection import CONTACTS as CONTACTS, SPEECH as SPEECH
from ._target import ExportError as ExportError

if TYPE_CHECKING:
    from ._table import (
        schema as schema,
        to_batches as to_batches,
        turns as turns,
        turns_schema as turns_schema,
    )

_OF_ARROW = ("schema", "to_batches", "turns", "turns_schema")


def __getattr__(name: str) -> Any:
    """Import what needs pyarrow when it is used."""
    if name not in _OF_ARROW:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import _table
    except ModuleNotFoundError as error:
        raise ImportError(f"{__name__}.{name} needs pyarrow: install puretalk-client with the extra 'arrow'") from error
    return getattr(_table, name)
