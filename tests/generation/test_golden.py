"""Golden specs, one construct each: what the templates must be able to express.

What comes back of a payload, and what need not: tests/generation/golden/payloads.py.
"""

from __future__ import annotations

import subprocess
import sys
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from tests.generation.golden.harness import NAMES, ROOT, Packages, load, schema_names
from tests.generation.golden.payloads import Maker, same, with_nulls


@pytest.mark.parametrize("name", NAMES)
def test_every_module_imports(packages: Packages, name: str) -> None:
    """What was generated imports, every module and every model of it."""
    package = packages[name]
    for path in package.folder.rglob("*.py"):
        module = ".".join(path.relative_to(package.folder).with_suffix("").parts)
        package.module(module.removesuffix(".__init__") if module != "__init__" else "spec")


SCHEMAS = [(name, schema) for name in NAMES for schema in schema_names(load(name))]


@pytest.mark.parametrize(("name", "schema"), SCHEMAS, ids=str)
def test_payloads_come_back_through_both_decoders(packages: Packages, name: str, schema: str) -> None:
    """Whatever a schema allows is decoded alike by both decoders, without a stray, and encoded with nothing lost."""
    package = packages[name]
    codec, answer = package.module("codec"), package.answer(schema)

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(Maker(package.document).payloads(package.schemas[schema]))
    def check(payload: Any) -> None:
        content = msgspec.json.encode(payload)
        walked = codec.structure(msgspec.json.decode(content), answer.type)
        assert codec.decode(content, answer) == walked
        sent = with_nulls(walked, payload, package.module("types").NULL)
        encoded = msgspec.json.encode(package.module("bodies").plain(sent))
        assert same(payload, msgspec.json.decode(encoded)), f"{payload} came back as {encoded!r}"
        assert codec.decode(encoded, answer) == walked

    check()


def checked(*command: str) -> None:
    """Run a checker, which must find nothing."""
    result = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_mypy_strict_passes(packages: Packages) -> None:
    """All golden packages pass mypy --strict, in one run."""
    folders = [str(packages[name].folder) for name in NAMES]
    cache = ROOT / ".mypy_cache" / "golden"
    checked("mypy", "--strict", "--config-file=", f"--cache-dir={cache}", "--no-error-summary", *folders)


def test_pyright_passes(packages: Packages) -> None:
    """All golden packages pass pyright, in one run."""
    folders = [str(packages[name].folder) for name in NAMES]
    checked("pyright", "--pythonpath", sys.executable, *folders)


def test_discriminator_decides_between_members_of_one_shape(packages: Packages) -> None:
    """The value of the discriminator picks the class, by its mapping or else by its name, whatever the shapes."""
    package = packages["discriminator"]
    codec, models = package.module("codec"), package.module("models")
    classes = {
        "start": "Started",
        "begin": "Started",
        "end": "Ended",
        "stop": "Ended",
        "fail": "Failed",
        "Lost": "Lost",
    }
    for kind, name in classes.items():
        event = codec.structure({"kind": kind, "at": 1}, package.answer("Event").type)
        assert type(event) is getattr(models, name), kind
    for kind, name in {"cat": "Cat", "dog": "Dog"}.items():
        assert type(codec.structure({"petKind": kind}, package.answer("AnyPet").type)) is getattr(
            models, name
        )
    for state, name in {"opened": "Opened", "open": "Opened", "closed": "Closed"}.items():
        door = codec.structure({"state": state}, package.answer("Door").type)
        assert type(door) is getattr(models, name), state
    payment = codec.structure({"payType": "Card"}, package.answer("Payment").type)
    assert type(payment) is models.Card


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
def test_union_of_objects_becomes_the_member_that_fits(
    packages: Packages, schema: str, value: Any, expected: str
) -> None:
    """Without a discriminator the member is taken that strays least, then the one that leaves least out."""
    package = packages["unions"]
    built = package.module("codec").structure(value, package.answer(schema).type)
    assert type(built).__name__ == expected


def test_enums_are_literals_of_every_spelling_in_one_order(packages: Packages) -> None:
    """Spellings that differ in case or punctuation all stay, in an order that no hash seed changes."""
    models = packages["enums"].module("models")
    states = ("IN PROGRESS", "In Progress", "done", "in progress", "in-progress", "in_progress")
    assert typing.get_args(models.State) == states
    assert typing.get_args(models.Level) == (-2, 0, 1, 3, 10)


def test_security_picks_the_header_that_every_operation_accepts(packages: Packages) -> None:
    """Of several schemes the client uses the one header key that is enough for all operations."""
    package = packages["security"]
    assert package.module("spec").API_KEY_HEADER == "X-Golden-Key"
    assert package.sent("default.keyed").headers.get("X-Golden-Key") == "k-1"


def test_operations_without_a_name_are_named_after_their_path(packages: Packages) -> None:
    """Without operationId and tags the method and the path name the function; its docstring keeps the words."""
    package = packages["unnamed"]
    modules = {
        str(path.relative_to(package.folder / "api")) for path in package.folder.glob("api/*/[!_]*.py")
    }
    notes = "calls_call_id_notes"
    assert modules >= {"default/get.py", f"default/get_{notes}.py", f"call_notes/post_{notes}.py"}
    words = package.module(f"api.default.get_{notes}").__dict__[f"get_{notes}"].__doc__
    assert 'Ends in a quote"' in words
    assert 'Three """ quotes, a back\\slash \\u and {braces}' in words
