"""One mutant."""

from __future__ import annotations

from attrs import frozen

FAULTS = "tests/faults/test_faults.py"
UNIT = "tests/unit"
CORE = f"{UNIT}/core"
TRANSPORTS = f"{CORE}/transports"


@frozen
class Mutant:
    """One guarantee, how it is removed, and the tests that have to notice.

    Attributes:
        guarantee: The guarantee, to follow "without".
        module: Path of the module in the package.
        old: The text that implements it.
        new: The text that replaces it.
        tests: A pytest ``-k`` expression.
        path: The tests that the expression selects from.
    """

    guarantee: str
    module: str
    old: str
    new: str
    tests: str
    path: str = FAULTS
