# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""GET /calls/{call_id}"""

from __future__ import annotations

from typing import Final

from ...client import Client
from ...models.error import Error
from ...models.get_call_response import GetCallResponse
from ...types import Answer, Request, Responses
from ...types import segment as _segment

RESPONSES: Final[Responses[GetCallResponse]] = Responses(
    (
        Answer(200, 200, "json", GetCallResponse),
        Answer(404, 404, "json", Error),
    )
)


def request(
    call_id: str,
) -> Request:
    """Build the request of ``get_call``, without sending it."""
    return Request(
        method="GET",
        path="/calls/{call_id}".format(
            call_id=_segment(call_id),
        ),
    )


async def get_call(
    client: Client,
    call_id: str,
) -> GetCallResponse:
    """Returns a single call based on the ID supplied"""
    return await client.send(
        request(
            call_id=call_id,
        ),
        RESPONSES,
    )
