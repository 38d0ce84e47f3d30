"""Changes one expression or statement of ``_core`` at a time, and lists the changes that no test notices.

``python -m tests.mutation.generated [OPTION ...] [MODULE ...]``, for instance with ``retry transports/urls``. It fails
where less than nine in ten are noticed. It takes mutmut for its operators; CONTRIBUTING.md says how to install it.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import importlib
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import Phase, settings
from tests.mutation.mutate import PACKAGE, package_copy
from tests.support.process import ROOT

CORE = PACKAGE / "_core"
UNIT_TESTS = ROOT / "tests" / "unit"
OF_ALL = (
    ("core/test_sender*.py", "core/transports/test_transports.py", "core/transports/test_proxies.py"),
    ("test_*.py",),
    ("core",),
)
"""Tests below ``UNIT_TESTS`` for what a module's own do not notice, the quick ones first."""
OPTIONS = ("-q", "--tb=no", "--maxfail=1", "--assert=plain", "-p", "no:cacheprovider", "-p", "anyio")
SLOW_TO_IMPORT = ("aiohttp", "anyio._backends._asyncio", "httpx", "httpcore", "h2.connection", "msgspec")
"""What most tests import: this process does so once, and each of its forks has it."""
# mutmut is not among the dependencies, and so unknown to mypy.
cst: Any = importlib.import_module("libcst")
OPERATORS: Any = importlib.import_module("mutmut.mutation.mutators").mutation_operators


@frozen
class Mutant:
    """A changed module: the first line that differs, what it was and is, and the text of the module."""

    line: int
    old: str
    new: str
    source: str


def replacements(node: Any) -> Iterator[Any]:
    """Yield what may take the place of a node: what mutmut has, other conditions, and statements left out."""
    for kind, operator in OPERATORS:
        if isinstance(node, kind):
            yield from operator(node)
    if isinstance(node, (cst.If, cst.While)):
        yield node.with_changes(test=cst.Name("False"))
    if isinstance(node, cst.If):
        yield node.with_changes(test=cst.Name("True"))
    if isinstance(node, (cst.Expr, cst.AugAssign, cst.Raise, cst.Continue)):
        yield cst.Pass()


def nodes(node: Any, *, in_error: bool = False) -> Iterator[Any]:
    """Yield the nodes below ``node`` whose change may change a result: no types, docstrings, logs and messages."""
    for child in node.children:
        function = cst.Module([]).code_for_node(child.func) if isinstance(child, cst.Call) else ""
        is_text = isinstance(child, cst.Expr) and isinstance(child.value, (cst.SimpleString, cst.Ellipsis))
        is_message = in_error and isinstance(child, (cst.SimpleString, cst.FormattedString))
        is_type = isinstance(child, (cst.Annotation, cst.Import, cst.ImportFrom, cst.Assert))
        if not (is_text or is_message or is_type or function.startswith("log.")):
            yield child
            yield from nodes(child, in_error=in_error or function.endswith(("Error", "_error")))


def mutants(module: str, sample: int, seed: int) -> list[Mutant]:
    """Return the mutants of a module, or a random sample of them, by line."""
    text = (CORE / f"{module}.py").read_text(encoding="utf-8")
    tree = cst.parse_module(text)
    pairs = [(node, replacement) for node in nodes(tree) for replacement in replacements(node)]
    random.Random(f"{seed} {module}").shuffle(pairs)
    found: dict[str, Mutant] = {}
    for node, replacement in pairs:
        source = tree.deep_replace(node, replacement).code
        with contextlib.suppress(SyntaxError):
            compile(source, module, "exec")
            lines = zip(text.splitlines(), source.splitlines(), strict=False)
            for number, (old, new) in enumerate(lines, 1):
                if old != new:
                    found[source] = Mutant(number, old.strip(), new.strip(), source)
                    break
        if len(found) == sample:
            break
    return sorted(found.values(), key=lambda mutant: mutant.line)


