"""Packages generated from the golden documents, by the driver and the templates of the project."""

from __future__ import annotations

import functools
import importlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import frozen
from ruamel.yaml import YAML

from codegen import regenerate
from codegen.loading import load_yaml

from ..shared import shared_folder

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))
NO_FIXES = "overlay: 1.0.0\ninfo: {title: None, version: '1'}\nactions: []\n"
SERVER = "https://golden.test"

Handler = Callable[[httpx.Request], httpx.Response]


def write_project(root: Path, document: Any) -> Path:
    """Write a project around a document: the real templates, no spec fixes, no class overrides."""
    shutil.copytree(
        ROOT / regenerate.TEMPLATES,
        root / regenerate.TEMPLATES,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (root / "overlay" / "spec-fixes.yaml").write_text(NO_FIXES, encoding="utf-8")
    configuration = load_yaml(ROOT / "generator-config.yaml")
    del configuration["class_overrides"]
    for name, content in (("generator-config.yaml", configuration), ("openapi.yaml", document)):
        # JSON is YAML too, and is parsed much faster.
        (root / name).write_text(json.dumps(content, default=str), encoding="utf-8")
    return root


def is_base(schema: Any) -> bool:
    """Whether a schema is only inherited from: nothing may refer to it but the allOf of its subtypes."""
    return "discriminator" in schema and "properties" in schema


def with_readers(document: Any) -> Any:
    """Add for each component schema an operation that returns it, so that its Python type can be found."""
    document.setdefault("servers", [{"url": SERVER}])
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if is_base(schema):
            continue
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        document["paths"][f"/schemas/{name}"] = {
            "get": {
                "operationId": f"read schema {name}",
                "tags": ["schemas"],
                "responses": {"200": {"description": "it", "content": content}},
            }
        }
    return document


@frozen
class Package:
    """The package generated from a golden document."""

    name: str
    document: Any
    folder: Path

    def module(self, name: str) -> Any:
        """Import one of its modules."""
        return importlib.import_module(f"{self.folder.name}.{name}")

    @property
    def schemas(self) -> dict[str, Any]:
        """The component schemas of the document."""
        schemas: dict[str, Any] = self.document.get("components", {}).get("schemas", {})
        return schemas

    def response(self, schema: str) -> Any:
        """Return the DocumentedResponse whose type is that of a component schema."""
        return self.readers[schema].RESPONSES.documented[0]

    @functools.cached_property
    def readers(self) -> dict[str, Any]:
        """The modules of the operations that ``with_readers`` added, by schema."""
        paths = sorted((self.folder / "api" / "schemas").glob("[!_]*.py"))
        modules = [self.module(f"api.schemas.{path.stem}") for path in paths]
        return {module.__doc__.rpartition("/")[2]: module for module in modules}

    def operation(self, name: str) -> Any:
        """Return the coroutine function of an operation ("tag.name")."""
        return getattr(self.module(f"api.{name}"), name.rpartition(".")[2])

    async def send(self, operation: str, handler: Handler, **arguments: Any) -> Any:
        """Send the request of an operation with the plain client; the server is a function."""
        http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
        async with self.module("client").Client(http=http, base_url=SERVER, api_key="k-1") as client:
            return await self.operation(operation)(client, **arguments)

    async def sent(self, operation: str, **arguments: Any) -> httpx.Request:
        """Send the request of an operation, and return it as the server received it."""
        seen: list[httpx.Request] = []

        def keep(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(204)

        await self.send(operation, keep, **arguments)
        return seen[0]


class Packages:
    """The golden packages by name, each generated when a test first needs it."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self.factory = factory
        self.loaded: dict[str, Package] = {}

    def __getitem__(self, name: str) -> Package:
        if name not in self.loaded:
            document = with_readers(load(name))

            def create(folder: Path) -> None:
                regenerate.generate(write_project(folder / "project", document), folder / f"golden_{name}")

            root = shared_folder(self.factory, name, create)
            sys.path.insert(0, str(root))
            self.loaded[name] = Package(name, document, root / f"golden_{name}")
        return self.loaded[name]


def load(name: str) -> Any:
    """Read a golden document."""
    return YAML(typ="safe").load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def schema_names(document: Any) -> list[str]:
    """List the component schemas, except those that a discriminator selects: these are part of its union."""
    schemas = document.get("components", {}).get("schemas", {})
    selected: set[str] = set()
    for name, schema in schemas.items():
        if "discriminator" in schema:
            members = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
            mapped = schema["discriminator"].get("mapping", {}).values()
            selected.update(each.rpartition("/")[2] for each in (*(each.get("$ref", "") for each in members), *mapped))
        if is_base(schema):
            reference = {"$ref": f"#/components/schemas/{name}"}
            selected |= {name, *(heir for heir, each in schemas.items() if reference in each.get("allOf", ()))}
    return [name for name in schemas if name not in selected]
