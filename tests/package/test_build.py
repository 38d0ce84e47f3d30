"""The wheel and the source distribution: the same bytes each time, with what they should contain."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.package.contents import SDIST, WHEEL, foreign, sdist_names, wheel_names

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOP = ("docs", "examples", "generated", "overlay", "requirements", "tests")
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", "node_modules")


def build(root: Path, target: Path, *, umask: int = 0o022, **environment: str) -> tuple[Path, Path]:
    """Build both, and return the paths of the wheel and of the source distribution."""
    target.mkdir()
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(target)],
        cwd=root,
        env=os.environ | environment,
        umask=umask if os.name == "posix" else -1,
        check=True,
        capture_output=True,
    )
    (wheel,), (sdist,) = target.glob("*.whl"), target.glob("*.tar.gz")
    return wheel, sdist


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the repository as it is."""
    return build(ROOT, tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what a build reads to another path, with other times and modes."""
    root = tmp_path_factory.mktemp("moved") / "another name"
    for name in TOP:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=CACHES, copy_function=shutil.copyfile)
    for file in (path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"):
        shutil.copyfile(file, root / file.name)
    for path in root.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return root


def test_same_bytes(built: tuple[Path, Path], moved: Path, tmp_path: Path) -> None:
    """Another folder, umask, locale, hash seed, time zone, user and modification times change nothing."""
    settings = {"PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C", "USER": "other", "HOME": str(tmp_path)}
    again = build(moved, tmp_path / "dist", umask=0o077, **settings)
    for one, other in zip(built, again, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes(), one.name


def test_wheel_from_the_source_distribution(built: tuple[Path, Path], tmp_path: Path) -> None:
    """Who builds from the source distribution gets the published wheel, and the same source distribution."""
    wheel, sdist = built
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build(tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "dist")
    assert [path.read_bytes() for path in again] == [wheel.read_bytes(), sdist.read_bytes()]


def test_wheel_contents(built: tuple[Path, Path]) -> None:
    """The wheel has every module of the two packages, and nothing that the allow-list does not name."""
    names = wheel_names(built[0])
    assert foreign(names, WHEEL) == []
    assert len(names) == len(set(names))
    modules = {
        path.relative_to(root).as_posix()
        for root in (ROOT / "overlay", ROOT / "generated")
        for package in ("puretalk_client", "puretalk_generated")
        for path in (root / package).rglob("*.py")
    }
    assert modules <= set(names)


def test_source_contents(built: tuple[Path, Path]) -> None:
    """The source distribution has what the allow-list names, the tests included."""
    names = sdist_names(built[1])
    assert foreign(names, SDIST) == []
    assert {"tests/conftest.py", "tests/package/test_build.py", "openapi.yaml", "requirements/sbom.py"} <= set(names)


@pytest.mark.parametrize(
    "name",
    [
        "puretalk_client/.env",
        "puretalk_client/notes.txt",
        "puretalk_client/_core/test_retry.py",
        "puretalk_client/conftest.py",
        "puretalk_client/_core/__pycache__/retry.cpython-311.pyc",
        "puretalk_client/../x.py",
        "puretalk_client/speedups.so",
        "tests/conftest.py",
        "sitecustomize.py",
        "puretalk_client.pth",
        "puretalk_client-0.1.0.data/scripts/puretalk",
        "puretalk_client-0.1.0.dist-info/sboms/other.json",
    ],
)
def test_foreign_files_are_noticed(name: str) -> None:
    """The allow-list does not let these pass, in whichever archive."""
    assert foreign([name], WHEEL) == [name]
    if name != "tests/conftest.py":
        assert foreign([name], SDIST) == [name]


def test_new_modules_pass() -> None:
    """A new module or subpackage needs no change of the allow-list."""
    names = ["puretalk_client/testing/pytest_plugin.py", "puretalk_client/export/dask/_read.py"]
    assert foreign(names, WHEEL) == []
    assert foreign([f"overlay/{name}" for name in names], SDIST) == []


def test_an_untracked_file_is_noticed(moved: Path, tmp_path: Path) -> None:
    """Whatever lies in a package's folder gets into the wheel, and the allow-list says so."""
    stray = moved / "overlay" / "puretalk_client" / "calls.jsonl"
    stray.touch()
    try:
        wheel, sdist = build(moved, tmp_path / "dist")
    finally:
        stray.unlink()
    assert foreign(wheel_names(wheel), WHEEL) == ["puretalk_client/calls.jsonl"]
    assert foreign(sdist_names(sdist), SDIST) == ["overlay/puretalk_client/calls.jsonl"]


@pytest.fixture(scope="module")
def sbom(built: tuple[Path, Path]) -> dict[str, Any]:
    """Read the bill of materials of the wheel."""
    with zipfile.ZipFile(built[0]) as archive:
        (name,) = (name for name in archive.namelist() if "/sboms/" in name)
        document: dict[str, Any] = json.loads(archive.read(name))
    return document


def test_bill_of_materials_names_what_pyproject_requires(sbom: dict[str, Any]) -> None:
    """Every dependency is there with its range: required, or optional with its extras."""
    expected: dict[str, set[str]] = {}
    for extra, texts in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items():
        for requirement in map(Requirement, texts):
            expected.setdefault(canonicalize_name(requirement.name), set()).add(extra)
    components = {component["name"]: component for component in sbom["components"]}
    assert components.keys() == expected.keys() - {"puretalk-client"}
    for name, component in components.items():
        extras = {entry["value"] for entry in component.get("properties", ())}
        assert extras == expected[name] - {""}, name
        assert component["scope"] == ("required" if "" in expected[name] else "optional"), name
        assert component["versionRange"].startswith("vers:pypi/"), name
        assert component["purl"] == f"pkg:pypi/{name}"
    (httpcore,) = (text for text in PROJECT["dependencies"] if text.startswith("httpcore"))  # has both bounds
    assert components["httpcore"]["versionRange"] == httpcore.replace("httpcore", "vers:pypi/").replace(",", "|")


def test_bill_of_materials_is_about_this_wheel(sbom: dict[str, Any], built: tuple[Path, Path]) -> None:
    """Name and version are those of the wheel; neither time nor machine is in it."""
    main = sbom["metadata"]["component"]
    assert built[0].name.startswith(f"{main['name'].replace('-', '_')}-{main['version']}-")
    assert main["licenses"] == [{"expression": PROJECT["license"]}]
    assert "timestamp" not in sbom["metadata"]
    assert "serialNumber" not in sbom
    (graph, *rest) = sbom["dependencies"]
    assert graph["dependsOn"] == [entry["ref"] for entry in rest] == [part["bom-ref"] for part in sbom["components"]]
