"""Copies of what generation reads and writes, which tests may change."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .golden.harness import Packages
from .project import NO_CACHES, ROOT, Project, make
from .shared import shared_folder


@pytest.fixture(scope="session", autouse=True)
def _types_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let mypy, which each update runs, keep what it knows of the standard library."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy")))
        yield


@pytest.fixture(scope="session")
def unchanged_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, which no test changes."""
    return shared_folder(tmp_path_factory, "project", make)


@pytest.fixture
def project(unchanged_project: Path, tmp_path: Path) -> Project:
    """A copy of the small project."""
    shutil.copytree(unchanged_project, tmp_path / "project", ignore=NO_CACHES)
    return Project(tmp_path / "project")


@pytest.fixture
def committed(tmp_path: Path) -> Project:
    """A copy of the committed inputs and the committed package."""
    root = tmp_path / "project"
    for name in ("overlay", "generated"):
        shutil.copytree(ROOT / name, root / name, ignore=NO_CACHES)
    for name in ("openapi.yaml", "generator-config.yaml"):
        shutil.copy(ROOT / name, root)
    return Project(root)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """The golden packages, each generated once per test run."""
    return Packages(tmp_path_factory)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """A function that writes a file and returns its path."""

    def write(content: str | bytes, name: str = "a.yaml") -> str:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return str(tmp_path / name)

    return write
