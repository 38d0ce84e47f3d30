"""The commands, their arguments and their help. Each imports what it needs when it runs."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path  # whose values shells complete
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter
from cyclopts.validators import Number

from .failures import UsageError
from .output import SUCCESS, OutputError, write

if TYPE_CHECKING:
    from .client import Connection
    from .formats import Format

_STDIN = "\0"
"""Stands for ``-``, which cyclopts 5.5 takes for an option. No argument of a process can contain it."""

_ID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"
Until = Literal["final", "analysis", "recording"]
Shell = Literal["bash", "zsh", "fish"]
CallId = Annotated[str, Parameter(name="ID", help="Id of the call.")]
Slow = Annotated[
    float, Parameter(help="Seconds of latency from which on a turn is marked as slow.", validator=Number(gte=0))
]

app = App(
    name="puretalk",
    help_flags=["--help", "-h"],
    version_flags=[],
    help_format="plaintext",
    default_parameter=Parameter(negative=(), show_default=lambda value: value if value not in (False, ()) else None),
)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Server:
    """The options of every command that sends requests."""

    base_url: Annotated[str | None, Parameter(help="Base URL of the API; overrides PURETALK_BASE_URL.")] = None
    rate_limit: Annotated[float | None, Parameter(help="Requests per second.")] = None

    def connection(self, **options: Any) -> Connection:
        """Return the settings of a client."""
        from .client import Connection

        return Connection(base_url=self.base_url, rate_limit=self.rate_limit, **options)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The options of the commands that wait for a call."""

    until: Annotated[Until, Parameter(help="What to wait for; analysis and recording include final.")] = "analysis"
    timeout: Annotated[float, Parameter(help="Seconds to wait at most.")] = 900.0
    max_interval: Annotated[float, Parameter(help="Seconds of the longest delay between two requests.")] = 20.0

    def options(self) -> dict[str, Any]:
        """Return the options of ``wait`` and ``watch``."""
        intervals = {"poll_interval": min(1.0, self.max_interval), "max_interval": self.max_interval}
        return {"until": self.until, "timeout": self.timeout, **intervals}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Layout:
    """How calls are printed. Without an option, for people to read."""

    json: Annotated[
        bool, Parameter(help="Print JSON: an object, or an array for several ids. Errors are JSON too.")
    ] = False
    jsonl: Annotated[bool, Parameter(help="Print JSON Lines: an object a line. Errors are JSON too.")] = False
    fields: Annotated[
        str | None,
        Parameter(
            help="Print these fields as CSV, or as JSON with --json or --jsonl: names, with commas between them."
        ),
    ] = None
    transcript: Annotated[Literal["text", "markdown"] | None, Parameter(help="Print only the transcript.")] = None
    slow: Slow = 1.5

    def form(self, *, is_many: bool, raw: bool = False) -> Format:
        """Return the format that the options choose."""
        from .formats import Format, choose_format

        fields = [name.strip() for name in self.fields.split(",")] if self.fields is not None else []
        names = [name for name, wanted in (("json", self.json), ("jsonl", self.jsonl), ("raw", raw)) if wanted]
        if names or fields or self.transcript is not None:
            return choose_format(names, is_many=is_many, fields=fields, transcript=self.transcript)
        from .page import render_call

        return Format(lambda call: render_call(call, sys.stdout, slow=self.slow) if sys.stdout else "", between="\n")


@app.command(
    help_epilogue=f"Examples:\n  puretalk get {_ID}\n  puretalk get --raw - < ids.txt | puretalk drift -\n"
    "  puretalk get --fields call_id,status - < ids.txt > calls.csv"
)
def get(
    *ids: Annotated[str, Parameter(name="ID", help="Id of a call; - reads ids from standard input, one a line.")],
    layout: Layout = Layout(),  # immutable
    raw: Annotated[bool, Parameter(help="Print responses as received, for several ids one a line.")] = False,
    timeout: Annotated[float | None, Parameter(help="Seconds for each call, retries included.")] = None,
    concurrency: Annotated[
        int | None, Parameter(help="How many calls are fetched at a time.", validator=Number(gte=1))
    ] = None,
    server: Server = Server(),
) -> int:
    """Fetch calls and print them, in the order of their ids.

    A call that cannot be fetched is a line on standard error.
    """
    from . import get as command

    names = _named(ids)
    form = layout.form(is_many=command.is_many(names), raw=raw)
    return command.get(names, form, server.connection(timeout=timeout, concurrency=concurrency))


@app.command(help_epilogue=f"Example:\n  puretalk wait --until recording {_ID}")
def wait(
    call_id: CallId,
    /,
    *,
    waiting: Waiting = Waiting(),
    layout: Layout = Layout(),
    server: Server = Server(),
) -> int:
    """Wait until a call is over and analysed, and print it. A call that failed is printed too."""
    from . import follow

    return follow.wait(call_id, layout.form(is_many=False), server.connection(), **waiting.options())


@app.command(help_epilogue=f"Examples:\n  puretalk watch {_ID}\n  puretalk watch --jsonl {_ID} > states.jsonl")
def watch(
    call_id: CallId,
    /,
    *,
    waiting: Waiting = Waiting(),
    jsonl: Annotated[bool, Parameter(help="Print each state as JSON, one a line.")] = False,
    slow: Slow = 1.5,
    server: Server = Server(),
) -> int:
    """Show a call as it changes, until it is over and analysed.

    On a terminal, the call is shown in place. Elsewhere, each state is a line.
    """
    from . import follow

    form = Layout(jsonl=True).form(is_many=False) if jsonl else None
    return follow.watch(call_id, form, server.connection(), slow=slow, **waiting.options())


