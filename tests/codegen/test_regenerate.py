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
        run = committed.run_apart("-m", "codegen", "generate", "--root", str(committed.root), PYTHONHASHSEED=seed)
        assert (run.status, run.out, run.err) == (0, "", "")
        assert regenerate.files(committed.package) == regenerate.files(COMMITTED)
        assert [path.name for path in (committed.root / "generated").iterdir()] == ["puretalk_generated"]
        assert (committed.root / "openapi.yaml").read_bytes() == (ROOT / "openapi.yaml").read_bytes()


def test_nothing_else_matters(committed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a ruff.toml around the project, nor the user's git ignore file, nor what an earlier run left."""
    for name in ("ruff.toml", "../ruff.toml"):
        committed.write("line-length = 40\n[format]\nquote-style = 'single'\n", name)
    (committed.root / ".git").mkdir()
    (tmp_path / "config" / "git").mkdir(parents=True)
    (tmp_path / "config" / "git" / "ignore").write_text("models/\napi/\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("puretalk_generated/retired.py", "puretalk_generated/api/x.py"):
        committed.write("", f"generated/{name}")
    assert committed.run("generate").status == 0
    assert regenerate.files(committed.package) == regenerate.files(COMMITTED)
    assert [path.name for path in (committed.root / "generated").iterdir()] == ["puretalk_generated"]


def test_every_generated_file_has_a_header() -> None:
    """The first line of every file names the generator with its pinned version, and says not to edit."""
    pinned = re.search(r'"(openapi-python-client)==([^"]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert pinned is not None
    expected = f'# Generated from openapi.yaml by {pinned[1]} {pinned[2]} ("make generate"). Do not edit.'
    first_lines = {name: data.decode().split("\n")[0] for name, data in regenerate.files(COMMITTED).items()}
    assert "py.typed" in first_lines
    assert first_lines == dict.fromkeys(first_lines, expected)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError, GenerationError])
def test_incomplete_output_is_discarded(
    committed: Project, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    """An interrupted run leaves generated/ unchanged, without a temporary folder."""

    def interrupted(document: Any, config: Any, facts: Any, templates: Path, package: Path) -> None:
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


def test_committed_package_passes_and_is_not_changed(committed: Project) -> None:
    """The check accepts the committed package, ignores byte-code caches, and writes nothing."""
    cache = committed.package / "api" / "__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.pyc").write_bytes(b"\0")
    before = committed.snapshot()
    run = committed.run("check")
    assert (run.status, run.out, run.err) == (0, "", "")
    assert committed.snapshot() == before
    assert (cache / "__init__.cpython-311.pyc").read_bytes() == b"\0"


@pytest.mark.parametrize(
    ("name", "content", "difference"),
    [("models.py", b"", "changed"), ("errors.py", None, "missing"), ("api/calls/list_calls.py", b"", "extra")],
)
def test_check_fails_and_names_the_file(project: Project, name: str, content: bytes | None, difference: str) -> None:
    """The check reports a changed, a missing and an extra file, and writes nothing."""
    if content is None:
        (project.package / name).unlink()
    else:
        (project.package / name).write_bytes(content)
    before = project.snapshot()
    run = project.run("check")
    assert (run.status, run.out) == (1, "")
    _, *named, last = [" ".join(line.split()) for line in run.err.splitlines()]
    assert (named, last) == ([f"{difference}: {name}"], 'Run "make generate".')
    assert project.snapshot() == before


def test_check_fails_without_a_package_or_a_document(project: Project) -> None:
    """The check reports all files of a package that is not there; an invalid document fails it."""
    shutil.rmtree(project.root / "generated")
    run = project.run("check")
    assert run.status == 1
    assert "missing: client.py" in run.err
    project.replace("paths:\n", "pahts:\n")
    run = project.run("check")
    assert run.status == 1
    assert "openapi.yaml" in run.err
