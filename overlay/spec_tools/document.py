"""The vendor's document: reading it, refusing what cannot become a client, and applying the spec fixes."""

from __future__ import annotations

import contextlib
import copy
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathNode
from jsonpath_rfc9535.exceptions import JSONPathError
from openapi_python_client.parser.openapi import generate_operation_id
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError

from .places import references, resolve

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Far more than any OpenAPI document has, and few enough to walk through.
MAX_NODES = 1_000_000
MAX_LEVELS = 100


class GenerationError(Exception):
    """Generation cannot go on; the message says where and why."""


def load_yaml(path: Path) -> Any:
    """Read a YAML (or JSON) file.

    Raises:
        GenerationError: It cannot be read, or is not YAML; the message names the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GenerationError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None
    return parse_yaml(data, path.name)


def parse_yaml(data: bytes, name: str, lines_before: int = 0) -> Any:
    """Parse YAML or JSON; ``lines_before`` says where it stands in what is called ``name``.

    Raises:
        GenerationError: It is neither, or could not be walked through; the message names the line.
    """
    try:
        document = parse_text(data.decode("utf-8-sig"))
        measure(document, {})
        name_keys(document)
    except UnicodeDecodeError as error:
        raise GenerationError(f"{name}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise GenerationError(f"{name}: nested too deep") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{lines_before + mark.line + 1}" if mark else ""
        raise GenerationError(f"{name}{line}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:  # the last: ruamel trips
        raise GenerationError(f"{name}: not YAML: {error}") from None
    return document


def parse_text(text: str) -> Any:
    """Parse a text by the rules of JSON where it is JSON: YAML has others for surrogate pairs and tabs."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):  # else it is YAML in braces
            return json.loads(text, object_pairs_hook=unique_keys)
    yaml = YAML()
    yaml.preserve_quotes = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        return yaml.load(text)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON, which as in YAML holds no key twice."""
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise ValueError(f"found duplicate key {key!r}")
        members[key] = value
    return members


def name_keys(document: Any) -> None:
    """Make texts of keys that YAML reads as numbers: OpenAPI's are names, and many write 404 without quotes.

    Raises:
        ValueError: A mapping has both.
    """
    waiting, seen = [document], set[int]()
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (dict, list)) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, dict):
            for index, key in enumerate(list(node)):
                if isinstance(key, int) and not isinstance(key, bool):
                    if str(key) in node:
                        raise ValueError(f"found duplicate key {key}")
                    node.insert(index, str(key), node.pop(key))  # type: ignore[attr-defined]  # ruamel's
        waiting.extend(node.values() if isinstance(node, dict) else node)


def measure(node: Any, seen: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Count the nodes and levels below ``node`` with every alias written out, which is how others walk it.

    Raises:
        ValueError: They are too many, or a text cannot be written as UTF-8.
        RecursionError: The levels are too many, or an alias stands inside its own anchor.
    """
    if not isinstance(node, (dict, list)):
        str(node).encode()
        return 1, 0
    if id(node) not in seen:
        seen[id(node)] = (0, MAX_LEVELS)  # what an alias inside its own anchor finds
        children = [*node, *node.values()] if isinstance(node, dict) else node
        found = [measure(child, seen) for child in children]
        nodes, levels = sum(size for size, _ in found), max((level for _, level in found), default=0)
        seen[id(node)] = (nodes + 1, levels + 1)
    nodes, levels = seen[id(node)]
    if nodes > MAX_NODES:
        raise ValueError(f"its aliases stand for more than {MAX_NODES} nodes")
    if levels > MAX_LEVELS:
        raise RecursionError
    return nodes, levels


def check_document(document: Any, name: str) -> None:
    """Refuse what the generator would leave out, write over, or trip on, naming the place.

    Raises:
        GenerationError: The document is no OpenAPI 3 document that can become a client.
    """
    if not isinstance(document, dict):
        raise GenerationError(f"{name}: not an OpenAPI document: the top level is no mapping")
    if "swagger" in document and "openapi" not in document:
        raise GenerationError(f"{name}: Swagger {document['swagger']}: convert it to OpenAPI 3 first")
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{name}: 'openapi' must be 3.0.x or 3.1.x, not {document.get('openapi')!r}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise GenerationError(f"{name}: 'paths' is missing or empty: there is nothing to generate")
    for where, reference in references(document, "#"):
        try:
            resolve(document, {"$ref": reference})
        except KeyError:
            message = f"{name}: {where}: $ref to {reference!r}, which is not in the document"
            raise GenerationError(message) from None
    for scheme, details in security_schemes(document).items():
        if details.get("type") == "apiKey" and not (details.get("name") and details.get("in")):
            raise GenerationError(f"{name}: security scheme {scheme} lacks 'name' or 'in'")


