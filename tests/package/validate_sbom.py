"""Validate the bill of materials in a wheel against the schema of CycloneDX (``make check-package``).

It runs in the environment of the checkers, .venv-package; .venv has no cyclonedx.
"""

from __future__ import annotations

import sys
import zipfile

from cyclonedx.schema import SchemaVersion  # type: ignore[import-not-found] # pyright: ignore[reportMissingImports]
from cyclonedx.validation.json import JsonStrictValidator  # type: ignore[import-not-found] # pyright: ignore[reportMissingImports]


def main(wheel: str) -> int:
    """Print what is wrong, and return the exit status."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if ".dist-info/sboms/" in name)
        error = JsonStrictValidator(SchemaVersion.V1_7).validate_str(archive.read(name).decode("utf-8"))
    if error is not None:
        print(f"{name}: {error}")
    return int(error is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
