"""The reference has every public name."""

from __future__ import annotations

import re
from types import ModuleType

import pytest
from tests.docs.markdown import DOCS

import puretalk_client
from puretalk_client import drift, export, testing
from puretalk_client.testing import pytest_plugin

REFERENCE = "".join(page.read_text(encoding="utf-8") for page in sorted((DOCS / "reference").glob("*.md")))
DOCUMENTED = re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)", REFERENCE, re.MULTILINE)


def public_names(module: ModuleType) -> set[str]:
    """Return the names that a module defines or exports."""
    names = {name for name in dir(module) if not name.startswith("_") and name != "TYPE_CHECKING"}
    return {
        name
        for name in names
        if not isinstance(value := getattr(module, name), ModuleType)
        and str(getattr(value, "__module__", "puretalk_")).startswith("puretalk_")
    }


@pytest.mark.parametrize("module", [puretalk_client, export, testing])
def test_every_public_name(module: ModuleType) -> None:
    """A class, a function or a constant that is added to a package is added to its page."""
    names = public_names(module)
    assert len(names) > 10
    assert names <= set(DOCUMENTED)


def test_adapters_for_engines() -> None:
    """Dask and Ray have one function each."""
    assert {f"puretalk_client.export.{engine}.fetch_partitions" for engine in ("dask", "ray")} <= set(DOCUMENTED)


def test_drift() -> None:
    """The report and what it consists of."""
    assert {drift.drift_report.__name__, drift.DriftReport.__name__, drift.CountedDrift.__name__} <= set(DOCUMENTED)


def test_fixtures() -> None:
    """Every fixture of the pytest plugin."""
    fixtures = {name for name in vars(pytest_plugin) if name.startswith("puretalk_")}
    assert len(fixtures) == 4
    assert fixtures <= set(DOCUMENTED)
