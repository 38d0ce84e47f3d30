"""Golden documents, one construct each, that generation must support.

golden/payloads.py says which payloads are generated, and what need not survive a round trip.
"""

from __future__ import annotations

import subprocess
import sys
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from tests.support.payloads import Maker

from .golden.harness import NAMES, ROOT, Packages, load, schema_names
from .golden.payloads import same, with_nulls

SCHEMAS = [(name, schema) for name in NAMES for schema in schema_names(load(name))]


@pytest.mark.parametrize(("name", "schema"), SCHEMAS, ids=str)
def test_both_decoders_agree_and_nothing_is_lost(packages: Packages, name: str, schema: str) -> None:
    """Both decoders accept every valid payload with the same result, and encoding it returns the payload."""
    package = packages[name]
    codec, response = package.module("codec"), package.response(schema)

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(Maker(package.document).payloads(package.schemas[schema]))
    def check(payload: Any) -> None:
        content = msgspec.json.encode(payload)
        structured = codec.structure(msgspec.json.decode(content), response.type)
        assert codec.decode(content, response) == structured
        value = with_nulls(structured, payload, package.module("types").NULL)
        encoded = msgspec.json.encode(package.module("bodies").to_builtins(value))
        assert same(payload, msgspec.json.decode(encoded)), f"{payload} became {encoded!r}"
        assert codec.decode(encoded, response) == structured

    check()


def run_checker(*command: str) -> None:
    """Run a type checker, which must not report anything."""
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_strict_passes(packages: Packages) -> None:
    """Mypy --strict accepts all golden packages."""
    folders = [str(packages[name].folder) for name in NAMES]
    cache = ROOT / ".mypy_cache" / "golden"
    run_checker("mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary", *folders)


def test_pyright_passes(packages: Packages) -> None:
    """Pyright accepts the models and operations of all golden packages; "make types" checks the runtime."""
    folders = [packages[name].folder for name in NAMES]
    generated = [str(path) for folder in folders for path in (folder / "api", folder / "models.py")]
    run_checker("pyright", "--pythonpath", sys.executable, *generated)


DECIDED = {
    "Event": ({"at": 1}, "kind", {"start": "Started", "begin": "Started", "end": "Ended", "stop": "Ended",
                                  "fail": "Failed", "Lost": "Lost"}),
    "AnyPet": ({}, "petKind", {"cat": "Cat", "dog": "Dog"}),
    "Door": ({}, "state", {"opened": "Opened", "open": "Opened", "closed": "Closed"}),
    "Payment": ({}, "payType", {"Card": "Card"}),
}  # fmt: skip


@pytest.mark.parametrize("schema", DECIDED)
def test_discriminator_decides_between_members_of_one_shape(packages: Packages, schema: str) -> None:
    """The value of the discriminator selects the class, by its mapping or by the name of the member."""
    package, (rest, name, classes) = packages["discriminator"], DECIDED[schema]
    found = {
        tag: type(package.module("codec").structure({name: tag, **rest}, package.response(schema).type)).__name__
        for tag in classes
    }
    assert found == classes


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ("Pet", {"bark": "x"}, "Dog"),
        ("Pet", {"bark": None}, "Dog"),
        ("Shape", {"side": 1, "label": None}, "Square"),
        ("Tagged", {"by": "sms", "to": "x"}, "Sms"),
        ("InBoxes", {"inside": {"bark": "x"}}, "DogBox"),
        ("CatOrFree", {"meow": "x"}, "Cat"),
        ("CatOrFree", {"meow": "x", "tail": 1}, "Free"),
        ("NamesOrCat", {"paws": 4}, "Cat"),
    ],
)
def test_union_of_objects_becomes_the_member_that_fits_best(
    packages: Packages, schema: str, value: Any, expected: str
) -> None:
    """Without a discriminator, the member with the fewest mismatches wins, then the one that keeps most."""
    package = packages["unions"]
    built = package.module("codec").structure(value, package.response(schema).type)
    assert type(built).__name__ == expected


def test_enums_are_literals_of_every_spelling_in_a_fixed_order(packages: Packages) -> None:
    """Spellings that differ in case or punctuation are all kept, in an order that does not depend on hashes."""
    models = packages["enums"].module("models")
    states = ("IN PROGRESS", "In Progress", "done", "in progress", "in-progress", "in_progress")
    assert typing.get_args(models.State) == states
    assert typing.get_args(models.Level) == (-2, 0, 1, 3, 10)


async def test_security_selects_the_key_that_most_operations_accept(packages: Packages) -> None:
    """Of several schemes, the client uses the first that is enough for most operations; the others have their own."""
    package = packages["security"]
    assert package.module("spec").API_KEY.scheme == "Bearer"
    request = await package.sent("default.either")
    assert request.headers.get("Authorization") == "Bearer k-1"
    request = await package.sent("default.keyed")
    assert request.headers.get("X-Golden-Key") == "k-1"


def test_operations_without_a_name_get_one(packages: Packages) -> None:
    """Without operationId and tags, method and path name the function. Its docstring is the description."""
    package = packages["unnamed"]
    modules = {str(path.relative_to(package.folder / "api")) for path in package.folder.glob("api/*/[!_]*.py")}
    assert modules >= {"default/get_root.py", "calls/list_call_notes.py", "call_notes/create_call_note.py"}
    docstring = package.operation("calls.list_call_notes").__doc__
    assert 'Ends in a quote"' in docstring
    assert 'Three """ quotes, a back\\slash \\u and {braces}' in docstring
