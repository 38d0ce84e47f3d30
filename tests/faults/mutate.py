"""Takes one guarantee out of a copy of the package at a time, and says which test notices.

``python -m tests.faults.mutate``. Fails where a mutant survives, or where its text is not found exactly once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from attrs import frozen

from .process import ROOT

OPTIONS = ("-q", "--no-header", "--tb=no", "--maxfail=3", "-p", "no:cacheprovider")
PACKAGE = ROOT / "overlay" / "puretalk_client"


@frozen
class Mutant:
    """One guarantee, how it is taken away, and the tests that have to notice."""

    guarantee: str
    module: str
    old: str
    new: str
    tests: str
    """A pytest ``-k`` expression over this folder."""


RUN = "_send.py"
MUTANTS = (
    Mutant(
        "deadline", RUN, "asyncio.timeout(timeout)", "asyncio.timeout(None)", "test_fault and dripping-body"
    ),
    Mutant("size cap", RUN, "self.sender.max_response_bytes)", "1 << 60)", "test_fault and too-many"),
    Mutant(
        "id check",
        "_calls.py",
        "if canonical_id(got) != canonical_id(asked):",
        "if False:",
        "test_fault and (id-of-another or after-two-answers)",
    ),
    Mutant("retry quota", RUN, "or not sender.quota.take()", "or False", "quota"),
    Mutant(
        "redirect block of a lent httpx client",
        "_transports/_httpx.py",
        "follow_redirects=False",
        "follow_redirects=True",
        "test_fault and elsewhere",
    ),
    Mutant(
        "redirect block of aiohttp",
        "_transports/_aiohttp.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "test_fault and elsewhere",
    ),
    Mutant(
        "ban of hidden resends",
        "_transports/_aiohttp.py",
        "session._retry_connection = False",
        "session._retry_connection = True",
        "test_fault and kept-alive",
    ),
    Mutant(
        "key redaction", "_answers.py", 'text.replace(secret, "***")', "text", "test_nothing_shows and key-in"
    ),
    Mutant(
        "quiet logs",
        "_transports/_failures.py",
        "if _sending.get():",
        "if False:",
        "test_nothing_shows and key-in",
    ),
    Mutant(
        "cut of tracebacks",
        RUN,
        "error.with_traceback(None) from error.__cause__",
        "error from error.__cause__",
        "test_nothing_shows and (err-true or json-twice)",
    ),
    Mutant(
        "cut of a cancellation's traceback",
        RUN,
        "error.with_traceback(None) from None",
        "error",
        "cancelled and silent-within-headers",
    ),
    Mutant("shared cooldown", RUN, "await call.cool_down()", "pass", "cooldown or after-a-429"),
    Mutant(
        "end of gzip",
        "_body.py",
        "            inflater.finish()",
        "            pass",
        "test_fault and gzip-cut",
    ),
    Mutant(
        "drop of a wrong call's connection", RUN, "drop = True", "drop = False", "connection_of_a_wrong_call"
    ),
)


def failures(overlay: Path, tests: str) -> tuple[int, list[str]]:
    """Run tests over a copy of the package; return pytest's exit status and the tests that failed."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-k", tests, "tests/faults"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(overlay), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    return ran.returncode, re.findall(r"^FAILED \S+::(\S+)", ran.stdout, re.MULTILINE)


def main() -> int:
    """Try every mutant; return the exit status."""
    survivors = 0
    with tempfile.TemporaryDirectory() as folder:
        overlay = Path(folder)
        shutil.copytree(PACKAGE, overlay / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        status, failed = failures(overlay, " or ".join(f"({mutant.tests})" for mutant in MUTANTS))
        if status != 0:
            print("these fail without any mutant:", *failed)
            return 1
        for mutant in MUTANTS:
            path = overlay / PACKAGE.name / mutant.module
            text = path.read_text()
            if text.count(mutant.old) != 1:
                print(
                    f"{mutant.guarantee}: {mutant.module} holds {mutant.old!r} {text.count(mutant.old)} times"
                )
                return 1
            path.write_text(text.replace(mutant.old, mutant.new))
            status, failed = failures(overlay, mutant.tests)
            path.write_text(text)
            noticed = status == 1 and failed
            survivors += not noticed
            print(
                f"without {mutant.guarantee}: {'noticed by ' + ', '.join(failed) if noticed else 'SURVIVES'}"
            )
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
