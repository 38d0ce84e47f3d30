"""Generation stops if something in the document is missing from the package; the message lists what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen import regenerate

from .project import Project

MODELS, OPERATION = "models.py", "api/calls/get_call.py"
CHANGES = [
    (MODELS, "    from_number: str | None = None\n", "", "schemas/Call: from_number: it is not kept (Call"),
    (MODELS, "is_billed: bool", "is_billed: str", "Call: is_billed: its type, str | None, cannot hold True"),
    (MODELS, '"twilio"', '"twillio"', "cannot hold 'twilio'"),
    (MODELS, "turn_latency: TurnLatency", "turn_latency: list[float]", "#/components/schemas/Call: transcript_object"),
    (MODELS, "turn_latency: TurnLatency", "turn_latency: TurnLatenzy",
     "schemas/Call: its class cannot be used: NameError: name 'TurnLatenzy' is not defined"),
    (MODELS, "class CallMetadata", "class CallMetadatum", "its class cannot be used: NameError: name 'CallMetadata'"),
    (MODELS, "from attrs import", "from no_such_module import",
     "could not be compared with it: ModuleNotFoundError: No module named 'no_such_module'"),
    ("types.py", "import attrs", "import os; os._exit(7)", "could not be compared with it: exit status 7"),
    (OPERATION, "RESPONSES", "ANSWERS", "GET /calls/{call_id}: has no module"),
    (OPERATION, 'Response(404, 404, "json"', 'Response(400, 404, "json"',
     "GET /calls/{call_id}: response 404: is not in RESPONSES"),
    (OPERATION, "segment(call_id)", "segment('1')", "GET /calls/{call_id}: path parameter call_id: is not sent"),
    (OPERATION, "    sender: Sender,\n    call_id: str,", "    sender: Sender, call: str,",
     "GET /calls/{call_id}: has no coroutine with the parameters of its function 'request'"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "expected"), CHANGES)
def test_what_is_missing_from_the_package_is_reported(
    project: Project, monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str, expected: str
) -> None:
    """A package in which something is missing or broken does not replace the existing one."""

    def finish_and_change(package: Path, *rest: Any) -> None:
        finish(package, *rest)
        text = (package / name).read_text(encoding="utf-8")
        assert old in text
        (package / name).write_text(text.replace(old, new), encoding="utf-8")

    finish = regenerate.finish
    monkeypatch.setattr(regenerate, "finish", finish_and_change)
    assert expected in project.refusal()
