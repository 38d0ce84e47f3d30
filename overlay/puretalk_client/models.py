"""The models: the generated ones, with what the generator cannot get right re-declared."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
from attrs import field, frozen

from puretalk_generated import models as generated
from puretalk_generated.models import (
    CallAnalysis as CallAnalysis,
    CallMetadata as CallMetadata,
    PostAnalysisItem as PostAnalysisItem,
    TranscriptTurn as TranscriptTurn,
    TurnLatency as TurnLatency,
)

from ._call_status import CallStatus as CallStatus
from ._post_analysis import PostAnalysis as PostAnalysis


def _status(value: Any) -> CallStatus:
    """Make a status of any value, so that ``call.status.is_final`` always works."""
    if value is None:
        return CallStatus("")
    return CallStatus(value if isinstance(value, str) else msgspec.json.encode(value).decode())


@frozen(kw_only=True, repr=False)
class Call(generated.Call):
    """A phone call (openapi.yaml: ``components.schemas.Call``).

    Every field is None where the server left it out. A value that does not match the document is kept as received.
    """

    status: CallStatus = field(default=CallStatus(""), converter=_status)
    """The status of the call; ``CallStatus("")`` where the server left it out."""

    @property
    def post_analysis(self) -> PostAnalysis:
        """The values of ``call_analysis.post_analysis_data`` by name; empty where there are none."""
        return PostAnalysis(getattr(self.call_analysis, "post_analysis_data", None))

    def __repr__(self) -> str:
        seconds = self.call_duration_seconds
        facts = [
            repr(self.call_id[:64])[1:-1] if isinstance(self.call_id, str) else "without id",
            str(self.status) if self.status.is_known else "unknown status",
            str(self.call_type) if self.call_type in get_args(generated.CallType) else "unknown type",
            f"{seconds} s" if type(seconds) is int else "no duration",
            f"{len(self.transcript_object) if isinstance(self.transcript_object, list) else 0} turns",
        ]
        return f"<Call {', '.join(facts)}>"


@frozen(kw_only=True, repr=False)
class CallEnvelope(generated.GetCallResponse):
    """The response to ``GET /calls/{call_id}``, with this package's ``Call``."""

    results: Call | None = None
