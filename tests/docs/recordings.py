"""Pictures of the command for the documentation: ``python -m tests.docs.recordings`` writes docs/recordings/.

Each runs the command against the sandbox, in process and in virtual time, so that it is the same every time. What the
command writes to its terminal is drawn by rich's recorder.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from tests.docs.markdown import ROOT

from puretalk_client import AsyncPuretalk
from puretalk_client._cli import client, live_call, live_progress, main
from puretalk_client.testing import SAMPLE_CALL_ID, Sandbox, _served_calls, sample_call, virtual_time

FOLDER = ROOT / "docs" / "recordings"

_START = datetime(2025, 6, 3, 16, 4, 42, tzinfo=UTC).timestamp()

_WIDTH = 100
_DARK, _GRAY, _LIGHT = (22, 24, 32), (84, 90, 108), (216, 220, 230)
_RED, _GREEN, _YELLOW, _BLUE, _CYAN = (240, 113, 120), (143, 204, 122), (240, 190, 96), (122, 162, 247), (92, 200, 214)
_COLORS = [_RED, _GREEN, _YELLOW, _BLUE, _BLUE, _CYAN, _LIGHT]
_THEME = TerminalTheme(_DARK, _LIGHT, [_DARK, *_COLORS], [_GRAY, *_COLORS])
# Without the fonts that rich's own template loads from the network.
_FRAME = "{styles}\0{matrix}\0{chrome}\0{width}\0{height}\0{terminal_x}\0{terminal_y}"
_PAGE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
<style>
text {{ font: 20px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
.{name}-title {{ font: 16px system-ui, sans-serif; opacity: 0.6 }}
{styles}
</style>
{chrome}
<g transform="translate({x}, {y})">
{frames}
</g>
</svg>
"""


