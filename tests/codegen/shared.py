"""Folders that are created once and used by all pytest-xdist workers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def shared_folder(factory: pytest.TempPathFactory, name: str, create: Callable[[Path], None]) -> Path:
    """Return a folder that ``create`` has filled, in this worker or in another one.

    Args:
        factory: Its base folder is inside that of the test run, which the workers share.
        name: The name of the folder.
        create: Receives the path of a folder that does not exist yet.
    """
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    root.mkdir(exist_ok=True)
    folder, partial = root / name, root / f"{name}.partial"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            create(partial)
            partial.rename(folder)
    return folder
