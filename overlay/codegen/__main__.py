"""The command line for generation; the Makefile runs it.

    python -m codegen generate             generate generated/ from openapi.yaml
    python -m codegen check                exit with 1 if generated/ does not match openapi.yaml
    python -m codegen update LOCATION ...  replace openapi.yaml with a new document, and generate
    python -m codegen update --add ...     the same, but merge the new document with openapi.yaml
    python -m codegen diff LOCATION ...    report what an update would change, without changing anything
    python -m codegen api-diff [REF]       list breaking changes to the Python API since a release

A LOCATION is a file or an http(s) URL, of an OpenAPI document or of a documentation page that contains one.

Exit status: 0 success; 1 an error, with one message on stderr, or what the command looks for (a difference, a breaking
change); 2 the update is done but there are follow-ups, or the Python APIs cannot be compared; 130 or 143 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import regenerate


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Generate the client package.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("generate", help="generate generated/ from openapi.yaml")
    commands.add_parser("check", help="exit with 1 if generated/ does not match openapi.yaml")
    for name, text in (
        ("update", "replace openapi.yaml with a new document, and generate"),
        ("diff", "report what an update would change"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("locations", nargs="*", metavar="LOCATION", help="a file or URL of a document or page")
        command.add_argument("--add", action="store_true", help="merge the document with openapi.yaml")
        command.add_argument("--json", action="store_true", help="print the report as JSON")
    api_diff = commands.add_parser("api-diff", help="list breaking changes to the Python API since a release")
    api_diff.add_argument("ref", nargs="?", help="a tag, branch or commit; default: the last tag v*")
    for command in commands.choices.values():
        command.add_argument("--root", type=Path, default=regenerate.ROOT, help="the folder of the project")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = parse(arguments)
    root: Path = options.root.resolve()
    if options.command in ("generate", "check"):
        return regenerate.run(root, check=options.command == "check")
    if options.command == "api-diff":
        from . import api_changes  # importing griffe is slow, and only this command needs it

        return api_changes.run(root, options.ref)
    from . import update_spec

    dry_run = options.command == "diff"
    return update_spec.run(root, options.locations, dry_run=dry_run, as_json=options.json, add=options.add)


if __name__ == "__main__":
    sys.exit(main())
