"""A sandbox of the Puretalk API for tests: in process through ``httpx.ASGITransport``, or on loopback.

Needs the extra ``testing``: ``pip install 'puretalk-client[testing]'``. The rest of ``puretalk_client``
never imports this package.
"""

from __future__ import annotations

try:
    from puretalk_client.testing._fault import Fault
    from puretalk_client.testing._samples import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, example_call, sample_call
    from puretalk_client.testing._sandbox import ReceivedRequest, Sandbox
    from puretalk_client.testing._server import running_server, serve
except ModuleNotFoundError as error:
    raise ImportError(
        "puretalk_client.testing needs starlette and uvicorn: pip install 'puretalk-client[testing]'"
    ) from error

__all__ = [
    "EXAMPLE_CALL_ID",
    "SAMPLE_CALL_ID",
    "Fault",
    "ReceivedRequest",
    "Sandbox",
    "example_call",
    "running_server",
    "sample_call",
    "serve",
]
