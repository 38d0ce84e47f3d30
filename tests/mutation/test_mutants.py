"""The list of mutants fits the package: ``make mutants`` takes minutes, and a row that is out of date does not."""

from __future__ import annotations

import re

import pytest
from tests.mutation.mutant import FAULTS, Mutant
from tests.mutation.mutants import MUTANTS
from tests.mutation.mutate import PACKAGE
from tests.support.process import ROOT

WITHOUT_GUARANTEES = {
    "__init__.py", "__main__.py", "_public.py", "_version.py", "_types.py", "_core/__init__.py", "_cli/usage.py",
    "testing/__init__.py", "testing/_public.py", "export/__init__.py", "_display/__init__.py",
}  # fmt: skip
"""They define names, and decide nothing."""
ON_ENGINES = {"export/dask.py", "export/ray.py"}
"""Adapters, whose tests run where the engine is installed: ``make test-engines``."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guarantee)
def test_text_is_in_its_module_once(mutant: Mutant) -> None:
    """The mutant changes one place, and is still Python."""
    text = (PACKAGE / mutant.module).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    compile(text.replace(mutant.old, mutant.new), mutant.module, "exec")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guarantee)
def test_expression_names_tests_that_exist(mutant: Mutant) -> None:
    """Each of its words is in the file with the tests; names of faults are in the modules beside it."""
    path = ROOT / mutant.path
    files = sorted(path.parent.glob("*.py")) if mutant.path == FAULTS else [path]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    words = set(re.findall(r"[\w-]+", mutant.tests)) - {"and", "or", "not"}
    assert {word for word in words if word not in text} == set()


def test_each_guarantee_has_a_name_of_its_own() -> None:
    """``make mutants`` prints it."""
    names = [mutant.guarantee for mutant in MUTANTS]
    assert len(names) == len(set(names))


def test_each_module_has_a_mutant() -> None:
    """A new module brings a guarantee, and with it a row."""
    modules = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert modules - {mutant.module for mutant in MUTANTS} == WITHOUT_GUARANTEES | ON_ENGINES
