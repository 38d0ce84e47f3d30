"""The calls that the benchmark fetches: the sandbox's sample call, cut or stretched to a number of turns."""

from __future__ import annotations

import itertools
import json
import runpy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TURNS = (0, 40, 400)
ID_COUNT = 1000
"""Calls of each size that the server knows: at 1,000 in flight, each fetch is of another call."""


def call_id(turns: int, number: int) -> str:
    """Return the id of a call; its first eight digits say how many turns the call has."""
    return f"{turns:08d}-0000-4000-8000-{number:012d}"


def call_ids(turns: int) -> list[str]:
    """Return the ids of all calls of one size."""
    return [call_id(turns, number) for number in range(ID_COUNT)]


def envelope(turns: int, identifier: str) -> bytes:
    """Return the body of the response to ``GET /calls/{identifier}``."""
    # By its path, so that the server and the decoders load only this data and not the test kit.
    path = ROOT / "overlay" / "puretalk_client" / "testing" / "_samples.py"
    call: dict[str, Any] = runpy.run_path(str(path))["sample_call"](call_id=identifier)
    said = list(itertools.islice(itertools.cycle(call["transcript_object"]), turns))
    call["transcript_object"] = said
    call["transcript"] = "\n".join(f"{turn['role'].capitalize()}: {turn['content']}" for turn in said)
    return json.dumps({"msg": "Success", "err": False, "results": call}, separators=(",", ":")).encode()
