"""Reads YAML and JSON, and refuses what could not be processed safely."""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import warnings
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from .document import GenerationError

# Far more than any OpenAPI document has, and few enough to walk quickly.
MAX_NODES = 1_000_000
MAX_LEVELS = 100


def load_yaml(path: Path) -> Any:
    """Read a YAML (or JSON) file.

    Raises:
        GenerationError: It cannot be read, or is not YAML; the message gives the line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GenerationError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None
    return parse_yaml(data, path.name)


def parse_yaml(data: bytes, name: str, lines_before: int = 0) -> Any:
    """Parse YAML or JSON.

    Args:
        data: The bytes.
        name: What messages call them.
        lines_before: The number of lines that precede them in the file ``name``.

    Raises:
        GenerationError: It is neither, or is too large to be walked; the message gives the line.
    """
    try:
        document = copy.deepcopy(parse_text(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise GenerationError(f"{name}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise GenerationError(f"{name}: nested too deeply") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{lines_before + mark.line + 1}" if mark else ""
        raise GenerationError(f"{name}{line}: not YAML: {error.problem or error.context}") from None
    except (
        YAMLError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    ) as error:  # ruamel.yaml raises LookupError for some input
        raise GenerationError(f"{name}: not YAML: {error}") from None
    return document


@functools.lru_cache(maxsize=8)
def parse_text(text: str) -> Any:
    """Parse JSON or YAML. The result is cached, since an update loads each document several times: do not change it."""
    document = parse_json_or_yaml(text)
    measure(document, {})
    name_keys(document)
    return document


def parse_json_or_yaml(text: str) -> Any:
    """Parse JSON with a JSON parser, since YAML has other rules for surrogate pairs and tabs; else parse YAML."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):  # not JSON: YAML in flow style
            return json.loads(text, object_pairs_hook=unique_keys)
    yaml = YAML()
    yaml.preserve_quotes = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        return yaml.load(text)


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object, which must not repeat a key (as in YAML)."""
    members: dict[str, Any] = {}
    for key, value in pairs:
        if key in members:
            raise ValueError(f"found duplicate key {key!r}")
        members[key] = value
    return members


def name_keys(document: Any) -> None:
    """Convert integer keys to strings in place: OpenAPI has only string keys, but 404 is often written unquoted.

    Raises:
        ValueError: A mapping has both forms of a key.
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


def without_style(node: Any, copies: dict[int, Any]) -> Any:
    """Copy a document into plain dicts, lists and scalars, without the types in which ruamel.yaml keeps the style.

    ``copies`` receives the copies by id, so that the nodes of an alias are copied once.
    """
    if isinstance(node, dict):
        if id(node) not in copies:
            copies[id(node)] = {str(key): without_style(value, copies) for key, value in node.items()}
        return copies[id(node)]
    if isinstance(node, list):
        if id(node) not in copies:
            copies[id(node)] = [without_style(value, copies) for value in node]
        return copies[id(node)]
    if isinstance(node, ScalarBoolean):  # a subclass of int
        return bool(node)
    for scalar in (str, int, float):
        if isinstance(node, scalar) and not isinstance(node, bool):
            return scalar(node)
    return node


def measure(node: Any, seen: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Count the nodes and levels of ``node`` with every YAML alias expanded, as other code walks it.

    Raises:
        ValueError: There are too many nodes, or a text cannot be encoded as UTF-8.
        RecursionError: There are too many levels, or an alias is inside its own anchor.
    """
    if not isinstance(node, (dict, list)):
        str(node).encode()
        return 1, 0
    if id(node) not in seen:
        seen[id(node)] = (0, MAX_LEVELS)  # for an alias inside its own anchor
        children = [*node, *node.values()] if isinstance(node, dict) else node
        found = [measure(child, seen) for child in children]
        nodes, levels = sum(size for size, _ in found), max((level for _, level in found), default=0)
        seen[id(node)] = (nodes + 1, levels + 1)
    nodes, levels = seen[id(node)]
    if nodes > MAX_NODES:
        raise ValueError(f"with its aliases expanded it has more than {MAX_NODES} nodes")
    if levels > MAX_LEVELS:
        raise RecursionError
    return nodes, levels
