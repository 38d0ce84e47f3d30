"""Compares a generated package with its document and reports what is missing from the package.

    python -m codegen.completeness FOLDER < facts.json

FOLDER is the package. The facts are the document, with all fixes applied, and the class name of each component schema.
The result is a JSON list of messages. Every module is imported and every request is built, so regenerate.py runs this
in a separate process.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from .pointers import at, escape
from .typed_walk import TypedWalk, members, property_pointers

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
"""The default style of parameters, which is the only one that the client supports."""


def load(package: Path) -> tuple[dict[str, ModuleType], list[str]]:
    """Import every module of the package; return the modules by name, and a message for each that fails."""
    modules, problems = {}, []
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__")
        try:
            modules[name] = importlib.import_module(f"{package.name}.{name}".removesuffix(".__init__"))
        except Exception as error:  # any exception: it becomes a message
            problems.append(f"{path.relative_to(package)}: cannot be imported: {described(error)}")
    for name in getattr(modules.get("models"), "__all__", ()):
        try:
            model = getattr(modules["models"], name)
            if attrs.has(model):
                typing.get_type_hints(model)
        except Exception as error:
            problems.append(f"models: {name} cannot be used: {described(error)}")
    return modules, problems


def described(error: Exception) -> str:
    """Return type and message of an exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def template(path: str) -> str:
    """Remove the parameter names from a path template: those in a module's docstring are Python names."""
    return re.sub(r"\{.*?\}", "{}", path)


def sent_arguments(module: ModuleType, path: str, has_body: bool) -> dict[tuple[str, str], str]:
    """Build a request; return the arguments by the location and the name under which each is sent."""
    names = [*inspect.signature(module.request).parameters]
    body = [name for name in ("body_", "body") if has_body and name in names][:1]
    sent = {f"argument{index}x": name for index, name in enumerate(names) if name not in body}
    for name in [name for name in vars(module) if name.startswith("_") and name.endswith("_body")]:
        setattr(module, name, lambda *_: None)  # the body is None
    arguments = {name: text for text, name in sent.items()} | dict.fromkeys(body)
    request = module.request(**arguments)
    found = [("query", *pair) for pair in request.params]
    found += [("header", *pair) for pair in request.headers]
    for cookies in [text for name, text in request.headers if name == "Cookie"]:
        found += [("cookie", *part.split("=", 1)) for part in cookies.split("; ")]
    filled = re.fullmatch(re.sub(r"\\\{.*?\\\}", "(.*)", re.escape(path)), request.path)
    if filled is not None:
        found += [("path", *pair) for pair in zip(re.findall(r"\{(.*?)\}", path), filled.groups(), strict=True)]
    return {(location, name): sent[text] for location, name, text in found if text in sent}


