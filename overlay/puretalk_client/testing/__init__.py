"""A sandbox of the Puretalk API for tests: in process through ``httpx.ASGITransport``, or on a loopback socket.

It needs the extra ``testing``: ``pip install 'puretalk-client[testing]'``. No other module of
``puretalk_client`` imports this package, except the command ``puretalk demo``.
"""

from __future__ import annotations

try:
    from ._fault import Fault
    from ._recorder import Recorder
    from ._recording_file import RecorderError
    from ._samples import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, example_call, sample_call
    from ._sandbox import ReceivedRequest, Sandbox
    from ._scrubber import Scrubber
    from ._server import running_server, serve
    from ._virtual_loop import VirtualClock, VirtualTimeError, VirtualTimeLoop
    from ._virtual_time import virtual_time
except ModuleNotFoundError as _error:
    raise ImportError(
        "puretalk_client.testing needs starlette and uvicorn: pip install 'puretalk-client[testing]'"
    ) from _error

__all__ = [
    "EXAMPLE_CALL_ID",
    "SAMPLE_CALL_ID",
    "Fault",
    "ReceivedRequest",
    "Recorder",
    "RecorderError",
    "Sandbox",
    "Scrubber",
    "VirtualClock",
    "VirtualTimeError",
    "VirtualTimeLoop",
    "example_call",
    "running_server",
    "sample_call",
    "serve",
    "virtual_time",
]
