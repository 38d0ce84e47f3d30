"""Removes one guarantee at a time from a copy of the package, and says which test notices.

``python -m tests.mutation.mutate [PART_OF_A_GUARANTEE ...]``. It fails where no test does, and where the text that
a mutant replaces is not in its module exactly once.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen
from tests.support.process import ROOT

# Two plugins that these tests do not use take most of the time that pytest needs to start.
PLUGINS_LEFT_OUT = ("cacheprovider", "hypothesispytest", "schemathesis")
OPTIONS = (
    *("-q", "--no-header", "--tb=no", "--maxfail=1"),
    *(option for plugin in PLUGINS_LEFT_OUT for option in ("-p", f"no:{plugin}")),
)
PACKAGE = ROOT / "overlay" / "puretalk_client"
TESTS = "tests/faults"


@frozen
class Mutant:
    """One guarantee, how it is removed, and the tests that have to notice.

    Attributes:
        guarantee: The guarantee, to follow "without".
        module: Path of the module in the package.
        old: The text that implements it.
        new: The text that replaces it.
        tests: A pytest ``-k`` expression over ``TESTS``.
    """

    guarantee: str
    module: str
    old: str
    new: str
    tests: str


MUTANTS = (
    # Time, size and load are bounded.
    Mutant(
        "the deadline",
        "_core/sender.py",
        "asyncio.timeout(self.timeout)",
        "asyncio.timeout(None)",
        "test_fault and never-responds",
    ),
    Mutant(
        "the limit of connections",
        "_core/sender.py",
        "asyncio.Semaphore(self.options.max_connections)",
        "asyncio.Semaphore(1000)",
        "test_fault and pool-full",
    ),
    Mutant(
        "the size limit",
        "_core/sender.py",
        "read_body(response, options.max_response_bytes)",
        "read_body(response, 1 << 60)",
        "test_fault and too-many",
    ),
    Mutant("the retry quota", "_core/sender.py", "or not sender.quota.acquire()", "or False", "quota"),
    Mutant(
        "the shared rate limit",
        "_core/sender.py",
        "await self._wait_for_rate_limit()",
        "pass",
        "rate_limit or after-a-429",
    ),
    Mutant(
        "the limit of Retry-After",
        "_core/sender.py",
        "requested > retry.MAX_RETRY_AFTER or requested",
        "requested",
        "test_fault and beyond-120",
    ),
    Mutant(
        "the count of every attempt on aiohttp",
        "_core/transports/workarounds.py",
        "session._retry_connection = False",
        "session._retry_connection = True",
        "test_fault and kept-alive",
    ),
    # A response is the right one, and complete.
    Mutant(
        "the check of the id",
        "_envelope.py",
        "if _canonical(call.call_id) != _canonical(expected_id):",
        "if False:",
        "test_fault and (id-of-another or after-two-responses)",
    ),
    Mutant(
        "the end of another call's connection",
        "_core/sender.py",
        "drop = error.closes_connection",
        "drop = False",
        "connection_of_another_call",
    ),
    Mutant(
        "the search for repeated fields",
        "_envelope.py",
        "if self._strict and repeats_a_name(content):",
        "if False:",
        "test_fault and twice-when-strict",
    ),
    Mutant(
        "the check that gzip is complete",
        "_core/body.py",
        "            inflater.finish()",
        "            pass",
        "test_fault and gzip-cut",
    ),
    # The key goes to the API only.
    Mutant(
        "the ban of redirects on an external client",
        "_core/transports/httpx.py",
        "follow_redirects=False",
        "follow_redirects=True",
        "test_fault and elsewhere",
    ),
    Mutant(
        "the ban of redirects on aiohttp",
        "_core/transports/aiohttp.py",
        "allow_redirects=False",
        "allow_redirects=True",
        "test_fault and elsewhere",
    ),
    Mutant(
        "the ban of proxies for plain http",
        "_core/transports/urls.py",
        'if url.scheme != "https" or urllib',
        "if urllib",
        "plain_http_passes_no_proxy",
    ),
    Mutant(
        "the verification of certificates",
        "_core/transports/base.py",
        "return httpx.create_ssl_context() if verify is True else verify",
        "return False if verify is True else verify",
        "test_fault and untrusted-certificate",
    ),
    # The key and people's words do not show.
    Mutant(
        "the repr of the key",
        "_core/redaction.py",
        """return "Secret('***')\"""",
        "return repr(self._text)",
        "test_fault and good-gzip",
    ),
    Mutant(
        "the redaction of the server's text",
        "_core/redaction.py",
        'text = text.replace(self._text, "***")',
        "pass",
        "test_fault and key-in",
    ),
    Mutant(
        "the distrust of JSON in failures",
        "_core/response.py",
        'msg is None and not content.lstrip().startswith((b"{", b"["))',
        "msg is None",
        "test_fault and call-in-a",
    ),
    Mutant(
        "the silence of drifts about values",
        "_core/decoding.py",
        "json_type(actual)))",
        "str(actual)))",
        "test_fault and mismatches",
    ),
    Mutant("quiet logs", "_core/redaction.py", "if _sending.get():", "if False:", "test_fault and key-in-header-name"),
    Mutant(
        "new exceptions for those of libraries",
        "_core/transports/base.py",
        "ProtocolError(message), redaction.reason(error)",
        "ProtocolError(message), error",
        "test_fault and key-in-bad-header",
    ),
    Mutant(
        "the removal of frames",
        "_core/redaction.py",
        "return error.with_traceback(None)",
        "return error",
        "test_fault and (err-true or json-twice)",
    ),
    Mutant(
        "the removal of a cancellation's frames",
        "_core/redaction.py",
        "return error.with_traceback(None)",
        "return error.with_traceback(None) if isinstance(error, PuretalkError) else error",
        "cancellation_shows_nothing",
    ),
    Mutant(
        "the removal of handled exceptions",
        "_core/redaction.py",
        "error.__context__ = None",
        "pass",
        "test_fault and key-in-status-line",
    ),
)


def run_tests(overlay: Path, tests: str) -> tuple[int, list[str]]:
    """Run tests over a copy of the package; return pytest's exit status and the tests that failed."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-k", tests, TESTS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(overlay), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return ran.returncode, re.findall(r"^FAILED \S+::(\S+)", ran.stdout, re.MULTILINE)


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
        status, failed = run_tests(overlay, mutant.tests)
    return (failed[0], "") if status == 1 and failed else (None, f"pytest's exit status is {status}")


def main(wanted: list[str]) -> int:
    """Try the mutants that are wanted; return the exit status."""
    mutants = [mutant for mutant in MUTANTS if not wanted or any(part in mutant.guarantee for part in wanted)]
    if not mutants:
        print("no guarantee has such a name")
        return 2
    with package_copy() as overlay:
        status, failed = run_tests(overlay, " or ".join(f"({mutant.tests})" for mutant in mutants))
    if status != 0:
        print(f"without any mutant, pytest's exit status is {status}; failed:", *failed)
        return 1
    survivors = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for mutant, (killer, reason) in zip(mutants, pool.map(find_killer, mutants), strict=True):
            survivors += killer is None
            print(f"without {mutant.guarantee}:", f"noticed by {killer}" if killer else f"SURVIVES: {reason}")
    print(f"{len(mutants)} mutants, {survivors} not noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