class Comparison(TypedWalk):
    """Compares all operations and component schemas of a document with the package."""

    def __init__(self, document: Any, modules: dict[str, ModuleType]) -> None:
        super().__init__(document, modules["codec"].hints)
        self.models = modules["models"]
        self.operations = {
            template(str(found.__doc__)): found for found in modules.values() if hasattr(found, "RESPONSES")
        }

    def run(self, classes: dict[str, str]) -> list[str]:
        """Compare everything and return messages; ``classes`` are the class names of the component schemas."""
        schemas = (self.document.get("components") or {}).get("schemas") or {}
        paths = self.document["paths"]
        if self.document.get("webhooks"):
            self.problem("webhooks", "not in the package: a client does not receive requests")
        for path, item in paths.items():
            for keyword in item.keys() & {"$ref", "servers"}:
                self.problem(f"path {path}", f"'{keyword}' is not supported")
            for method in [method for method in METHODS if item.get(method)]:
                self.check_operation(f"{method.upper()} {path}", item, f"#/paths/{escape(path)}/{method}")
        for name, schema in schemas.items():
            if classes[name] in getattr(self.models, "__all__", ()):
                hint = getattr(self.models, classes[name]) | None
                self.queue(schema, hint, f"#/components/schemas/{escape(name)}")
        self.walk()
        for name, schema in schemas.items():
            branches = [branch for key in ("allOf", "anyOf", "oneOf") for branch in schema.get(key) or ()]
            is_other = "$ref" in schema or (len(branches) == 1 and "$ref" in branches[0])
            where = f"#/components/schemas/{escape(name)}"
            if where not in self.reached and not is_other and (branches or schema.keys() & {"enum", "properties"}):
                self.problem(where, f"has no class {classes[name]}, and no operation uses it")
        self.check_pointers([*property_pointers(schemas, "#/components/schemas"), *property_pointers(paths, "#/paths")])
        return [f"{where}: {reason}" for where, reason in self.problems.items()]

    def check_pointers(self, pointers: list[str]) -> None:
        """Check that each of these properties was reached, or that something above it is known to be missing."""
        for pointer in pointers:
            above = {pointer[: slash.start()] for slash in re.finditer("/", pointer)}
            if pointer not in self.reached and not above & self.problems.keys():
                self.problem(pointer, "no type in the package has it")

    def resolved(self, node: Any, where: str) -> tuple[Any, str]:
        """Follow ``$ref``; return the target and its location."""
        while "$ref" in node:
            node, where = at(self.document, node["$ref"]), node["$ref"]
        return node, where

    def check_operation(self, name: str, item: Any, where: str) -> None:
        """Compare one operation with its module."""
        operation, module = item[where.rpartition("/")[2]], self.operations.get(template(name))
        if module is None:
            self.problem(name, "has no module: another operation has the same name")
            return
        body, body_at = self.resolved(operation.get("requestBody") or {}, f"{where}/requestBody")
        content = body.get("content") or {}
        try:
            types_of = typing.get_type_hints(module.request, include_extras=True)
            sent = sent_arguments(module, name.partition(" ")[2], bool(content))
        except Exception as error:
            self.problem(name, f"its function 'request' fails: {described(error)}")
            return
        coroutines = [found for _, found in inspect.getmembers(module, inspect.iscoroutinefunction)]
        parameters = [*inspect.signature(module.request).parameters]
        sender = "sender_" if "sender" in parameters else "sender"
        if [[*inspect.signature(found).parameters] for found in coroutines] != [[sender, *parameters]]:
            self.problem(name, "has no coroutine with the parameters of its function 'request'")
        for keyword in operation.keys() & {"callbacks", "servers"}:
            self.problem(name, f"its {keyword} are not in the package")
        declared: dict[tuple[str, str], tuple[Any, str]] = {}
        for above, holder in ((where.rpartition("/")[0], item), (where, operation)):
            for index, entry in enumerate(holder.get("parameters") or ()):
                parameter, found = self.resolved(entry, f"{above}/parameters/{index}")
                # Those of the operation override those of the path.
                declared[parameter["in"], parameter["name"]] = (parameter, found)
        for parameter, found in declared.values():
            self.check_parameter(name, parameter, types_of, sent, found)
        self.check_body(name, content, types_of, inspect.getsource(module.request), body_at)
        for status, entry in operation["responses"].items():
            response, response_at = self.resolved(entry, f"{where}/responses/{status}")
            self.check_response(name, status, response.get("content") or {}, module, response_at)

    def check_parameter(self, name: str, parameter: Any, types_of: Any, sent: Any, where: str) -> None:
        """Check that a parameter is sent, and encoded as the document says."""
        location = parameter["in"]
        label = f"{name}: {location} parameter {parameter['name']}"
        argument = sent.get((location, parameter["name"]))
        if argument is None or "schema" not in parameter:
            self.problem(label, "is not sent; only a parameter with a schema can be")
            return
        options = members(types_of[argument])
        is_flat = Any not in options and not any(
            typing.get_origin(option) is list or is_object(option) for option in options
        )
        if parameter.get("style", STYLES[location]) != STYLES[location]:
            self.problem(label, f"the client does not support style {parameter['style']}")
        elif not is_flat and STYLES[location] == "form" and parameter.get("explode") is False:
            self.problem(label, "the client does not support explode: false")
        self.queue(parameter["schema"], types_of[argument], f"{where}/schema")

    def check_body(self, name: str, content: Any, types_of: Any, source: str, where: str) -> None:
        """Check that the body can be sent as each of its media types."""
        if len(re.findall(r"(?:json|form|multipart|binary)_body\(", source)) != len(content):
            self.problem(name, f"its body cannot be sent as each of {', '.join(content)}")
        schemas = [details["schema"] for details in content.values()]
        if any(schema in schemas[:index] for index, schema in enumerate(schemas)):
            self.problem(name, f"only one of {' and '.join(content)} is ever sent: they have the same schema")
        hint = types_of.get("body_", types_of.get("body"))
        for media, details in content.items():
            for property_ in [
                key for key, value in (details.get("encoding") or {}).items() if {*value} - {"contentType"}
            ]:
                self.problem(f"{name}: body as {media}", f"the encoding of {property_} is not in the package")
            self.queue(details["schema"], hint, f"{where}/content/{escape(media)}/schema")

    def check_response(self, name: str, status: str, content: Any, module: ModuleType, where: str) -> None:
        """Compare one response with the entry of RESPONSES for its statuses."""
        covered = [(0, 999), (300, 999)]  # default, without and with a documented success
        if status != "default":
            covered = [(int(status.replace("XX", "00")), int(status.replace("XX", "99")))]
        entries = [entry for entry in module.RESPONSES.documented if (entry.first, entry.last) in covered]
        if not entries:
            self.problem(f"{name}: response {status}", "is not in RESPONSES")
            return
        if bool(content) != (entries[0].media != "none"):
            self.problem(f"{name}: response {status}", "its body is not decoded, because it has no schema")
        if any(details != first for first in [*content.values()][:1] for details in content.values()) or (
            len(content) > 1 and not all("json" in media for media in content)
        ):
            self.problem(f"{name}: response {status}", f"only one of {' and '.join(content)} is decoded")
        for media in [media for media in content if entries[0].media == "json" and "json" in media][:1]:
            self.queue(content[media]["schema"], entries[0].type, f"{where}/content/{escape(media)}/schema")


def is_object(option: Any) -> bool:
    """Whether a type represents JSON objects."""
    return typing.get_origin(option) is dict or (attrs.has(option) and option.__name__ != "File")


def main() -> None:
    """Write the messages as JSON."""
    facts = json.load(sys.stdin)
    modules, problems = load(Path(sys.argv[1]))
    sys.stdout.write(json.dumps(problems or Comparison(facts["document"], modules).run(facts["classes"])))


if __name__ == "__main__":
    main()
