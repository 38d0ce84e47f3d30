"""The public names, which the package gets when the first of them is used."""

from ._builders import make_call as make_call, make_calls as make_calls
from ._fault import Fault as Fault
from ._in_process import in_process_client as in_process_client
from ._recorder import Recorder as Recorder
from ._recording_file import RecorderError as RecorderError
from ._samples import (
    EXAMPLE_CALL_ID as EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID as SAMPLE_CALL_ID,
    example_call as example_call,
    sample_call as sample_call,
)
from ._sandbox import ReceivedRequest as ReceivedRequest, Sandbox as Sandbox
from ._scrubber import Scrubber as Scrubber
from ._server import running_server as running_server, serve as serve
from ._virtual_loop import (
    VirtualClock as VirtualClock,
    VirtualTimeError as VirtualTimeError,
    VirtualTimeLoop as VirtualTimeLoop,
)
from ._virtual_time import virtual_time as virtual_time
