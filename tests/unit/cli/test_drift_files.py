"""Reports on responses recorded in files, and on responses that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from puretalk_client._cli.drift_files import compare_files
from puretalk_client.drift import drift_report

NEW = {"call_id": "c", "new": 1}
LINE = json.dumps(NEW)


def test_unreadable_responses_are_bounded() -> None:
    """A report names a hundred and counts all."""
    report = drift_report(["{"] * 1000)
    assert (len(report.unreadable), report.unreadable_count, report.responses) == (100, 1000, 0)


def test_unreadable_responses() -> None:
    """Every kind of unreadable response is named, and the responses around it are compared."""
    invalid: list[str | bytes] = [
        "",
        b" \n",
        "{",
        "{'a':1}",
        "NaN",
        b"\xff",
        "\ud800",
        "[]",
        "[" * 100_000 + "]" * 100_000,
    ]
    report = drift_report([LINE, *invalid, LINE])
    assert report.unreadable == (
        "response 2: empty",
        "response 3: empty",
        "response 4: not JSON",
        "response 5: not JSON",
        "response 6: not JSON",
        "response 7: not UTF-8",
        "response 8: not UTF-8",
        "response 9: contains no response",
        "response 10: nested too deeply",
    )
    assert [drift.responses for drift in report.drifts] == [2]


@pytest.mark.parametrize(
    ("content", "responses", "problems"),
    [(LINE, 1, []), (LINE + "\n", 1, []), ("\ufeff" + LINE, 1, []),
     (json.dumps(NEW, indent=2), 1, []), (json.dumps({"results": NEW}, indent=2), 1, []),
     (json.dumps([NEW, NEW]), 2, []), (json.dumps([NEW, NEW], indent=2), 2, []), (f"[\n{LINE}\n]", 1, []),
     (f"{LINE}\n{LINE}\n", 2, []), (f"\n{LINE}\r\n\r\n{LINE}", 2, []), (f"[{LINE},{LINE}]\n{LINE}", 3, []),
     (f"{LINE}\nCANARY\n{LINE}\n{{", 2, [", line 2: not JSON", ", line 4: not JSON"]),
     (f'\n"c"}}\n{LINE}\n', 1, [", line 2: not JSON"]),
     (json.dumps([NEW, NEW], indent=2)[:-2], 0, [": not JSON"]), (LINE[:-1], 0, [": not JSON"]),
     ("", 0, [": empty"]), ("\n\n", 0, [": empty"]), ("[]", 0, [", line 1: contains no response"])],
)  # fmt: skip
def test_file_formats(content: str, responses: int, problems: list[str], tmp_path: Path) -> None:
    """A file is one response, an array, or JSON Lines. Invalid lines are named by number."""
    file = tmp_path / "calls.json"
    file.write_bytes(content.encode())
    report = compare_files([str(file)])
    assert report.responses == responses
    expected = [("$.results.new", responses)][:responses]
    assert [(drift.path, drift.responses) for drift in report.drifts] == expected
    assert list(report.unreadable) == [f"{file}{problem}" for problem in problems]


def test_unreadable_files(tmp_path: Path) -> None:
    """A missing file, a directory and a UTF-16 file are named, and the files around them are compared."""
    good, wide = tmp_path / "good.json", tmp_path / "wide.json"
    good.write_text(LINE)
    wide.write_text(LINE, encoding="utf-16")
    report = compare_files(map(str, [good, tmp_path / "none", tmp_path, wide, good]))
    assert report.responses == 2
    assert len(report.unreadable) == 3
    for line, path in zip(report.unreadable, (tmp_path / "none", tmp_path, wide), strict=True):
        name, _, reason = line.rpartition(": ")
        assert (name, bool(reason)) == (str(path), True)
    assert report.unreadable[2].endswith(": not UTF-8")
