"""Operations that a later document adds work through AsyncPuretalk, with every guarantee and no hand-written code."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from codegen import package_facts, regenerate
from codegen.loading import load_yaml
from codegen.operation_names import name_operations, operation_name

from .new_operations import FACTS
from .project import NO_CACHES, ROOT
from .shared import shared_folder

MORE: Any = YAML(typ="safe").load(Path(__file__).with_name("base") / "more-pages.yaml")
NAMES = {
    "assistants": {"create_assistant", "get_assistant", "list_assistants", "update_assistant"},
    "calls": {"get_call", "list_calls", "register_web_call"},
    "campaigns": {"get_campaign", "list_campaigns", "start_campaign"},
    "phone_numbers": {"list_phone_numbers"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The outcome of each case, from a process with the package of the larger document."""

    def create(root: Path) -> None:
        document = load_yaml(ROOT / "openapi.yaml")
        document["paths"].update(MORE["paths"])
        document["components"]["schemas"].update(MORE["schemas"])
        shutil.copytree(ROOT / regenerate.TEMPLATES, root / regenerate.TEMPLATES, ignore=NO_CACHES)
        shutil.copy(ROOT / regenerate.FIXES, root / regenerate.FIXES)
        shutil.copy(ROOT / regenerate.CONFIG, root)
        with (root / "openapi.yaml").open("w", encoding="utf-8") as stream:
            YAML().dump(json.loads(json.dumps(document)), stream)
        (root / "generated").mkdir()
        regenerate.generate(root, root / regenerate.PACKAGE)
        result = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("new_operations.py"))],
            env={**os.environ, "PYTHONPATH": f"{root / 'generated'}{os.pathsep}{ROOT / 'overlay'}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        outcomes = json.loads(result.stdout)
        modules = (root / regenerate.PACKAGE / "api").glob("*/[!_]*.py")
        contents = package_facts.read(root)
        outcomes["places"] = {name: "/".join(map(str, contents.pointers.get(name, ()))) for name in contents.facts}
        outcomes["names"] = [f"{path.parent.name}.{path.stem}" for path in modules]
        (root / "outcomes.json").write_text(json.dumps(outcomes), encoding="utf-8")

    root = shared_folder(tmp_path_factory, "new operations", create)
    return json.loads((root / "outcomes.json").read_text(encoding="utf-8"))


def test_operations_have_names_that_a_person_would_choose(found: Any) -> None:
    """From method and path; the name of the vendor's own operation is the one that it always had."""
    assert set(found["names"]) == {f"{tag}.{name}" for tag, names in NAMES.items() for name in names}


def test_every_class_is_found_in_the_document(found: Any) -> None:
    """Also where many schemas have the same properties, such as the envelopes of the operations."""
    assert [name for name, place in found["places"].items() if not place] == []
    places = {name: found["places"][name] for name in found["places"] if "Response200" in name and "." not in name}
    for name, place in places.items():
        path, method = re.sub(r"[-_]|s$", "", place.split("/")[2]), place.rpartition("/responses")[0].rpartition("/")[2]
        assert path in name.lower(), (name, place)
        assert method in {"Get": "get", "Lis": "get", "Upd": "patch"}.get(name[:3], "post"), (name, place)


@pytest.mark.parametrize(("where", "name"), [
    ("POST /register-web-call", "calls.register_web_call"), ("PUT /assistants/{id}", "assistants.replace_assistant"),
    ("DELETE /addresses/{id}", "addresses.delete_address"), ("GET /statuses/{id}", "statuses.get_status"),
    ("GET /v1/analyses/{id}", "analyses.get_analysis"), ("GET /api/v2/get-call/{id}", "calls.get_call_v2"),
    ("GET /assistants/{id}/tasks", "assistants.list_assistant_tasks"), ("GET /settings", "settings.get_settings"),
    ("GET /phoneNumbers/{n}", "phone_numbers.get_phone_number"), ("POST /calls/search", "calls.search_calls"),
    ("POST /calls/{id}/transfer", "calls.transfer_call"), ("GET /calls/{id}/transfer", "calls.get_call_transfer"),
    ("GET /rates/{from}/{to}", "rates.get_rate_by_to"), ("GET /{id}", "default.get_root"),
    ("PATCH /update-agent/{id}", "agents.update_agent"), ("POST /a/{id}/tasks", "a.create_a_task"),
])  # fmt: skip
def test_name_depends_on_method_and_path_only(where: str, name: str) -> None:
    """So another operation never changes it, and one with a name or a tag of its own keeps that."""
    method, path = where.split(" ")
    assert ".".join(operation_name(method, path)) == name
    mine = {"/calls": {"get": {"tags": ["Mine"]}, "post": {"operationId": "dial"}}}
    for paths in ({**mine, path: {method.lower(): {}}}, {path: {method.lower(): {}}, **mine}):
        document: Any = {"paths": json.loads(json.dumps(paths))}
        name_operations(document)
        named = document["paths"][path][method.lower()]
        assert f"{named['tags'][0]}.{named['operationId']}" == name
        get, post = document["paths"]["/calls"].values()
        assert (get, post) == ({"tags": ["Mine"], "operationId": "list_calls"}, {"operationId": "dial"})


def test_calls_of_a_list_are_those_of_this_package(found: Any) -> None:
    """On every page, with status, metadata and post-analysis; filters are sent with each, and the key is not shown."""
    assert found["pages"]["value"] == [FACTS] * 3
    filters = "status=completed&from_number=%2B15550142"
    urls = ("https://api.test/calls?" + page + filters for page in ("", "page=2&"))
    assert found["pages"]["sent"] == [["GET", url, ""] for url in urls]


def test_calls_are_replaced_at_any_depth(found: Any) -> None:
    """In arrays, maps, nullable fields and models that contain themselves; msgspec decodes all of it, pickles too."""
    assert (found["campaign"]["value"], found["campaign"]["drifts"]) == ([FACTS] * 4, [])
    assert found["fast"]["value"] is True


def test_drift_is_tolerated_and_reported(found: Any) -> None:
    """An unknown status is kept, and other values as received; strict mode raises."""
    assert found["drift"]["value"] == [[True, "on hold", 7, "sales"]]
    assert [path.rpartition(".")[2] for path in found["drift"]["drifts"]] == ["count", "is_billed", "mood", "status"]
    assert found["strict"]["error"][0] == "ResponseDecodeError"


def test_every_operation_has_deadline_retries_and_typed_errors(found: Any) -> None:
    """A list has no envelope, but one that reports an error is one; so is the envelope of other operations."""
    assert (found["retried"]["value"], len(found["retried"]["sent"])) == ([FACTS], 3)
    assert found["late"]["error"] == ["APITimeoutError", "GET", "/calls", None, None, 1]
    assert found["html"]["error"][0] == "ResponseDecodeError"
    assert found["no envelope"]["error"] == ["EnvelopeError", "GET", "/calls", 200, "no plan", 1]
    assert found["campaign failed"]["error"] == ["EnvelopeError", "GET", "/campaigns/x%2F1", 200, "archived", 1]


def test_body_is_sent_once(found: Any) -> None:
    """As JSON without absent properties. POST is not idempotent (RFC 9110, section 9.2.2), so it is not repeated."""
    path = "/calls/register-web-call"
    assert found["registered"]["value"] == ["c-1", "t-1"]
    assert found["registered"]["sent"] == [["POST", f"https://api.test{path}", '{"assistant_id":"a-1"}']]
    assert found["not registered"]["error"] == ["APIStatusError", "POST", path, 422, "no such", 1]
    assert (found["not repeated"]["error"][0], len(found["not repeated"]["sent"])) == ("ServerError", 1)
