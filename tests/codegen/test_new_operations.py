"""Operations that a later document adds work through AsyncPuretalk, with every guarantee and no hand-written code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from codegen import follow_ups, regenerate
from codegen.loading import load_yaml

from .project import NO_CACHES, ROOT
from .shared import shared_folder

# Added to the current document, which puretalk_client needs.
GROWTH: Any = YAML().load("""
paths:
  /things:
    get:
      operationId: listThings
      tags: [things]
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: kind, in: query, schema: {type: array, items: {type: string}}}
      responses:
        '200':
          description: A page
          content: {application/json: {schema: {$ref: '#/components/schemas/ThingPage'}}}
    post:
      operationId: createThing
      tags: [things]
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/NewThing'}}}
      responses:
        '201':
          description: Created
          content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}
schemas:
  Thing: {type: object, properties: {name: {type: string}, size: {type: integer}}}
  NewThing: {type: object, required: [name], properties: {name: {type: string}, size: {type: integer}}}
  ThingPage:
    type: object
    properties:
      count: {type: integer}
      next: {type: string, nullable: true}
      results: {type: array, items: {$ref: '#/components/schemas/Thing'}}
""")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The outcome of each case, from a process with the package of the larger document."""

    def create(root: Path) -> None:
        document = load_yaml(ROOT / "openapi.yaml")
        document["paths"].update(GROWTH["paths"])
        document["components"]["schemas"].update(GROWTH["schemas"])
        shutil.copytree(ROOT / regenerate.TEMPLATES, root / regenerate.TEMPLATES, ignore=NO_CACHES)
        shutil.copy(ROOT / follow_ups.FIXES, root / follow_ups.FIXES)
        shutil.copy(ROOT / follow_ups.CONFIG, root)
        with (root / "openapi.yaml").open("w", encoding="utf-8") as stream:
            YAML().dump(document, stream)
        (root / "generated").mkdir()
        regenerate.generate(root, root / follow_ups.PACKAGE)
        result = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("new_operations.py"))],
            env={**os.environ, "PYTHONPATH": f"{root / 'generated'}{os.pathsep}{ROOT / 'overlay'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        (root / "outcomes.json").write_text(result.stdout, encoding="utf-8")

    root = shared_folder(tmp_path_factory, "new operations", create)
    return json.loads((root / "outcomes.json").read_text(encoding="utf-8"))


def test_request_and_response_are_as_documented(found: Any) -> None:
    """The items of the page are models, parameters have OpenAPI's form style, and the key is in its header."""
    assert found["page"]["type"] == "ThingPage"
    assert found["page"]["value"] == [["Thing", "a", 1], ["Thing", "b", 2]]
    assert found["page"]["sent"] == [
        ["GET", "https://api.test/things?page=2&kind=a%20b&kind=c", "pt-a-key-for-tests", ""]
    ]


def test_transient_failure_is_retried(found: Any) -> None:
    """After two responses of 503 the third attempt returns the page."""
    assert (found["retried"]["type"], found["retried"]["requests"]) == ("ThingPage", 3)


def test_deadline_holds(found: Any) -> None:
    """Without a response the error is an APITimeoutError with method and path of the operation."""
    assert found["late"]["error"] == ["APITimeoutError", "GET", "/things", None, None, 1]


def test_errors_are_typed(found: Any) -> None:
    """An undocumented 422 is an APIStatusError with the server's message; HTML is a ResponseDecodeError."""
    assert found["refused"]["error"] == ["APIStatusError", "GET", "/things", 422, "no such page", 1]
    assert found["broken"]["error"][0] == "ResponseDecodeError"


def test_drift_is_tolerated_and_reported(found: Any) -> None:
    """Values that do not match are kept as received and reported by path; strict mode raises."""
    assert found["mismatch"]["value"] == [["Thing", "a", "big"]]
    assert set(found["mismatch"]["drifts"]) == {"$.count", "$.results[*].size"}
    assert found["strict"]["error"][0] == "ResponseDecodeError"


def test_body_is_sent_as_json(found: Any) -> None:
    """A POST sends its body without absent properties, and returns the type of the 201."""
    assert found["created"]["value"] == [["Thing", "c", 0]]
    assert found["created"]["sent"][0][:2] == ["POST", "https://api.test/things"]
    assert json.loads(found["created"]["sent"][0][3]) == {"name": "c"}


def test_post_is_not_repeated(found: Any) -> None:
    """A POST is not idempotent (RFC 9110, section 9.2.2): after a 503 it may have had its effect."""
    assert found["create not repeated"]["error"][0] == "ServerError"
    assert found["create not repeated"]["requests"] == 1
