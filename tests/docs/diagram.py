"""Draws the import graph of the package: ``python -m tests.docs.diagram`` writes docs/explanation/imports.svg.

Rows are the layers of the import contract in pyproject.toml, and lines the imports that grimp finds. A line is left out
where a chain of others leads to the same module.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import grimp
from tests.docs.markdown import ROOT

FILE = ROOT / "docs" / "explanation" / "imports.svg"
PACKAGE = "puretalk_client"
ROLES: Mapping[str, str] = {
    "_cli": "the command",
    "export": "files and tables",
    "testing": "sandbox, virtual time",
    "_public": "public names",
    "_client": "AsyncPuretalk",
    "_calls": "client.calls",
    "_pagination": "lists",
    "_id_lines": "files of ids",
    "_many": "get_many, wait_many",
    "_raw_calls": "raw responses",
    "_wait": "wait, watch",
    "_envelope": "checks a response",
    "_until": "when a call is over",
    "drift": "drift reports",
    "models": "Call and its parts",
    "_recorded": "recorded responses",
    "_core": "the runtime: HTTP only",
    "_display": "pages for notebooks",
    "_metadata": "Call.metadata",
    "_post_analysis": "Call.post_analysis",
    "_pydantic": "Pydantic, FastAPI",
    "errors": "the error tree",
    "_types": "Drift, Attempt",
    "_call_status": "CallStatus",
    "puretalk_generated": "written by make generate",
}
"""What each module is for. A module without an entry is an error."""

OMITTED = {"__main__", "_version"}
"""Modules of one line."""

WIDTH, BOX, ROW, GAP = 860, (150, 40), 74, 14
STYLE = """
text { font-family: system-ui, sans-serif; text-anchor: middle; fill: #1b1f24; }
.name { font-size: 13px; font-weight: 600; } .role { font-size: 11px; fill: #57606a; }
rect { fill: #eef4fb; stroke: #5b88b5; } .page { fill: #fff; stroke: none; }
.generated { fill: #f3efe4; stroke: #a58d4c; }
line { stroke: #9aa7b4; stroke-width: 1.2; } path { fill: #9aa7b4; }
"""


def layers() -> list[list[str]]:
    """Return the modules of each layer, top to bottom, with the generated package below all."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(each for each in settings["contracts"] if each.get("containers") == [PACKAGE])
    return [*(layer.split(" | ") for layer in contract["layers"]), ["puretalk_generated"]]


def imports(names: Iterable[str]) -> dict[str, set[str]]:
    """Return which of these modules each of them imports, directly or through others outside of them."""
    graph = grimp.build_graph(PACKAGE, "puretalk_generated", exclude_type_checking_imports=True, cache_dir=None)
    found: dict[str, set[str]] = {name: set() for name in names}
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            upper, lower = _owner(importer), _owner(imported)
            if upper != lower and upper in found and lower in found:
                found[upper].add(lower)
    return found


def _owner(module: str) -> str:
    package, _, rest = module.partition(".")
    return package if package != PACKAGE else rest.partition(".")[0]


def reduced(edges: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Leave out each edge that a longer path replaces."""

    def reachable(name: str) -> set[str]:
        return {name}.union(*(reachable(below) for below in edges[name]))

    return [
        (upper, lower)
        for upper, below in sorted(edges.items())
        for lower in sorted(below)
        if not any(lower in reachable(other) for other in below - {lower})
    ]


def draw(rows: Sequence[Sequence[str]], edges: Iterable[tuple[str, str]]) -> str:
    """Return the diagram as SVG."""
    (width, height), boxes = BOX, dict[str, tuple[float, float]]()
    for index, row in enumerate(rows):
        left = (WIDTH - len(row) * width - (len(row) - 1) * GAP * 2) / 2
        boxes |= {name: (left + place * (width + GAP * 2), GAP + index * ROW) for place, name in enumerate(row)}
    full = 2 * GAP + (len(rows) - 1) * ROW + height
    size = f'viewBox="0 0 {WIDTH} {full}" width="{WIDTH}" height="{full}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>The imports of {PACKAGE}</title><style>{STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{full}" rx="6"/>',
    ]
    for upper, lower in edges:
        (x1, y1), (x2, y2) = boxes[upper], boxes[lower]
        x1, x2, y1 = x1 + width / 2, x2 + width / 2, y1 + height
        parts.append(f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>')
        parts.append(f'<path d="M{x2:g} {y2:g}l-4 -8h8z"/>')
    for name, (x, y) in boxes.items():
        kind = ' class="generated"' if name == "puretalk_generated" else ""
        parts += [
            f'<rect{kind} x="{x:g}" y="{y:g}" width="{width}" height="{height}" rx="5"/>',
            f'<text class="name" x="{x + width / 2:g}" y="{y + 17:g}">{escape(name)}</text>',
            f'<text class="role" x="{x + width / 2:g}" y="{y + 32:g}">{escape(ROLES[name])}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def render() -> str:
    """Return the diagram of the package as it is."""
    rows = [shown for row in layers() if (shown := [name for name in row if name not in OMITTED])]
    return draw(rows, reduced(imports(name for row in rows for name in row)))


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
