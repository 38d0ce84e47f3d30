"""openapi-python-client with the templates of this project, and four changes that no template can make.

1. All models are written to one module. Stock writes one module for each, which import each other in circles.
2. A name that the generator does not pass to a template is an error, not an empty text.
3. The post hooks run the ruff that is installed next to this Python, whatever PATH says.
4. A property that is narrowed in an allOf is not narrowed in the schema that it comes from.

These override private methods: openapi-python-client is pinned exactly in pyproject.toml.
"""

from __future__ import annotations

import contextlib
import copy
import importlib
import io
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import ErrorLevel, GeneratorError, ParseError

from .document import GenerationError

ADVICE = "Express it differently in overlay/spec-fixes.yaml, or remove it there."
MAX_LINES = 40

# openapi-python-client 0.29.1 (since its pull request 1096) writes the merged items of a list into the first of the
# two properties, which belongs to another schema.
_merging: Any = importlib.import_module("openapi_python_client.parser.properties.merge_properties")
_merge_same_type = _merging._merge_same_type
_merging._merge_same_type = lambda first, second: _merge_same_type(copy.copy(first), second)


class _Project(Project):
    def _build_models(self) -> None:
        text = self.env.get_template("models.py.jinja").render()
        (self.package_dir / "models.py").write_text(text, encoding="utf-8")

    def _run_post_hooks(self) -> None:
        search = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        for command in self.config.post_hooks:
            result = subprocess.run(
                command,
                shell=True,
                cwd=self.project_dir,
                env={**os.environ, "PATH": search, "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if result.returncode != 0:
                header = f"{command.split(' ', 1)[0]} failed"
                detail = result.stderr or result.stdout
                self.errors.append(GeneratorError(level=ErrorLevel.ERROR, header=header, detail=detail))


def run(document: Any, config: ConfigFile, templates: Path, package: Path) -> None:
    """Generate the package of ``document`` into the folder ``package``, which must not exist.

    Args:
        document: The document as plain dicts and lists.
        config: What generator-config.yaml says.
        templates: The folder with the templates that replace those of the generator.
        package: Where to write; its name is the name of the package.

    Raises:
        GenerationError: The generator failed or warned; the message is what it said.
    """
    settings = Config.from_sources(config, MetaType.NONE, package, "utf-8", False, package)
    errors: Iterable[GeneratorError]
    try:
        data = GeneratorData.from_dict(document, config=settings)
        if isinstance(data, GeneratorError):
            errors = [data]
        else:
            project = _Project(openapi=data, config=settings, custom_template_path=templates)
            project.env.undefined = jinja2.StrictUndefined
            with contextlib.redirect_stdout(io.StringIO()):  # it prints what it generates
                errors = project.build()
    except Exception as error:  # the generator has no type for its own bugs
        message = explain_failure(error)
        raise GenerationError(f"openapi.yaml: the generator refused it\n{message}") from None
    if errors:
        raise GenerationError(f"openapi.yaml: the generator refused it\n{explain(errors)}")


def explain(errors: Iterable[GeneratorError]) -> str:
    """Return the messages of the generator, at most 40 lines of them, and what to do."""
    lines: list[str] = []
    for error in errors:
        lines += [error.header, *(error.detail or "").splitlines()]
        if isinstance(error, ParseError) and error.data is not None:
            lines += error.data.model_dump_json(indent=2, exclude_unset=True, by_alias=True).splitlines()
    # The generator formats some names of the document as the objects that hold them.
    lines = [re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>", "...", line.rstrip()) for line in lines]
    lines = [line for line in lines if line and "errors.pydantic.dev" not in line]
    return "\n".join([*lines[:MAX_LINES], ADVICE])


def explain_failure(error: Exception) -> str:
    """Return the message of an exception, with template and line if it was raised in a template."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.name}:{error.lineno}: {error.message}"
    cause = f"{type(error).__name__}: {error}".splitlines()[0]
    frames = traceback.extract_tb(error.__traceback__)
    in_templates = [frame for frame in frames if frame.filename.endswith(".jinja")]
    if not in_templates:
        return f"it failed: {cause}"
    return f"{Path(in_templates[-1].filename).name}:{in_templates[-1].lineno}: {cause}"
