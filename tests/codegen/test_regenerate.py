"""Generation is reproducible and all or nothing, and starts from the vendor's unchanged document."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from codegen import generator, regenerate
from codegen.document import GenerationError

if TYPE_CHECKING:
    from .project import Project

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "generated" / "puretalk_generated"
VENDOR = ROOT.parent / "shared" / "spec"


def contents(package: Path) -> dict[str, bytes]:
    """The files of a package by name."""
    return {name: (package / name).read_bytes() for name in sorted(regenerate.files(package))}


def test_openapi_yaml_was_not_edited() -> None:
    """openapi.yaml has the recorded digest; fixes belong in overlay/spec-fixes.yaml."""
    digest = hashlib.sha256((ROOT / "openapi.yaml").read_bytes()).hexdigest()
    assert (ROOT / "overlay" / "openapi.sha256").read_text("ascii") == f"{digest}  openapi.yaml\n", (
        'edited by hand? "make update-spec" replaces it with a new document'
    )


@pytest.mark.skipif(not VENDOR.is_dir(), reason=f"the vendor's page is not beside the repository: {VENDOR}")
def test_openapi_yaml_is_in_the_vendors_page() -> None:
    """openapi.yaml is byte for byte the document in the vendor's page."""
    vendored = (ROOT / "openapi.yaml").read_bytes()
    assert vendored == (VENDOR / "openapi.yaml").read_bytes()
    page = (VENDOR / "get-call.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"^`{3,}ya?ml[^\n]*\n(.*?)^`{3,}", page, flags=re.MULTILINE | re.DOTALL)
    assert vendored.decode().strip() in [block.strip() for block in blocks]


def test_result_does_not_depend_on_the_hash_seed(committed: Project) -> None:
    """Two runs with different PYTHONHASHSEED produce the committed bytes."""
    for seed in ("0", "4242"):
        shutil.rmtree(committed.root / "generated")
        run = committed.run_apart("generate", PYTHONHASHSEED=seed)
        assert (run.status, run.out, run.err) == (0, "", "")
        assert contents(committed.package) == contents(COMMITTED)
        assert [path.name for path in (committed.root / "generated").iterdir()] == [regenerate.PACKAGE]
        assert (committed.root / "openapi.yaml").read_bytes() == (ROOT / "openapi.yaml").read_bytes()


def test_ruff_configuration_in_a_parent_folder_is_ignored(committed: Project) -> None:
    """A ruff.toml in a parent folder or in the project does not change a byte."""
    narrow = "line-length = 40\n[format]\nquote-style = 'single'\n"
    committed.write(narrow, "ruff.toml")
    committed.write(narrow, "../ruff.toml")
    assert committed.run("generate").status == 0
    assert contents(committed.package) == contents(COMMITTED)


def test_git_ignore_rules_of_the_machine_are_ignored(
    committed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ruff formats every module, even one that the user's git ignore file excludes."""
    (committed.root / ".git").mkdir()
    (tmp_path / "config" / "git").mkdir(parents=True)
    (tmp_path / "config" / "git" / "ignore").write_text("models/\napi/\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert committed.run("generate").status == 0
    assert contents(committed.package) == contents(COMMITTED)


def test_leftovers_are_removed(committed: Project) -> None:
    """Generation removes modules of an earlier one, and the folder of a killed run."""
    (committed.package / "retired.py").write_text("", encoding="utf-8")
    (committed.package / "api" / "retired").mkdir()
    leftover = committed.package.with_name("puretalk_generated.old")
    leftover.mkdir()
    (leftover / "stale.py").write_text("", encoding="utf-8")
    assert committed.run("generate").status == 0
    assert contents(committed.package) == contents(COMMITTED)
    assert not leftover.exists()
    assert not (committed.package / "api" / "retired").exists()


def test_every_generated_file_has_a_header() -> None:
    """The first line of every file names the generator with its pinned version, and says not to edit."""
    pinned = re.search(r'"(openapi-python-client)==([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert pinned is not None
    expected = f'# Generated from openapi.yaml by {pinned[1]} {pinned[2]} ("make generate"). Do not edit.'
    first_lines = {name: data.decode().split("\n")[0] for name, data in contents(COMMITTED).items()}
    assert "py.typed" in first_lines
    assert first_lines == dict.fromkeys(first_lines, expected)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError, GenerationError])
def test_incomplete_output_is_discarded(
    committed: Project, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    """An interrupted run leaves generated/ unchanged, without a temporary folder."""

    def interrupted(document: Any, config: Any, templates: Path, package: Path) -> None:
        package.mkdir()
        (package / "client.py").write_text("incomplete", encoding="utf-8")
        raise failure("interrupted")

    monkeypatch.setattr(generator, "run", interrupted)
    before = committed.snapshot()
    try:
        assert committed.run("generate").status == 1
    except (KeyboardInterrupt, OSError) as error:
        assert type(error) is failure
    assert committed.snapshot() == before


def test_failed_swap_restores_the_old_package(tmp_path: Path) -> None:
    """If the new folder cannot be moved, the old one is restored."""
    old = tmp_path / "package"
    old.mkdir()
    (old / "kept.py").write_text("kept", encoding="utf-8")
    with pytest.raises(OSError, match="no-such-folder"):
        regenerate.swap(tmp_path / "no-such-folder", old)
    assert {path.name: path.read_text("utf-8") for path in old.iterdir()} == {"kept.py": "kept"}
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


@pytest.mark.parametrize(
    "text",
    ['1.0"0', '1.0"; import os; "', "1.0\\", "1.0\nimport os", "{1}", "Zürich's"],
    ids=["quote", "code", "backslash", "line break", "braces", "not ASCII"],
)
def test_constants_are_never_code(text: str) -> None:
    """Version, server and header name are literals in spec.py, whatever they contain."""
    document: dict[str, Any] = {
        "info": {"version": text},
        "servers": [{"url": f"https://api.test/{text}"}],
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": text}}},
    }
    namespace: dict[str, Any] = {}
    exec(regenerate.spec_module(document), namespace)
    named = {name: value for name, value in namespace.items() if not name.startswith("__")}
    assert named == {"VERSION": text, "SERVER": f"https://api.test/{text}", "API_KEY_HEADER": text}


def test_constants_without_server_or_key() -> None:
    """Without servers the URL is "/" (OpenAPI 3.0.1, Server Object); without an apiKey scheme there is no header."""
    namespace: dict[str, Any] = {}
    exec(regenerate.spec_module({"info": {"version": "1"}}), namespace)
    assert namespace["SERVER"] in ("", "/")
    assert namespace["API_KEY_HEADER"] is None