def check_operation_names(document: Any, name: str) -> None:
    """Refuse two operations that would be written to one module, and one that would hide what stands in it."""
    seen: dict[tuple[str, str], str] = {}
    for where, operation in operations(document):
        method, _, path = where.partition(" ")
        identifier = generate_operation_id(path=UntrustedString(path), method=method.lower(), prefix="field_")
        if "operationId" in operation:
            identifier = PythonIdentifier(str(operation["operationId"]), prefix="field_")
        if identifier == "request":
            raise GenerationError(
                f"{name}: {where}: an operation cannot be named 'request': each has such a function"
            )
        tags = operation.get("tags") or ["default"]
        tag = PythonIdentifier(str(tags[0] if isinstance(tags, list) else tags), prefix="tag")
        other = seen.setdefault((tag, identifier), where)
        if other != where:
            what = (
                f"operationId {operation['operationId']}"
                if "operationId" in operation
                else f"the name {identifier}"
            )
            raise GenerationError(f"{name}: {where}: {what} is also that of {other}")


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation as "GET /path" with its Operation Object."""
    for path, item in (document.get("paths") or {}).items():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield f"{method.upper()} {path}", operation


def security_schemes(document: Any) -> dict[str, Any]:
    """Return the security schemes of a document."""
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    named = schemes.items() if isinstance(schemes, dict) else ()
    return {name: details for name, details in named if isinstance(details, dict)}


def key_header(document: Any, name: str) -> str | None:
    """Return the header that carries the API key: of one apiKey scheme that is enough for every operation.

    Raises:
        GenerationError: An operation needs credentials that the client cannot send.
    """
    keys = {
        scheme: details["name"]
        for scheme, details in security_schemes(document).items()
        if details.get("type") == "apiKey" and details.get("in") == "header"
    }
    unserved: list[tuple[str, Any]] = []
    for key in [*keys, None]:  # without any key the operations that need none are served
        unserved = [
            (where, needed)
            for where, operation in operations(document)
            if (needed := operation.get("security", document.get("security")))
            and not any(set(alternative) <= {key} for alternative in needed)
        ]
        if not unserved:
            return keys[key] if key else None
    where, needed = unserved[0]
    schemes = " or ".join(" with ".join(alternative) for alternative in needed)
    kinds = ", ".join(
        f"{scheme} is {details.get('type')} {details.get('scheme') or details.get('in') or ''}".strip()
        for scheme, details in security_schemes(document).items()
    )
    raise GenerationError(
        f"{name}: {where}: needs {schemes}, and the client sends one API key in one header ({kinds})."
        " Name what it can send under security in overlay/spec-fixes.yaml."
    )


def apply_fixes(document: Any, fixes: Any, name: str, idle: list[tuple[int, str]] | None = None) -> None:
    """Apply an OpenAPI Overlay 1.0 document to ``document``, in place.

    Args:
        document: What is fixed.
        fixes: The Overlay document.
        name: What messages call it.
        idle: Gets number and message of each action that matches nothing; without it, such an action is an error.

    Raises:
        GenerationError: An action is malformed or matches nothing; the message names it.
    """
    actions = fixes.get("actions") if isinstance(fixes, dict) else None
    if not isinstance(actions, list):
        raise GenerationError(f"{name}: not an OpenAPI Overlay: it has no list of actions")
    for number, action in enumerate(actions, start=1):
        label = f"{name}: action {number}"
        if not isinstance(action, dict) or not isinstance(action.get("target"), str):
            raise GenerationError(f"{label}: no action with a target")
        label += f" ({action.get('description', action['target'])})"
        try:
            nodes = list(JSONPathEnvironment().find(action["target"], document))
        except JSONPathError as error:
            raise GenerationError(f"{label}: bad target: {error}") from None
        if not nodes:
            message = (
                f"{label}: its target {action['target']} matches nothing. If the vendor mended the defect,"
                " delete the action; if the spec was rearranged, move the target."
            )
            if idle is None:
                raise GenerationError(message)
            idle.append((number, message.removeprefix(f"{name}: ")))
        elif action.get("remove"):
            remove(nodes, label)
        elif "update" in action:
            for node in nodes:
                merge(node.value, action["update"], label)
        else:
            raise GenerationError(f"{label}: neither update nor remove")


def remove(nodes: list[JSONPathNode], label: str) -> None:
    """Take nodes out of what holds them."""
    members: dict[int, tuple[Any, set[Any]]] = {}
    for node in nodes:
        if node.parent is None:
            raise GenerationError(f"{label}: the whole document cannot be removed")
        holder: Any = node.parent.value
        keys = members.setdefault(id(holder), (holder, set()))[1]
        keys.add(node.location[-1])
    for holder, keys in members.values():
        # Back to front, so that removing a list's member leaves the positions of the others.
        for key in sorted(keys, reverse=True) if isinstance(holder, list) else keys:
            del holder[key]


def merge(target: Any, update: Any, label: str) -> None:
    """Merge as Overlay 1.0 says: objects merge, lists are appended to, anything else is replaced."""
    if isinstance(target, list):
        target.append(copy.deepcopy(update))
        return
    if not isinstance(target, dict) or not isinstance(update, dict):
        raise GenerationError(f"{label}: target and update must both be objects, or the target an array")
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(target.get(key), dict):
            merge(target[key], value, label)
        elif isinstance(value, list) and isinstance(target.get(key), list):
            target[key].extend(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)