class Plugin:
    """A plugin of pytest that writes the name of a test that fails to a pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Run tests of many examples last, which take most of the time."""
        items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write it at once: a mutant may keep pytest from ending."""
        if report.failed:
            os.write(self._pipe, f"{report.nodeid.partition('::')[2]}\n".encode())


def run_tests(overlay: Path, tests: list[str], seconds: int) -> str | None:
    """Run tests in a fork; return the first that fails, ``timeout``, another end, or None where all pass."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.alarm(seconds)
            os.setsid()
            for stream in (1, 2):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
            os.environ["PYTHONPATH"] = os.pathsep.join([str(overlay), *sys.path])
            sys.path.insert(0, str(overlay))
            status = int(pytest.main([*OPTIONS, *tests], plugins=[Plugin(writing)]))
        finally:
            os._exit(status)  # whatever a mutant raises, this process must not go on as its parent does
    os.close(writing)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what the tests started; the child's id is still its own
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        failed = pipe.readline().strip()
    code = os.waitstatus_to_exitcode(status)
    return failed or {0: None, -signal.SIGALRM: "timeout"}.get(code, f"exit status {code}")


def measure(module: str, chosen: list[Mutant], tests: list[str]) -> dict[Mutant, str]:
    """Run tests over mutants of a module; return which test noticed which."""
    noticed: dict[Mutant, str] = {}
    with package_copy() as overlay:
        compileall.compile_dir(overlay, quiet=1)  # all but the mutant, whose bytecode is never written
        start = time.monotonic()
        if failed := run_tests(overlay, tests, 600):
            sys.exit(f"without any mutant: {failed} in {' '.join(tests)}")
        seconds = 10 + 5 * round(time.monotonic() - start)
        path = overlay / PACKAGE.name / "_core" / f"{module}.py"
        Path(importlib.util.cache_from_source(str(path))).unlink()
        for mutant in chosen:
            path.write_text(mutant.source, encoding="utf-8")
            if name := run_tests(overlay, tests, seconds):
                noticed[mutant] = name
    return noticed


def main() -> int:
    """Measure the modules that are named, or all; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="all by default")
    parser.add_argument("--sample", type=int, default=sys.maxsize, help="at most so many mutants of each module")
    parser.add_argument("--seed", type=int, default=11, help="of the sample")
    parser.add_argument("--report", type=Path, help="file for what noticed each mutant, as tab-separated values")
    arguments = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"], sys.dont_write_bytecode = "1", True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    phases = (Phase.explicit, Phase.generate)  # the first example that fails is enough
    settings.register_profile("mutants", database=None, derandomize=True, phases=phases)
    settings.load_profile("mutants")
    for name in SLOW_TO_IMPORT:
        importlib.import_module(name)
    rows, total, survived = [], 0, 0
    paths = [path.relative_to(CORE).with_suffix("") for path in sorted(CORE.rglob("*.py"))]
    for module in arguments.modules or [path.as_posix() for path in paths if path.name != "__init__"]:
        folder, _, name = f"core/{module}".rpartition("/")
        survivors = chosen = mutants(module, arguments.sample, arguments.seed)
        for patterns in ((f"{folder}/test_{name}*.py",), *OF_ALL):
            tests = [str(path) for pattern in patterns for path in sorted(UNIT_TESTS.glob(pattern))]
            noticed = measure(module, survivors, tests) if survivors and tests else {}
            rows += [(module, mutant.line, name, mutant.old, mutant.new) for mutant, name in noticed.items()]
            survivors = [mutant for mutant in survivors if mutant not in noticed]
        rows += [(module, mutant.line, "", mutant.old, mutant.new) for mutant in survivors]
        total, survived = total + len(chosen), survived + len(survivors)
        print(f"{module}: {len(chosen)} mutants, {len(survivors)} survive", flush=True)
        for mutant in survivors:
            print(f"  line {mutant.line}: {mutant.old}\n  becomes: {mutant.new}", flush=True)
        if arguments.report:
            text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
            arguments.report.write_text(text, encoding="utf-8")
    print(f"{total} mutants, {total - survived} noticed ({1 - survived / total:.1%})")
    return 1 if survived > total / 10 else 0


if __name__ == "__main__":
    sys.exit(main())
