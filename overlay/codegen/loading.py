"""Reads YAML 1.2 and JSON into plain dicts, lists and scalars, and refuses what could not be processed safely."""

from __future__ import annotations

import codecs
import contextlib
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped]

from .document import GenerationError

# Far more than any OpenAPI document has, and few enough to walk quickly.
MAX_NODES = 1_000_000
MAX_LEVELS = 100
SURROGATE = re.compile("[\ud800-\udfff]")


class Number(float):
    """A number with a fraction, as written: version 1.10 is not version 1.1."""

    text: str


class Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """The parser of YAML 1.1, in C, with the scalars of YAML 1.2: ``no`` and ``1:30`` are texts."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """Build a mapping, whose keys are texts: OpenAPI has no others, but 404 is often written unquoted."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "found a key that is not a text", key.start_mark)
            if key.value in seen:
                problem = f"found duplicate key {key.value!r}"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        self.flatten_mapping(node)  # what is merged by "<<" comes first
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}

    def construct_number(self, node: Any) -> Number:
        """Build a number with a fraction."""
        number = Number(re.sub(r"\.(inf|Inf|nan)", r"\1", node.value))
        number.text = node.value
        return number

    def construct_whole_number(self, node: Any) -> int:
        """Build an integer."""
        return int(node.value, 0 if node.value[:2] in ("0o", "0x") else 10)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|\.inf|\.Inf|\.nan", list("-+.0123456789")),
    ("merge", "<<", ["<"]),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)
for _tag, _construct in (
    ("map", Loader.construct_mapping),
    ("float", Loader.construct_number),
    ("int", Loader.construct_whole_number),
):
    Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _construct)


def is_json(data: bytes) -> bool:
    """Whether a text is JSON, or YAML in flow style."""
    return data.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"{")


def load_yaml(path: Path) -> Any:
    """Read a YAML (or JSON) file; a GenerationError says why it cannot be read, and in which line."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GenerationError(f"{path.name}: {(error.strerror or 'cannot be read').lower()}") from None
    return parse_yaml(data, path.name)


def parse_yaml(data: bytes, name: str, lines_before: int = 0) -> Any:
    """Parse YAML or JSON, which follows ``lines_before`` other lines in the file ``name``.

    Raises:
        GenerationError: It is neither, or is too large to be walked; the message gives the line.
    """
    try:
        return expanded(parse_text(data.decode("utf-8-sig")), iter(range(MAX_NODES)))
    except UnicodeDecodeError as error:
        raise GenerationError(f"{name}: not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise GenerationError(f"{name}: nested too deeply") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{lines_before + mark.line + 1}" if mark else ""
        problem = error.context if error.problem in (None, "second occurrence") else error.problem
        raise GenerationError(f"{name}{line}: not YAML: {problem}") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:
        raise GenerationError(f"{name}: not YAML: {error}") from None


@functools.lru_cache(maxsize=8)
def parse_text(text: str) -> Any:
    """Parse JSON or YAML. The result is cached, since an update loads each document several times: do not change it.

    JSON has a parser of its own, since YAML has other rules for surrogate pairs and tabs.
    """
    if text.lstrip().startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):  # not JSON: YAML in flow style
            document = json.loads(text, object_pairs_hook=unique_keys)
            json.dumps(document, ensure_ascii=False).encode()  # which refuses half a surrogate pair
            return document
    level = 0
    for event in yaml.parse(text, Loader):  # building what is nested too deeply would crash the interpreter, in C
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > MAX_LEVELS:
            raise RecursionError
        # libyaml refuses half a surrogate pair, and PyYAML's own parser, where there is no libyaml, does not.
        if isinstance(event, yaml.ScalarEvent) and not event.value.isascii() and SURROGATE.search(event.value):
            raise yaml.MarkedYAMLError(problem="found invalid Unicode", problem_mark=event.start_mark)
    return yaml.load(text, Loader)  # a SafeLoader


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object, which must not repeat a key (as in YAML)."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"found duplicate key {next(name for name in names if names.count(name) > 1)!r}")
    return members


def expanded(node: Any, budget: Iterator[int], level: int = 0) -> Any:
    """Copy at most ``budget`` nodes; those of a YAML alias wherever it stands, so that each can be changed."""
    if next(budget, None) is None:
        raise ValueError(f"with its aliases expanded it has more than {MAX_NODES} nodes")
    if level > MAX_LEVELS:
        raise RecursionError
    if isinstance(node, dict):
        return {key: expanded(value, budget, level + 1) for key, value in node.items()}
    return [expanded(value, budget, level + 1) for value in node] if isinstance(node, list) else node
