"""Golden specs made into packages: each once, by the project's own driver and templates."""

from __future__ import annotations

import asyncio
import functools
import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from attrs import frozen
from ruamel.yaml import YAML

import regenerate

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))
NO_FIXES = "overlay: 1.0.0\ninfo: {title: None, version: '1'}\nactions: []\n"
SERVER = "https://golden.test"


def project(root: Path, document: Any) -> Path:
    """Write a project around a document: the real templates, no spec fixes, no class overrides."""
    shutil.copytree(
        ROOT / "overlay" / "templates",
        root / "overlay" / "templates",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (root / "overlay" / "spec-fixes.yaml").write_text(NO_FIXES, encoding="utf-8")
    configuration = YAML().load((ROOT / "generator-config.yaml").read_text(encoding="utf-8"))
    del configuration["class_overrides"]
    for name, content in (("generator-config.yaml", configuration), ("openapi.yaml", document)):
        with (root / name).open("w", encoding="utf-8") as stream:
            YAML().dump(content, stream)
    return root


def is_base(schema: Any) -> bool:
    """Whether a schema is only inherited from: nothing may refer to it but the allOf of its kinds."""
    return "discriminator" in schema and "properties" in schema


def with_readers(document: Any) -> Any:
    """Add an operation for each component schema that answers with it, so that its Python type is known."""
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
    """What a golden spec was made into."""

    name: str
    document: Any
    folder: Path

    def module(self, name: str) -> Any:
        """Import one of its modules."""
        return importlib.import_module(f"{self.folder.name}.{name}")

    @property
    def schemas(self) -> dict[str, Any]:
        """The component schemas of the spec."""
        schemas: dict[str, Any] = self.document.get("components", {}).get("schemas", {})
        return schemas

    def answer(self, schema: str) -> Any:
        """Return the Answer whose type a component schema became."""
        return self.readers[schema].RESPONSES.answers[0]

    @functools.cached_property
    def readers(self) -> dict[str, Any]:
        """The modules of the operations that ``with_readers`` added, by schema."""
        paths = sorted((self.folder / "api" / "schemas").glob("[!_]*.py"))
        modules = [self.module(f"api.schemas.{path.stem}") for path in paths]
        return {module.__doc__.rpartition("/")[2]: module for module in modules}

    def run(
        self, operation: str, handler: Callable[[httpx.Request], httpx.Response], **arguments: Any
    ) -> Any:
        """Call an operation ("tag.name") of the plain client; the server is a function."""
        function = getattr(self.module(f"api.{operation}"), operation.rpartition(".")[2])

        async def call() -> Any:
            http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
            async with self.module("client").Client(http=http, base_url=SERVER, api_key="k-1") as client:
                return await function(client, **arguments)

        return asyncio.run(call())

    def sent(self, operation: str, **arguments: Any) -> httpx.Request:
        """Call an operation, and return the request that arrived."""
        seen: list[httpx.Request] = []

        def keep(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(204)

        self.run(operation, keep, **arguments)
        return seen[0]


class Packages:
    """Every golden package, generated when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Package] = {}
        sys.path.insert(0, str(folder))

    def __getitem__(self, name: str) -> Package:
        if name not in self.made:
            self.made[name] = package = Package(
                name, with_readers(load(name)), self.folder / f"golden_{name}"
            )
            regenerate.generate(project(self.folder / "projects" / name, package.document), package.folder)
        return self.made[name]


def load(name: str) -> Any:
    """Read a golden spec."""
    return YAML(typ="safe").load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def schema_names(document: Any) -> list[str]:
    """List the component schemas, but for those that a discriminator tells apart: they come as part of its union."""
    schemas = document.get("components", {}).get("schemas", {})
    unions = [schema for schema in schemas.values() if "discriminator" in schema and not is_base(schema)]
    told_apart = {member["$ref"] for union in unions for member in union.get("oneOf") or union["anyOf"]}
    bases = {f"#/components/schemas/{name}" for name, schema in schemas.items() if is_base(schema)}
    return [name for name in schemas if f"#/components/schemas/{name}" not in told_apart | bases]
