"""Says how, where and with which versions was measured: the end of the report."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from .clients import EXTRAS, LABELS, PROMISED
from .results import Results

LIBRARIES = ("httpx", "httpcore", "aiohttp", "attrs", "msgspec", "openapi-python-client")
EXTRA_LIBRARIES = ("httptools", "pyreqwest", "wreq", "openai", "httpx2", "pydantic", "openapi-generator-cli")


def method(results: Results, extras: str) -> str:
    """Describe the measurement, and list what is missing."""
    other_rounds = max((results.rounds(client) for client in LABELS if client not in PROMISED), default=0)
    lines = [
        f"- {results.rounds('ours-httpx')} rounds for the clients of the first table with 40 turns and up to 500 in"
        f" flight, {other_rounds} for the rest. Figures are medians, unless a column says minimum. A minimum ratio"
        " divides the shortest time of one client by that of the other. The order of the clients changes from round to"
        " round.",
        "- The server is a process of its own on loopback. It builds its responses before the measurement.",
        "- Each client has a fresh process in each round. In a shared process, each would pay for the garbage of the"
        " others. Garbage collection stays on, and runs once over the whole heap before each measurement.",
        "- CPU time includes all threads of the client's process. Fetches per second also depend on the server.",
        "- Every client may open as many connections as there are fetches in flight, and at least 100. They are open"
        " before the measurement starts, and stay open.",
        f"- {', '.join(EXTRAS)} run in a separate Python environment, because their dependencies make httpx faster for"
        " the others: without sniffio, httpcore searches for it in each request. In all processes, sys.path is as long"
        " as in a service.",
        "- puretalk-client runs with its default options, and all guarantees apply. The practical floor has no timeouts"
        " and does not handle errors. The clients by hand check the status and return a dict.",
        "- Over TLS, pyreqwest and wreq do not verify the certificate. The others verify it, but not its host name.",
        "- Instructions per fetch are the difference between a process that fetches few calls and one that fetches"
        " many, divided by the difference in calls, with the same hash seed. They are counted once, because other"
        " processes do not affect them.",
        "- Cold start and importing are measured in that second environment, where httpx finds nothing to import beyond"
        " its own dependencies. The time of importing is `time.process_time` after it, less that of bare Python.",
        "- The memory of kept calls is the resident memory of a fresh process.",
        f"- {datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {cpu_model()},"
        f" {platform.system()} {platform.machine()},"
        f" {platform.python_implementation()} {platform.python_version()}.",
        f"- {', '.join(versions(extras))}.",
        f"- Seconds of each part: {', '.join(f'{name} {taken:.0f}' for name, taken in results.parts.items())}.",
    ]
    lines += [f"- Left out: {LABELS[client]}: {reason}" for client, reason in results.skipped.items()]
    lines += [f"- Not measured: {note}" for note in results.notes]
    return "\n".join(lines)


def cpu_model() -> str:
    """Return the name of the CPU."""
    info = Path("/proc/cpuinfo")
    for line in info.read_text(encoding="utf-8").splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"


def versions(extras: str) -> list[str]:
    """Return the versions of the libraries that were compared; ``extras`` is the other Python, or empty."""
    found = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    script = "import importlib.metadata, sys; print(sys.argv[1], importlib.metadata.version(sys.argv[1]))"
    for name in EXTRA_LIBRARIES if extras else ():
        result = subprocess.run([extras, "-c", script, name], capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found.append(result.stdout.strip())
    return found
