"""Reads the files of an export, as a program does that does not know this package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq


def contents(target: Path) -> dict[str, bytes]:
    """Return all files by their names, hidden ones too."""
    return {path.name: path.read_bytes() for path in sorted(target.iterdir())}


def parts(target: Path) -> list[Path]:
    """Return the files with calls."""
    return sorted(target.glob("part-*"))


def rows(target: Path) -> list[dict[str, Any]]:
    """Return all calls of an export, by their ids; a call that is there twice is twice in it."""
    found: list[dict[str, Any]] = []
    for part in parts(target):
        if part.suffix == ".parquet":
            found += pq.ParquetFile(part).read().to_pylist()
        else:
            found += map(json.loads, part.read_bytes().splitlines())
    return sorted(found, key=lambda row: str(row["call_id"]))


def side_ids(target: Path, kind: str) -> list[str]:
    """Return the ids in the files of failures, or of calls that were not final."""
    lines = [line for file in target.glob(f"_{kind}-*") for line in file.read_bytes().splitlines()]
    return sorted(json.loads(line)["call_id"] for line in lines)
