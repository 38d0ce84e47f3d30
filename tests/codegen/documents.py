"""Small documents and pages, and the vendor's, for tests of loading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codegen import source
from codegen.document import GenerationError

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).with_name("base") / "openapi.yaml"  # does not change with the project's own
VENDORED = BASE.read_bytes()
VENDOR = ROOT.parent / "shared" / "spec"
TICKS = "````"
SMALL = "openapi: 3.0.1\ninfo: {title: T, version: '1'}\npaths: {}\n"


def page(*blocks: str | bytes, fence: str = TICKS, info: str = "yaml openapi-calls GET /calls/{call_id}") -> bytes:
    """A page with documents in code blocks, as the vendor publishes them."""
    text = "> ## Documentation Index\n> Fetch it.\n\n# Get Call\n\n> Returns a single call\n\n\n## OpenAPI\n"
    for block in blocks:
        content = block if isinstance(block, str) else block.decode()
        text += f"\n{fence}{info}\n{content}\n{fence}\n"
    return text.encode()


def document(**members: Any) -> str:
    """A small document with additional members, as JSON."""
    common = {"openapi": "3.0.1", "info": {"title": "T", "version": "1"}, "paths": {}}
    return json.dumps({**common, **members})


def operation(name: str) -> dict[str, Any]:
    """A GET operation."""
    return {"get": {"operationId": name, "responses": {"200": {"description": "Done"}}}}


def refusal(*locations: str) -> str:
    """Load locations that must be refused; return the message."""
    with pytest.raises(GenerationError) as caught:
        source.load(locations)
    return str(caught.value)
