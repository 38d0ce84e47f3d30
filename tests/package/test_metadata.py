"""What the metadata promises: each classifier is shown by CI or by the package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
JOBS = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
VERSION = "Programming Language :: Python :: "

NO_CLAIM = {
    "Development Status :: 4 - Beta",
    "Intended Audience :: Developers",
    "Topic :: Communications :: Telephony",
}
"""They say what it is, or for whom."""


def test_every_classifier_is_shown() -> None:
    """A classifier is one of these, or the test fails for want of evidence."""
    oses = JOBS["core"]["strategy"]["matrix"]["os"]
    evidence = {
        *(f"{VERSION}{version}" for version in JOBS["check"]["strategy"]["matrix"]["python"]),
        *([f"{VERSION}3", f"{VERSION}3 :: Only"] if PROJECT["requires-python"].startswith(">=3.") else []),
        *(["Operating System :: OS Independent"] if {"macos-latest", "windows-latest"} <= set(oses) else []),
        *(["Typing :: Typed"] if (ROOT / "overlay" / "puretalk_client" / "py.typed").is_file() else []),
        *(["Framework :: AsyncIO"] if "async def get" in _source("_calls.py") else []),
        *(["Framework :: Pytest"] if "pytest11" in PROJECT.get("entry-points", {}) else []),
    }
    assert set(PROJECT["classifiers"]) - NO_CLAIM == evidence


def test_workflows_are_pinned() -> None:
    """Each action is a commit, followed by the version that it is."""
    lines = [line for file in (ROOT / ".github" / "workflows").glob("*.yml") for line in file.read_text().splitlines()]
    uses = [line.partition("uses: ")[2] for line in lines if "uses: " in line]
    assert len(uses) > 10
    assert [each for each in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each)] == []
    assert len(set(uses)) == len({each.partition("@")[0] for each in uses}), "one version of each"


def _source(name: str) -> str:
    return (ROOT / "overlay" / "puretalk_client" / name).read_text(encoding="utf-8")
