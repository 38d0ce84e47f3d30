"""Compares a generated package with its document: sends values of every schema through the package.

    python -m codegen.completeness FOLDER < facts.json

FOLDER is the package. The facts are the document, normalized, and the class name of each component schema that has one.
The result is JSON: problems, and the places of warnings. Everything is imported and every request is built, so
regenerate.py runs this in a separate process.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import re
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from .contents import FORMS, READ_AS
from .document import operations, resolve, walk
from .samples import FILE, Samples

STYLES = {"query": "form", "cookie": "form", "path": "simple", "header": "simple"}
"""The default style of parameters, which is the only one that the client supports."""
HOLDS = {"query": (list, dict), "path": (list,), "header": (), "cookie": ()}
"""What else than scalars the client encodes in each place; other encodings are ambiguous."""
MEDIA = {content_type: media for media, content_type in READ_AS.items()}


def load(package: Path) -> dict[str, Any]:
    """Import every module of the package; return the modules by name."""
    paths = sorted(package.rglob("*.py"))
    names = [".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return {name: importlib.import_module(f"{package.name}.{name}".removesuffix(".__init__")) for name in names}


class Comparison:
    """Compares a document with a package.

    Attributes:
        problems: The messages, each with what makes two of them the same.
    """

    def __init__(self, document: Any, modules: dict[str, Any], classes: dict[str, str]) -> None:
        self.document, self.modules, self.classes = document, modules, classes
        self.codec, self.types, self.bodies = modules["codec"], modules["types"], modules["bodies"]
        self.schemas: dict[str, Any] = (document.get("components") or {}).get("schemas") or {}
        self.samples = Samples(document, classes)
        self.problems: dict[Any, str] = {}
        self._direct: set[Any] = set()

    def run(self) -> dict[str, Any]:
        """Compare everything."""
        for name, kind in self.classes.items():
            if model := getattr(self.modules["models"], kind, None):  # else it is the alias of a text
                where = f"#/components/schemas/{name}"
                with self.reporting(where, "its class cannot be used"):
                    self.check_values(where, self.schemas[name], model | None)
        found = {str(module.__doc__): module for module in self.modules.values() if hasattr(module, "RESPONSES")}
        for where, operation in operations(self.document):
            if where not in found:
                self.problem(where, "has no module")
                continue
            with self.reporting(where, "its request cannot be built"):
                self.check_operation(where, operation, found[where])
        warnings = self.check_seen()
        problems = [self.problems[key] for key in self.problems if key not in self._direct]
        return {"problems": problems, "warnings": warnings}

    def problem(self, where: str, text: str, key: Any = None) -> None:
        """Record a problem, unless one with that key is known from elsewhere."""
        self.problems.setdefault(key or (where, text), f"{where}: {text}")

    @contextlib.contextmanager
    def reporting(self, where: str, text: str) -> Iterator[None]:
        """Turn any exception into a problem."""
        try:
            yield
        except Exception as error:  # of generated code
            cause = " ".join(f"{type(error).__name__}: {error}".split())
            self.problem(where, f"{text}: {cause}", cause)

    def check_values(self, where: str, schema: Any, hint: Any) -> list[tuple[Any, Any]]:
        """Check that a type keeps each value of a schema; return the values and what they become."""
        made = []
        for value in self.samples.values(schema):
            if value == FILE:
                made.append((value, self.types.File(FILE.encode())))
                continue
            found: list[Any] = []
            built = self.codec.structure(value, hint, lambda *mismatch, into=found: into.append(mismatch))
            for path, expected, given in found:
                if given is self.codec.MISSING:
                    self.lost(where, path, built, "the package requires it, the document does not")
                elif given != FILE or "File" not in str(expected):
                    self.lost(where, path, built, f"its type, {shown(expected)}, cannot hold {given!r:.80}")
            back = msgspec.json.decode(msgspec.json.encode(self.bodies.to_builtins(built)))
            for path in [] if found else differences(value, back):
                self.lost(where, path, built, "it is not kept")
            made.append((value, built))
        return made

    def lost(self, where: str, path: tuple[Any, ...], built: Any, text: str) -> None:
        """Record what is lost of a value, once for each class that it is lost from."""
        for step in path[:-1]:
            if isinstance(built, list):
                built = built[step if isinstance(step, int) else 0]
            elif isinstance(built, dict):
                built = built.get(step) or next(iter(built.values()))
            else:
                built = dict(self.types.named_fields(built, unset=True)).get(step)
        steps = ".".join("*" if isinstance(step, int) else step for step in path)
        label = f"{where}: {steps}" if steps else where
        # A value further inside is lost from another class, which is a problem only once.
        key = (type(built).__name__, path[-1] if path else "")
        if len(path) < 2:
            self._direct.add(key)
        self.problem(label, f"{text} ({type(built).__name__})", label if len(path) < 2 else key)

    def check_operation(self, where: str, operation: Any, module: Any) -> None:
        """Compare one operation with its module."""
        path, names = where.split(" ", 1)[1], [*inspect.signature(module.request).parameters]
        for _, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            if [*inspect.signature(function).parameters][1:] != names:
                self.problem(where, "has no coroutine with the parameters of its function 'request'")
        hints = typing.get_type_hints(module.request, include_extras=True)
        content = resolve(self.document, operation.get("requestBody") or {}).get("content") or {}
        body = next((name for name in ("body_", "body") if content and name in names), "")
        marks: dict[str, Any] = {name: f"argument{index}x" for index, name in enumerate(names) if name != body}
        arguments = marks
        for media, details in content.items():
            label = f"{where}: body as {media}"
            for value, built in self.check_values(label, details["schema"], hints[body]):
                if media in FORMS and not isinstance(value, dict):
                    self.problem(label, "a form must be an object")
                    return
                arguments = marks | {body: built}
                self.check_body(label, media, details, module.request(**arguments).body)
        sent = sent_parameters(module.request(**arguments), path)
        entries = [*(self.document["paths"][path].get("parameters") or ()), *(operation.get("parameters") or ())]
        declared = [resolve(self.document, entry) for entry in entries]  # the last of a name counts
        for key, parameter in {(each["in"], each["name"]): each for each in declared}.items():
            label = f"{where}: {key[0]} parameter {key[1]}"
            name = next((name for name, mark in marks.items() if sent.get(key) == mark), None)
            if name is None or "schema" not in parameter:
                self.problem(label, "is not sent; only a parameter with a schema can be")
                continue
            for value, built in self.check_values(label, parameter["schema"], hints[name]):
                self.check_parameter(label, parameter, value)
                try:
                    module.request(**arguments | {name: built})
                except ValueError as error:
                    self.problem(label, str(error))
        for status, entry in operation["responses"].items():
            content = resolve(self.document, entry).get("content") or {}
            self.check_response(f"{where}: response {status}", status, content, module)

    def check_parameter(self, label: str, parameter: Any, value: Any) -> None:
        """Check that a value of a parameter is encoded as the document says."""
        location, style = parameter["in"], STYLES[parameter["in"]]
        is_nested = isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())
        if is_nested or (isinstance(value, (list, dict)) and not isinstance(value, HOLDS[location])):
            self.problem(label, f"there is no unambiguous encoding of such a value in {location}")
        if parameter.get("style", style) != style:
            self.problem(label, f"the client does not support style {parameter['style']}")
        elif isinstance(value, (list, dict)) and style == "form" and parameter.get("explode") is False:
            self.problem(label, "the client does not support explode: false")

    def check_body(self, label: str, media: str, details: Any, body: Any) -> None:
        """Check that a value is sent as this content type; the runtime sends all of it."""
        if body is None or not ("*" in media or body.content_type.startswith(media.partition(";")[0])):
            self.problem(label, "it is not sent as that")
            return
        for name, encoding in (details.get("encoding") or {}).items():
            types = {kind for each, _, kind, _ in body.parts if each == name} | {"text/plain"}
            if {*encoding} - {"contentType"} or not {encoding.get("contentType"), None} & types:
                self.problem(label, f"the client does not support the encoding of {name}")

    def check_response(self, label: str, status: str, content: Any, module: Any) -> None:
        """Compare one response with the entry of RESPONSES for its statuses."""
        covered = [(0, 999), (300, 999)]  # default, without and with a documented success
        if status != "default":
            covered = [(int(status.replace("XX", "00")), int(status.replace("XX", "99")))]
        entries = [entry for entry in module.RESPONSES.documented if (entry.first, entry.last) in covered]
        media, details = next(iter(content.items()), ("", {"schema": {}}))
        if not entries or entries[0].media != MEDIA.get(media, "none"):
            self.problem(label, f"it is not read as {media}" if entries else "is not in RESPONSES")
        elif entries[0].media == "json":
            self.check_values(label, details["schema"], entries[0].type)

    def check_seen(self) -> dict[str, list[str]]:
        """Check that the values had every property of every schema that is used; return the schemas that are not."""
        unused = {name for name, schema in self.schemas.items() if id(schema) not in self.samples.seen}
        for node in walk(self.document):
            if node.kind == "schema" and node.pointer[-2] == "properties" and id(node.value) not in self.samples.seen:
                group, name = node.pointer[1:3]
                if node.pointer[0] == "paths" or (group == "schemas" and name not in unused):
                    self.problem(node.place, "no type in the package has it")
        text = "not in the package: no operation uses them"
        return {text: [f"#/components/schemas/{name}" for name in sorted(unused)]} if unused else {}


def shown(hint: Any) -> str:
    """Return a type as a message shows it."""
    return hint.__name__ if isinstance(hint, type) else re.sub(r"\b\w+\.models\.|typing\.", "", str(hint))


def differences(sent: Any, back: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value that is not the same after a round trip; an optional null may be absent."""
    if isinstance(sent, dict) and isinstance(back, dict):
        for name, item in sent.items():
            if name in back or item is not None:
                yield from differences(item, back.get(name, ...), (*path, name))
    elif isinstance(sent, list) and isinstance(back, list) and len(sent) == len(back):
        for index, pair in enumerate(zip(sent, back, strict=True)):
            yield from differences(*pair, (*path, index))
    elif sent != back or isinstance(sent, bool) != isinstance(back, bool):
        yield path


def sent_parameters(request: Any, path: str) -> dict[tuple[str, str], str]:
    """Return the values in a request by the location and the name under which each is sent."""
    found = [(("query", name), value) for name, value in request.params]
    found += [(("header", name), value) for name, value in request.headers]
    for part in dict(request.headers).get("Cookie", "=").split("; "):
        name, _, value = part.partition("=")
        found.append((("cookie", name), value))
    filled = re.fullmatch(re.sub(r"\\\{.*?\\\}", "(.*)", re.escape(path)), request.path)
    if filled is not None:
        values = zip(re.findall(r"\{(.*?)\}", path), filled.groups(), strict=True)
        found += [(("path", name), value) for name, value in values]
    return dict(found)


def main() -> None:
    """Write what is found as JSON."""
    facts = json.load(sys.stdin)
    found = Comparison(facts["document"], load(Path(sys.argv[1])), facts["classes"]).run()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