class Screen(io.StringIO):
    """A terminal that keeps what is written to it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Pictures:
    """Stands in for ``rich.live.Live``, which refreshes by the real clock: takes a picture in each interval.

    Attributes:
        taken: The pictures, as text with escape sequences.
    """

    def __init__(self, interval: float) -> None:
        self.taken: list[str] = []
        self._interval = interval

    @contextlib.contextmanager
    def __call__(
        self, *, console: Console, get_renderable: Callable[[], RenderableType], **_: object
    ) -> Iterator[None]:
        async def take() -> None:
            while True:
                with console.capture() as capture:
                    console.print(get_renderable())
                self.taken.append(capture.get())
                await asyncio.sleep(self._interval)

        taking = asyncio.create_task(take())
        try:
            yield
        finally:
            taking.cancel()


def run(sandbox: Sandbox, arguments: Sequence[str], live: Pictures | None = None) -> str:
    """Run the command on a terminal in virtual time, and return what stays on it."""
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox))

    def connect(**options: Any) -> AsyncPuretalk:
        made = AsyncPuretalk(sandbox.api_key, **options | {"base_url": sandbox.base_url, "http_client": http})
        made._sender.pool.backoff.draw = lambda: 1.0  # delays are random
        return made

    screen = Screen()
    environment = {"TERM": "xterm", "COLORTERM": "", "COLUMNS": str(_WIDTH), "LINES": "60"}
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(client, "AsyncPuretalk", connect),
        mock.patch.object(_served_calls, "wall_time", return_value=_START),
        mock.patch.object(live_call, "Live", live),
        mock.patch.object(live_progress, "Live", live),
        mock.patch.object(sys, "stdout", screen),
        mock.patch.object(sys, "stderr", screen),
        virtual_time(),
    ):
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
            os.environ.pop(name, None)
        code = main(arguments)
        asyncio.run(http.aclose())
    if code not in (0, 6):
        raise RuntimeError(screen.getvalue())
    return screen.getvalue()


def example() -> dict[str, Any]:
    """Return a call that fits into a picture."""
    call = sample_call()
    turns = [call["transcript_object"][index] for index in (0, 1, 2, 3, 16, 17, 18, 19, 38, 39)]
    pairs = call["call_analysis"]["post_analysis_data"]
    analysis = {**call["call_analysis"], "post_analysis_data": [pairs[index] for index in (0, 2, 3, 4, 6)]}
    return {**call, "transcript_object": turns, "call_analysis": analysis}


def record_get() -> str:
    """``puretalk get``: the page of a call."""
    sandbox = Sandbox()
    sandbox.add_call(example())
    return draw("get", f"puretalk get {SAMPLE_CALL_ID}", [run(sandbox, ["get", SAMPLE_CALL_ID])])


def record_watch() -> str:
    """``puretalk watch``: a call from the queue to its analysis."""
    sandbox, live = Sandbox(), Pictures(5)
    sandbox.add_lifecycle(example(), {0: "queued", 4: "ringing", 9: "in progress", 322: "completed"}, 5, 5)
    last = run(sandbox, ["watch", SAMPLE_CALL_ID, "--max-interval", "5"], live)
    # The first picture of each state; its last line is the time.
    states = [next(same) for _, same in itertools.groupby(live.taken, lambda text: text.rstrip().rpartition("\n")[0])]
    return draw("watch", f"puretalk watch {SAMPLE_CALL_ID}", [*states, last])


def record_export() -> str:
    """``puretalk export``: two thousand calls, three of which do not exist."""
    sandbox, live = Sandbox(), Pictures(8)
    known = [sandbox.add_call(sample_call(call_id=f"c-{number:04}")) for number in range(1997)]
    with tempfile.TemporaryDirectory() as folder:
        ids, target = Path(folder, "ids.txt"), Path(folder, "calls")
        ids.write_text("\n".join([*known[:500], "c-1a", *known[500:1200], "c-2a", "c-3a", *known[1200:]]))
        last = run(sandbox, ["export", str(ids), "-o", str(target), "--rate-limit", "50"], live)
        files = "\n".join(sorted(path.name for path in target.iterdir()))
    return draw(
        "export", "puretalk export ids.txt -o calls --rate-limit 50", [*live.taken, f"{last}$ ls calls\n{files}"]
    )


def draw(name: str, command: str, pictures: Sequence[str]) -> str:
    """Draw pictures under a command as one SVG, which shows them one after the other if there are several."""
    screens = [list(Text.from_ansi(picture.rstrip()).split("\n")) for picture in pictures]
    height = max(map(len, screens)) + 2
    frames = [frame(f"{name}-{number}", command, screen, height) for number, screen in enumerate(screens)]
    styles, matrices, chromes, *sizes = zip(*frames, strict=True)
    chrome = chromes[0].replace(f"{name}-0-title", f"{name}-title")
    width, total, x, y = (size[0] for size in sizes)
    groups = "\n".join(f'<g class="{name}-f{number}">\n{matrix}\n</g>' for number, matrix in enumerate(matrices))
    return _PAGE.format(
        name=name,
        title=command,
        styles="\n".join([*styles, film(name, len(frames))]),
        chrome=chrome,
        frames=groups,
        width=width,
        height=total,
        x=x,
        y=y,
    )


def frame(unique_id: str, command: str, screen: Sequence[Text], height: int) -> list[str]:
    """Draw a picture; return the parts of its SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), color_system="standard", force_terminal=True)
    console.print(prompt(command), soft_wrap=True)
    for line in screen:
        line.rstrip()
        console.print(prompt(line.plain[2:]) if line.plain.startswith("$ ") else line, soft_wrap=True)
    console.print("\n" * (height - len(screen) - 1), end="")
    svg = console.export_svg(
        title="puretalk", theme=_THEME, code_format=_FRAME, font_aspect_ratio=0.602, unique_id=unique_id
    )
    # No line is longer than the window, so that nothing has to be cut off.
    return re.sub(r' clip-path="[^"]*"', "", svg).replace("</text><", "</text>\n<").split("\0")


def prompt(command: str) -> Text:
    """Return a line that was typed."""
    return Text.assemble(("$ ", "green"), (command, "bold"))


def film(name: str, count: int) -> str:
    """Return styles that show each picture for a while, and the last one for longer; and only that to who asks."""
    if count == 1:
        return ""
    rules = [f".{name}-f{number} {{ visibility: hidden }}" for number in range(count - 1)]
    shown = 1.2  # seconds
    total = shown * (count + 3)
    rules.append("@media (prefers-reduced-motion: no-preference) {")
    for number in range(count):
        start = 100 * shown * number / total
        end = 100.0 if number == count - 1 else 100 * shown * (number + 1) / total
        steps = f"0% {{ visibility: hidden }} {start:.2f}% {{ visibility: visible }}"
        steps = "0% { visibility: visible }" if number == 0 else steps
        steps += " 100% { visibility: visible }" if end == 100 else f" {end:.2f}%, 100% {{ visibility: hidden }}"
        rules.append(f"@keyframes {name}-k{number} {{ {steps} }}")
        rules.append(f".{name}-f{number} {{ animation: {name}-k{number} {total:.1f}s step-end infinite }}")
    return "\n".join([*rules, "}"])


RECORDINGS = {"get": record_get, "watch": record_watch, "export": record_export}


def write() -> None:
    """Write all recordings."""
    FOLDER.mkdir(exist_ok=True)
    for name, record in RECORDINGS.items():
        (FOLDER / f"{name}.svg").write_text(record(), encoding="utf-8")


if __name__ == "__main__":
    write()