@app.command(
    help_epilogue="Examples:\n  puretalk export ids.txt -o calls\n  puretalk export ids.txt -o calls --resume\n"
    "  puretalk export --retry-failed -o calls"
)
def export(
    ids: Annotated[Path | None, Parameter(name="IDS", help="File of ids, one a line; - is standard input.")] = None,
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], help="The folder, or a URI such as s3://bucket/calls.")],
    format: Annotated[Literal["parquet", "jsonl"], Parameter(help="Parquet needs the extra arrow.")] = "parquet",
    rows: Annotated[int, Parameter(help="Ids in a file, at most.")] = 5000,
    fields: Annotated[str | None, Parameter(help="Store these fields only: names, with commas between them.")] = None,
    redact: Annotated[
        str | None, Parameter(help="Leave out these values: speech, contacts, or paths, with commas between them.")
    ] = None,
    resume: Annotated[bool, Parameter(help="Go on with the run in the folder.")] = False,
    overwrite: Annotated[bool, Parameter(help="Remove the run in the folder.")] = False,
    retry_failed: Annotated[bool, Parameter(help="Fetch the calls that failed.")] = False,
    refresh: Annotated[bool, Parameter(help="Fetch the calls again that were not over.")] = False,
    json: Annotated[bool, Parameter(help="Print the counts as JSON. Errors are JSON too.")] = False,
    server: Server = Server(),
) -> int:
    """Fetch many calls into files, which are private.

    A run that was ended goes on with --resume.
    """
    from . import export as command

    source = None if ids is None else _named((ids,))[0]
    return command.export(
        source,
        output,
        server.connection(),
        format=format,
        rows=rows,
        fields=fields,
        redact=redact,
        as_json=json,
        resume=resume,
        overwrite=overwrite,
        retry_failed=retry_failed,
        refresh=refresh,
    )


@app.command(help_epilogue=f"Example:\n  puretalk recording {_ID} -o call.wav")
def recording(
    call_id: CallId,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The file to write; - is standard output.")],
    server: Server = Server(),
) -> int:
    """Download the recording of a call.

    The file is complete or not there, and only you can read it.
    """
    from . import recording as command

    return command.recording(call_id, _named((output,))[0], server.connection())


@app.command(
    help_epilogue="Example:\n  puretalk drift calls.jsonl\n\n"
    "The exit code is 0 without drift, 1 with drift, 2 if a response cannot be read."
)
def drift(
    *files: Annotated[
        Path, Parameter(name="FILE", help="A response, a JSON array of them, or JSON Lines; - is standard input.")
    ],
    json: Annotated[bool, Parameter(help="Print JSON.")] = False,
) -> int:
    """Compare recorded responses with the spec.

    Print a table of unknown fields, unknown values, wrong types and missing fields.
    No value is printed.
    Record responses by "puretalk get --raw", since --json leaves out unknown fields.
    """
    from . import drift as command

    return command.drift(_named(files), as_json=json)


@app.command(help_epilogue="Example:\n  puretalk sandbox")
def sandbox() -> int:
    """Serve a sandbox of the API on this machine, and print the variables that lead a client to it.

    It runs until Ctrl-C, and the exit code is then 0.
    """
    from . import sandbox as command

    return command.sandbox()


@app.command(help_epilogue="Example:\n  puretalk demo")
def demo(*, slow: Slow = 1.5) -> int:
    """Start a sandbox of the API on this machine, fetch its sample call and print it."""
    from . import sandbox as command

    return command.demo(slow=slow)


@app.command(help_epilogue="Example:\n  puretalk completion bash > ~/.local/share/bash-completion/completions/puretalk")
def completion(shell: Annotated[Shell, Parameter(name="SHELL", help="The shell.")], /) -> int:
    """Print a script that completes commands and options."""
    script = app.generate_completion(prog_name="puretalk", shell=shell)
    if shell == "zsh" and (name := re.search(r"^(_\w+)\(\) \{", script, re.MULTILINE)):
        # cyclopts 5.5 defines a function only, which zsh uses if the file has its name, and not that of the command.
        script += f'if [[ $funcstack[1] = _* ]]; then\n  {name[1]} "$@"\nelse\n  compdef {name[1]} puretalk\nfi\n'
    write(script)
    return SUCCESS


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return the exit code."""
    tokens = [_STDIN if argument == "-" else argument for argument in arguments]
    if {"--help", "-h"}.isdisjoint(tokens[: tokens.index("--")] if "--" in tokens else tokens):
        try:
            command, bound, _ = app.parse_args(tokens, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            raise UsageError(f"{error} See: puretalk --help".replace(_STDIN, "-")) from None
        code: int = command(*bound.args, **bound.kwargs)
        return code
    from .console import make_console

    if sys.stdout is None:
        raise OutputError
    console = make_console(sys.stdout)
    with console.capture() as capture:
        app.help_print([token for token in tokens if token not in ("--help", "-h")], console=console)
    write(capture.get())
    return SUCCESS


def _named(names: Sequence[str | Path]) -> list[str]:
    if not names:
        raise UsageError("Nothing is named. See: puretalk --help")
    return ["-" if str(name) == _STDIN else str(name) for name in names]
