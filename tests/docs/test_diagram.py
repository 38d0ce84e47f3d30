"""The diagram of the import graph."""

from __future__ import annotations

from tests.docs import diagram


def test_the_diagram_is_current() -> None:
    """``python -m tests.docs.diagram`` would write the file as it is."""
    assert diagram.FILE.read_text(encoding="utf-8") == diagram.render()


def test_every_import_is_shown() -> None:
    """A module reaches in the diagram what it reaches in the code, and a chain replaces a direct line."""
    edges = {"a": {"b", "c", "d"}, "b": {"c"}, "c": {"d"}, "d": set[str]()}
    assert diagram.reduced(edges) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_no_import_goes_up() -> None:
    """Every line leads to a row below."""
    rows = {name: index for index, row in enumerate(diagram.layers()) for name in row}
    lines = diagram.reduced(diagram.imports(rows))
    assert len(lines) > 20
    assert all(rows[upper] < rows[lower] for upper, lower in lines)
