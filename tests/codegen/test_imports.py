"""The generated package imports neither puretalk_client nor an undeclared dependency."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "generated" / "puretalk_generated"
DEPENDENCIES = {"attrs", "httpx", "msgspec"}


def foreign_imports(source: str) -> set[str]:
    """The top-level packages that a module imports, except its own and the standard library."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # An import by name: importlib.import_module("puretalk_client").
            names |= set(re.findall(r"^puretalk_client(?:\.\w+)*$", node.value))
    return {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    "source",
    [
        "import puretalk_client",
        "import puretalk_client.models as models",
        "from puretalk_client import Call",
        "def late():\n    from puretalk_client.errors import PuretalkError",
        "import importlib\nimportlib.import_module('puretalk_client.errors')",
    ],
)
def test_every_form_of_import_is_found(source: str) -> None:
    """The scan finds an import in any place and form."""
    assert foreign_imports(source) == {"puretalk_client"}


def test_generated_modules_import_only_the_dependencies() -> None:
    """No generated module imports puretalk_client or an undeclared package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        assert foreign_imports(path.read_text(encoding="utf-8")) <= DEPENDENCIES, path


def test_generated_package_can_be_imported_alone() -> None:
    """Importing all of it in a new process does not import puretalk_client."""
    paths = [path.relative_to(PACKAGE.parent).with_suffix("") for path in sorted(PACKAGE.rglob("*.py"))]
    names = [".".join(path.parts).removesuffix(".__init__") for path in paths]
    code = f"import sys, {', '.join(names)}\nprint(*[m for m in sys.modules if m.startswith('puretalk_client')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "\n", "")
