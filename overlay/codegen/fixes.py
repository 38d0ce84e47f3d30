"""Applies an OpenAPI Overlay 1.0 document, which holds the fixes for the vendor's document."""

from __future__ import annotations

import copy
from typing import Any

from jsonpath_rfc9535 import JSONPathEnvironment, JSONPathNode
from jsonpath_rfc9535.exceptions import JSONPathError

from .document import GenerationError


def apply_fixes(document: Any, fixes: Any, name: str, idle: list[str] | None = None) -> None:
    """Apply an OpenAPI Overlay 1.0 document to ``document``, in place.

    An action that is malformed or matches nothing is a GenerationError, which names it and the Overlay document by
    ``name``. With ``idle``, which receives the messages about those that match nothing, they are none.
    """
    actions = fixes.get("actions") if isinstance(fixes, dict) else None
    if not isinstance(actions, list):
        raise GenerationError(f"{name}: not an OpenAPI Overlay: it has no list of actions")
    for number, action in enumerate(actions, start=1):
        label = f"{name}: action {number}"
        if not isinstance(action, dict) or not isinstance(action.get("target"), str):
            raise GenerationError(f"{label}: not an action with a target")
        label += f" ({action.get('description', action['target'])})"
        try:
            nodes = list(JSONPathEnvironment().find(action["target"], document))
        except JSONPathError as error:
            raise GenerationError(f"{label}: bad target: {error}") from None
        if not nodes:
            message = (
                f"{label}: its target {action['target']} matches nothing. If the vendor fixed the defect,"
                " delete the action; if the document was rearranged, adapt the target."
            )
            if idle is None:
                raise GenerationError(message)
            idle.append(message.removeprefix(f"{name}: "))
        elif action.get("remove"):
            remove(nodes, label)
        elif "update" in action:
            for node in nodes:
                merge(node.value, action["update"], label)
        else:
            raise GenerationError(f"{label}: neither update nor remove")


def remove(nodes: list[JSONPathNode], label: str) -> None:
    """Remove nodes from their parents."""
    members: dict[int, tuple[Any, set[Any]]] = {}
    for node in nodes:
        if node.parent is None:
            raise GenerationError(f"{label}: the whole document cannot be removed")
        holder: Any = node.parent.value
        keys = members.setdefault(id(holder), (holder, set()))[1]
        keys.add(node.location[-1])
    for holder, keys in members.values():
        # Back to front, so that the positions of the remaining items do not change.
        for key in sorted(keys, reverse=True) if isinstance(holder, list) else keys:
            del holder[key]


def merge(target: Any, update: Any, label: str) -> None:
    """Merge as Overlay 1.0 specifies: objects are merged, lists extended, other values replaced."""
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
