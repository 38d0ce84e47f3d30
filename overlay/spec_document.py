"""The vendor's document: reading it, refusing what cannot become a client, and applying the spec fixes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathNode
from jsonpath_rfc9535.exceptions import JSONPathError
from openapi_python_client.strings import PythonIdentifier
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class GenerationError(Exception):
    """Generation cannot go on; the message says where and why."""


def load_yaml(path: Path) -> Any:
    """Read a YAML (or JSON) file.

    Raises:
        GenerationError: It cannot be read, or is not YAML; the message names the line.
    """
    try:
        return YAML().load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise GenerationError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise GenerationError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None
    except RecursionError:
        raise GenerationError(f"{path.name}: nested too deep") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise GenerationError(f"{path.name}{line}: not YAML: {error.problem or error.context}") from None
    except (YAMLError, ValueError) as error:
        raise GenerationError(f"{path.name}: not YAML: {error}") from None


def check_document(document: Any, name: str) -> None:
    """Refuse what the generator would leave out, write over, or trip on, naming the place.

    Raises:
        GenerationError: The document is no OpenAPI 3 document that can become a client.
    """
    if not isinstance(document, dict):
        raise GenerationError(f"{name}: not an OpenAPI document: the top level is no mapping")
    if not str(document.get("openapi", "")).startswith("3."):
        raise GenerationError(f"{name}: 'openapi' must be 3.0.x or 3.1.x, not {document.get('openapi')!r}")
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise GenerationError(f"{name}: 'paths' is missing or empty: there is nothing to generate")
    for where, reference in references(document, "#"):
        if not resolves(document, reference):
            raise GenerationError(f"{name}: {where}: $ref to {reference!r}, which is not in the document")
    for scheme, details in security_schemes(document).items():
        if details.get("type") == "apiKey" and not (details.get("name") and details.get("in")):
            raise GenerationError(f"{name}: security scheme {scheme} lacks 'name' or 'in'")


def check_operation_names(document: Any, name: str) -> None:
    """Refuse two operations that would be written to one module."""
    seen: dict[tuple[str, str], str] = {}
    for where, operation in operations(document):
        if "operationId" not in operation:
            continue
        identifier = PythonIdentifier(str(operation["operationId"]), prefix="field_")
        tag = str((operation.get("tags") or ["default"])[0])
        other = seen.setdefault((tag, identifier), where)
        if other != where:
            raise GenerationError(
                f"{name}: {where}: operationId {operation['operationId']} is also that of {other}"
            )


def operations(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield every operation as "GET /path" with its Operation Object."""
    for path, item in document["paths"].items():
        for method, operation in item.items() if isinstance(item, dict) else ():
            if method in METHODS and isinstance(operation, dict):
                yield f"{method.upper()} {path}", operation


def security_schemes(document: Any) -> dict[str, Any]:
    """Return the security schemes of a document."""
    schemes = (document.get("components") or {}).get("securitySchemes") or {}
    return {name: details for name, details in schemes.items() if isinstance(details, dict)}


def references(node: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every ``$ref`` below ``node`` with the place where it stands."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield where, node["$ref"]
        for key, value in node.items():
            yield from references(value, f"{where}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from references(value, f"{where}/{index}")


def resolves(document: Any, reference: str) -> bool:
    """Whether a local ``$ref`` points at something; the generator takes no other kind."""
    if not reference.startswith("#/"):
        return False
    node = document
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def apply_fixes(document: Any, fixes: Any, name: str) -> None:
    """Apply an OpenAPI Overlay 1.0 document to ``document``, in place.

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
            raise GenerationError(
                f"{label}: its target {action['target']} matches nothing. If the vendor mended the defect,"
                " delete the action; if the spec was rearranged, move the target."
            )
        if action.get("remove"):
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
