"""openapi-python-client with the templates of this project, and five changes that no template can make.

1. All models are written to one module. Stock writes one module for each, which import each other in circles.
2. A name that the generator does not pass to a template is an error, not an empty text.
3. The post hooks run the ruff that is installed next to this Python, whatever PATH says.
4. A property that is narrowed in an allOf is not narrowed in the schema that it comes from.
5. Messages say what in the document they are about, causes first.

These override private members: openapi-python-client is pinned exactly in pyproject.toml.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData, openapi
from openapi_python_client.parser.errors import ErrorLevel, GeneratorError, ParseError
from openapi_python_client.schema import Reference
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from . import naming
from .document import GenerationError
from .normalize import Facts

ADVICE = "Express it differently in overlay/spec-fixes.yaml, or remove it there."
MAX_DATA = 300
SCHEMAS = "/components/schemas/"
CONSEQUENCES = ("Could not find reference in parsed models", "in allOf was not processed", "Invalid property in union")
"""What messages say of which, usually, another message gives the cause."""

naming.install()
# openapi-python-client 0.29.1 (since its pull request 1096) writes the merged items of a list into the first of the
# two properties, which belongs to another schema.
_openapi: Any = openapi
_merging: Any = importlib.import_module("openapi_python_client.parser.properties.merge_properties")
_merge_same_type = _merging._merge_same_type
_merging._merge_same_type = lambda first, second: _merge_same_type(copy.copy(first), second)
# Stock copies each operation several times, with all models that it refers to, and then forgets the original.
_openapi.deepcopy = lambda endpoint: endpoint
Endpoint: Any = openapi.Endpoint
_from_data = Endpoint.from_data


class _Project(Project):
    def _build_models(self) -> None:
        for name in ("models.py", "spec.py"):
            text = self.env.get_template(f"{name}.jinja").render()
            (self.package_dir / name).write_text(text, encoding="utf-8")

    def _run_command(self, cmd: str) -> None:
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        env = {**os.environ, "PATH": search, "RUFF_NO_CACHE": "true"}
        result = subprocess.run(
            cmd, shell=True, cwd=self.project_dir, env=env, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            header, detail = f"{cmd.split(' ', 1)[0]} failed", result.stderr or result.stdout
            self.errors.append(GeneratorError(level=ErrorLevel.ERROR, header=header, detail=detail))


def run(document: Any, config: ConfigFile, facts: Facts, templates: Path, package: Path) -> dict[str, str]:
    """Generate the package of a normalized document into the folder ``package``, which must not exist.

    Returns the names of the classes of the component schemas that have one.

    Raises:
        GenerationError: The generator failed or warned; the message is what it said.
    """
    settings = Config.from_sources(config, MetaType.NONE, package, "utf-8", False, package)
    settings.content_type_overrides |= dict.fromkeys(facts.binary, "application/octet-stream")
    try:
        with parsing():
            data = GeneratorData.from_dict(document, config=settings)
            if isinstance(data, GeneratorError):
                raise refusal([data])
            endpoints = data.endpoint_collections_by_tag.values()
            refuse([*data.errors, *(error for each in endpoints for error in each.parse_errors)])
        data.models, data.enums = list(data.models), list(data.enums)  # generators, which can be read once
        project = _Project(openapi=data, config=settings, custom_template_path=templates)
        project.env.undefined = jinja2.StrictUndefined
        project.env.globals["facts"] = facts
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it generates
            refuse(list(project.build()))
    except GenerationError:
        raise
    except Exception as error:  # the generator has no type for its own bugs
        message = explain_failure(error)
        raise GenerationError(f"openapi.yaml: the generator refused it\n{message}") from None
    found = {each.name.get_untrusted_value(): each.class_info.name for each in (*data.models, *data.enums)}
    schemas = (document.get("components") or {}).get("schemas") or {}
    return {name: found[SCHEMAS + name] for name in schemas if SCHEMAS + name in found}


@contextlib.contextmanager
def parsing() -> Iterator[None]:
    """While the generator reads a document, note the places of operations; texts show in messages, not in templates."""
    modules: dict[tuple[str, str], str] = {}

    def from_data(*, path: Any, method: str, tags: list[str], **arguments: Any) -> Any:
        endpoint, *rest = _from_data(path=path, method=method, tags=tags, **arguments)
        endpoint.place = path.get_untrusted_value()
        if not isinstance(endpoint, ParseError):
            where, name = f"{method.upper()} {endpoint.place}", PythonIdentifier(endpoint.name, "field_")
            other = modules.setdefault((tags[0], name), where)
            if name == "request" or other != where:
                user = "a function of every module" if name == "request" else other
                raise GenerationError(f"openapi.yaml: {where}: the name {name} is also used by {user}")
        return endpoint, *rest

    with contextlib.ExitStack() as stack:
        for holder, name, value in (
            (Endpoint, "from_data", staticmethod(from_data)),
            (UntrustedString, "__repr__", UntrustedString.get_untrusted_value),
        ):
            stack.callback(setattr, holder, name, getattr(holder, name))
            setattr(holder, name, value)
        yield


def refuse(errors: Sequence[GeneratorError]) -> None:
    """Raise what the generator said, if it said anything."""
    if errors:
        raise refusal(errors)


def refusal(errors: Sequence[GeneratorError]) -> GenerationError:
    """Return what the generator said as an error: causes only, and what to do."""
    for text in CONSEQUENCES:
        errors = [error for error in errors if text not in (error.detail or "")] or errors
    lines = dict.fromkeys(line for error in errors for line in explain(error))
    return GenerationError("\n".join(["openapi.yaml: the generator refused it", *lines, ADVICE]))


def explain(error: GeneratorError) -> Iterator[str]:
    """Yield the lines of a message, and the start of the data that it is about."""
    detail = (error.detail or "").partition("\n\nFailure to process schema")[0]
    yield from (line.rstrip() for line in [*error.header.splitlines(), *detail.splitlines()] if line.strip())
    if isinstance(error, ParseError) and error.data is not None:
        data = error.data.model_dump_json(exclude_unset=True, by_alias=True)
        yield data if len(data) <= MAX_DATA or isinstance(error.data, Reference) else data[:MAX_DATA] + " ..."


def explain_failure(error: Exception) -> str:
    """Return the message of an exception, with template and line if it was raised in a template."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.name}:{error.lineno}: {error.message}"
    cause = f"{type(error).__name__}: {error}".splitlines()[0]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".jinja")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {cause}" if frames else f"it failed: {cause}"
