# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""GET /calls/{call_id}"""

from __future__ import annotations

from typing import Final

from ...models import Error, GetCallResponse
from ...sender import Sender
from ...types import DocumentedResponse, Request, Responses
from ...types import encode_path_segment as _encode_path_segment

RESPONSES: Final[Responses[GetCallResponse]] = Responses(
    (
        DocumentedResponse(200, 200, "json", GetCallResponse),
        DocumentedResponse(404, 404, "json", Error),
    )
)


def request(
    call_id: str,
) -> Request:
    """Build the request of ``get_call``, without sending it."""
    return Request(
        method="GET",
        path=f"/calls/{_encode_path_segment(call_id)}",
        operation="get_call",
        path_template="/calls/{call_id}",
    )


async def get_call(
    sender: Sender,
    call_id: str,
) -> GetCallResponse:
    """Returns a single call based on the ID supplied"""
    return await sender.send(
        request(
            call_id=call_id,
        ),
        RESPONSES,
    )
