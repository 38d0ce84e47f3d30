"""The memory of this process."""

from __future__ import annotations

from pathlib import Path


def memory(kind: str) -> float:
    """Return a figure of /proc/self/status in MiB: ``VmRSS``, which is resident, or ``VmHWM``, the most that ever was.

    Not getrusage's ru_maxrss, which a process inherits from the one that started it.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024
