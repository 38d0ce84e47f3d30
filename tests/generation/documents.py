"""Documents and pages, small or the vendor's, for tests of what FROM= names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spec_tools import source as spec_source
from spec_tools.document import GenerationError

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).with_name("base") / "openapi.yaml"  # stands still when the project's own changes
VENDORED = BASE.read_bytes()
VENDOR = ROOT.parent / "shared" / "spec"
TICKS = "````"
SMALL = "openapi: 3.0.1\ninfo: {title: T, version: '1'}\npaths: {}\n"


def page(
    *blocks: str | bytes, fence: str = TICKS, info: str = "yaml openapi-calls GET /calls/{call_id}"
) -> bytes:
    """A page in the vendor's form around documents."""
    text = "> ## Documentation Index\n> Fetch it.\n\n# Get Call\n\n> Returns a single call\n\n\n## OpenAPI\n"
    for block in blocks:
        content = block if isinstance(block, str) else block.decode()
        text += f"\n{fence}{info}\n{content}\n{fence}\n"
    return text.encode()


def document(**members: Any) -> str:
    """A small document with some members of its own, as JSON."""
    common = {"openapi": "3.0.1", "info": {"title": "T", "version": "1"}, "paths": {}}
    return json.dumps({**common, **members})


def operation(name: str) -> dict[str, Any]:
    """A GET operation."""
    return {"get": {"operationId": name, "responses": {"200": {"description": "Done"}}}}


def refusal(*places: str) -> str:
    """Load what must be refused; return the message."""
    with pytest.raises(GenerationError) as caught:
        spec_source.load(places)
    return str(caught.value)
