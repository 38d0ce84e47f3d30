"""What the wheel and the source distribution may contain: the allow-list, and the file names of archives."""

from __future__ import annotations

import re
import tarfile
import zipfile
from pathlib import Path

_MODULES = r"(?:\w+/)*(?!test_|conftest)\w+\.py"
_DIST_INFO = r"puretalk_client-[\d.]+(?:(?:a|b|rc|\.dev|\.post)\d+)?\.dist-info"

WHEEL = (
    rf"puretalk_client/(?:{_MODULES}|py\.typed)",
    rf"puretalk_generated/(?:{_MODULES}|py\.typed)",
    rf"{_DIST_INFO}/(?:METADATA|WHEEL|RECORD|entry_points\.txt|licenses/LICENSE|sboms/puretalk-client\.cdx\.json)",
)
"""A new module of a package passes; data files, tests and other packages do not."""

SDIST = (
    rf"overlay/puretalk_client/(?:{_MODULES}|py\.typed)",
    rf"generated/puretalk_generated/(?:{_MODULES}|py\.typed)",
    r"overlay/codegen/\w+\.py",
    r"overlay/templates/(?:runtime/\w+\.py|\w+\.py\.jinja|\w+\.jinja)",
    r"overlay/(?:README\.md|openapi\.sha256|spec-fixes\.yaml)",
    r"docs/(?:[\w-]+/)*[\w-]+\.(?:md|svg|py|css|js|inv|toml)",
    r"examples/(?:[\w-]+/)*[\w-]+\.(?:py|md|ipynb|toml)",
    r"requirements/(?:\w+\.txt|sbom\.py)",
    r"tests/(?:[\w-]+/)*[\w-]+\.(?:py|yaml|json|jsonl|txt|pem|in|ndjson|cast|js)",
    r"[A-Z]+\.md|LICENSE|Makefile|PKG-INFO|\.gitignore",
    r"generator-config\.yaml|openapi\.yaml|pyproject\.toml",
)
"""What the tests need, the tests themselves, and what writes generated/; nothing that a checkout does not track."""


def foreign(names: list[str], allowed: tuple[str, ...]) -> list[str]:
    """List the names that no pattern allows."""
    return [name for name in names if not any(re.fullmatch(pattern, name, re.ASCII) for pattern in allowed)]


def wheel_names(wheel: Path) -> list[str]:
    """List the files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def sdist_names(sdist: Path) -> list[str]:
    """List the files of a source distribution, without its one top folder."""
    with tarfile.open(sdist) as archive:
        names = [member.name for member in archive if not member.isdir()]
    tops, paths = zip(*(name.split("/", 1) for name in names), strict=True)
    assert set(tops) == {sdist.name.removesuffix(".tar.gz")}, set(tops)
    return list(paths)
