"""Operations of a later spec work through AsyncPuretalk at once, with every guarantee and no hand-written line."""

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

import regenerate
from spec_tools import document as spec_document
from spec_tools import todos as spec_todos

ROOT = Path(__file__).resolve().parents[2]
# Added to the spec of today, whatever that is, since puretalk_client goes with it.
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
          description: Made
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
    """What came of each use, in a process that has the package of the grown spec."""
    root = tmp_path_factory.mktemp("grown")
    document = spec_document.load_yaml(ROOT / "openapi.yaml")
    document["paths"].update(GROWTH["paths"])
    document["components"]["schemas"].update(GROWTH["schemas"])
    shutil.copytree(ROOT / "overlay" / "templates", root / "overlay" / "templates")
    shutil.copy(ROOT / spec_todos.FIXES, root / spec_todos.FIXES)
    shutil.copy(ROOT / spec_todos.CONFIG, root)
    with (root / "openapi.yaml").open("w", encoding="utf-8") as stream:
        YAML().dump(document, stream)
    (root / "generated").mkdir()
    regenerate.generate(root, root / spec_todos.PACKAGE)
    result = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("new_operations.py"))],
        env={**os.environ, "PYTHONPATH": f"{root / 'generated'}{os.pathsep}{ROOT / 'overlay'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_answer_is_typed_and_the_request_as_the_spec_has_it(found: Any) -> None:
    """The page's items are models; parameters are spelled as OpenAPI's form style; the key is in its header."""
    assert found["page"]["type"] == "ThingPage"
    assert found["page"]["value"] == [["Thing", "a", 1], ["Thing", "b", 2]]
    assert found["page"]["sent"] == [
        ["GET", "https://api.test/things?page=2&kind=a%20b&kind=c", "pt-a-key-for-tests", ""]
    ]


def test_failure_that_may_pass_is_retried(found: Any) -> None:
    """Two answers of 503, then the page."""
    assert (found["retried"]["type"], found["retried"]["requests"]) == ("ThingPage", 3)


def test_deadline_holds(found: Any) -> None:
    """A server that never answers is an APITimeoutError that knows the operation."""
    assert found["late"]["error"] == ["APITimeoutError", "GET", "/things", None, None, 1]


def test_errors_are_those_of_the_tree(found: Any) -> None:
    """An undocumented 422 is an APIStatusError with the server's message; HTML is a ResponseDecodeError."""
    assert found["refused"]["error"] == ["APIStatusError", "GET", "/things", 422, "no such page", 1]
    assert found["broken"]["error"][0] == "ResponseDecodeError"


def test_drift_is_tolerated_and_reported(found: Any) -> None:
    """Strays are kept as they came and reported by path; strict raises."""
    assert found["stray"]["value"] == [["Thing", "a", "big"]]
    assert {drift[0] for drift in found["stray"]["drifts"]} == {"$.count", "$.results[*].size"}
    assert found["strict"]["error"][0] == "ResponseDecodeError"


def test_body_is_sent_as_json(found: Any) -> None:
    """A POST sends its body without what is absent, and returns what the 201 documents."""
    assert found["created"]["value"] == [["Thing", "c", 0]]
    assert found["created"]["sent"][0][:2] == ["POST", "https://api.test/things"]
    assert json.loads(found["created"]["sent"][0][3]) == {"name": "c"}


def test_request_that_may_have_had_its_effect_is_not_sent_again(found: Any) -> None:
    """A POST is not idempotent (RFC 9110, section 9.2.2): after a 503 nobody knows whether the thing was made."""
    assert found["create not sent twice"]["error"][0] == "ServerError"
    assert found["create not sent twice"]["requests"] == 1
