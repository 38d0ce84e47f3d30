"""Removes one guarantee at a time from a copy of the package, and says which test notices.

``python -m tests.mutation.mutate [PART_OF_A_GUARANTEE ...]``. It fails where no test does, and where the text that
a mutant replaces is not in its module exactly once. The modules in ``guarantees`` list them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutation.mutant import Mutant
from tests.mutation.mutants import MUTANTS
from tests.support.process import ROOT

# Two plugins that take long to start, two that these tests do not need; --assert=plain keeps pytest from rewriting
# the assertions of hypothesis, which takes longer than most of these tests.
PLUGINS_LEFT_OUT = ("hypothesispytest", "schemathesis", "cacheprovider", "randomly")
OPTIONS = (
    *("-q", "--no-header", "--tb=no", "--maxfail=1", "--assert=plain"),
    *(option for plugin in PLUGINS_LEFT_OUT for option in ("-p", f"no:{plugin}")),
)
PACKAGE = ROOT / "overlay" / "puretalk_client"
GENERATED = ROOT / "generated"


def run_tests(overlay: Path, path: str, expressions: Iterable[str]) -> tuple[int, list[str]]:
    """Run tests over a copy of the package; return pytest's exit status and the tests that failed."""
    selection = " or ".join(f"({expression})" for expression in expressions)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-k", selection, path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(overlay), str(GENERATED)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.returncode, re.findall(r"^(?:FAILED|ERROR) \S+?::(.+?)(?: - .*)?$", ran.stdout, re.MULTILINE)


@contextlib.contextmanager
def package_copy() -> Iterator[Path]:
    """Copy the package; yield the folder that holds the copy."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(PACKAGE, Path(folder, PACKAGE.name), ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)


def find_killer(mutant: Mutant) -> tuple[str | None, str]:
    """Run the tests without one guarantee; return the test that notices, or None and why there is none."""
    with package_copy() as overlay:
        path = overlay / PACKAGE.name / mutant.module
        text = path.read_text(encoding="utf-8")
        if text.count(mutant.old) != 1:
            return None, f"{mutant.module} holds {mutant.old!r} {text.count(mutant.old)} times"
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
        status, failed = run_tests(overlay, mutant.path, [mutant.tests])
    return (failed[0], "") if status == 1 and failed else (None, f"pytest's exit status is {status}")


def failures_without_mutants(mutants: Iterable[Mutant], pool: ThreadPoolExecutor) -> list[str]:
    """Run the tests of these mutants over an unchanged copy; return what failed."""
    expressions: dict[str, dict[str, None]] = {}
    for mutant in mutants:
        expressions.setdefault(mutant.path, {})[mutant.tests] = None
    with package_copy() as overlay:
        results = pool.map(lambda path: run_tests(overlay, path, expressions[path]), expressions)
        return [
            f"{path}: pytest's exit status is {status}; failed: {failed}"
            for path, (status, failed) in zip(expressions, results, strict=True)
            if status != 0
        ]


def main(wanted: list[str]) -> int:
    """Try the mutants that are wanted; return the exit status."""
    mutants = [mutant for mutant in MUTANTS if not wanted or any(part in mutant.guarantee for part in wanted)]
    if not mutants:
        print("no guarantee has such a name")
        return 2
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if failures := failures_without_mutants(mutants, pool):
            print("without any mutant,", *failures, sep="\n")
            return 1
        for mutant, (killer, reason) in zip(mutants, pool.map(find_killer, mutants), strict=True):
            survivors += killer is None
            verdict = f"noticed by {killer}" if killer else f"SURVIVES: {reason}"
            print(f"{mutant.module}, without {mutant.guarantee}: {verdict}", flush=True)
    modules = len({mutant.module for mutant in mutants})
    print(f"{len(mutants)} mutants of {modules} modules, {survivors} not noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
