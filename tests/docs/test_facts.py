"""Facts in the documentation that the code can confirm: names, defaults, paths, commands and versions."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from tests.docs.markdown import PAGES, ROOT, blocks

import puretalk_client
from puretalk_client import AsyncPuretalk, PuretalkError
from puretalk_client._cli.usage import EXIT_CODES

README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ERRORS = {
    name: value
    for name, value in vars(puretalk_client).items()
    if isinstance(value, type) and issubclass(value, PuretalkError)
}
TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in PAGES}
ERROR_PAGE = TEXTS["docs/how-to/errors.md"]


def test_error_tree() -> None:
    """The page has every public error below the right parent, and no others."""
    (tree,) = (block.text for block in blocks("text") if block.text.startswith("PuretalkError"))
    documented: dict[str, str] = {}
    ancestors: list[str] = []
    for line in tree.splitlines():
        match = re.match(r"(?P<indent>[ │├└─]*)(?P<name>\w+)", line)
        assert match is not None
        depth = len(match["indent"]) // 4
        ancestors = [*ancestors[:depth], match["name"]]
        documented[match["name"]] = ancestors[-2] if depth else "Exception"
    assert documented == {name: error.__bases__[0].__name__ for name, error in ERRORS.items()}


def test_errors_that_are_also_builtin() -> None:
    """The page names the builtin class of every error that has one."""
    for name, error in ERRORS.items():
        (line,) = re.findall(rf"^[ │├└─]*{name} .*$", ERROR_PAGE, re.MULTILINE) or [""]
        builtin = {base for base in (ValueError, TimeoutError, KeyError, TypeError) if base in error.__bases__}
        assert [base.__name__ for base in builtin] == re.findall(r"also a (\w+)", line)


def test_error_attributes() -> None:
    """Every attribute of errors that the page lists exists."""
    (sentence,) = re.findall(r"Errors have the attributes ([^.]*)\.", ERROR_PAGE)
    names = re.findall(r"`(\w+)`", sentence)
    assert len(names) == 9
    assert all(hasattr(PuretalkError("message"), name) for name in names)


def option_rows(owner: str, page: str) -> list[tuple[str, str]]:
    """Return the names and the defaults of the table of arguments on a page."""
    _, _, after = TEXTS[page].partition(f"| argument of `{owner}` |")
    return re.findall(r"^\| `(\w+)` \| `([^`]+)` \| ", after.partition("\n\n")[0], re.MULTILINE)


def test_options() -> None:
    """The table lists the arguments of AsyncPuretalk in order, with their defaults."""
    rows = option_rows("AsyncPuretalk", "docs/how-to/configuration.md")
    parameters = inspect.signature(AsyncPuretalk).parameters
    assert [name for name, _ in rows] == list(parameters)
    client = AsyncPuretalk("k")._sender
    # None stands for these, so that the client notices which of them come with an http_client.
    defaults = {name: getattr(client.options, name) for name in ("connect_timeout", "max_connections", "verify")}
    defaults["max_retries"] = client.options.retries.max_retries
    defaults["transport"] = client.pool.transport.name
    for name, default in rows:
        if default.startswith("PURETALK_"):
            assert parameters[name].default is None
        elif name in defaults:
            assert eval(default) == defaults[name], name
            assert parameters[name].default is None
        else:
            assert eval(default) == parameters[name].default, name


def test_retries() -> None:
    """The table lists the arguments of Retries in order, with their defaults."""
    parameters = inspect.signature(puretalk_client.Retries).parameters
    documented = [(name, eval(default)) for name, default in option_rows("Retries", "docs/how-to/retries.md")]
    assert documented == [(name, parameter.default) for name, parameter in parameters.items()]


def test_python_versions() -> None:
    """README, classifiers, ``requires-python`` and CI name the same versions of Python."""
    prefix = "Programming Language :: Python :: 3."
    minors = [int(entry.removeprefix(prefix)) for entry in PROJECT["classifiers"] if entry.startswith(prefix)]
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert f"Python 3.{minors[0]} to 3.{minors[-1]}." in README
    assert PROJECT["requires-python"] == f">=3.{minors[0]}"
    workflow = YAML(typ="safe").load(ROOT / ".github" / "workflows" / "ci.yml")
    matrix = workflow["jobs"]["check"]["strategy"]["matrix"]["python"]
    assert matrix == [f"3.{minor}" for minor in minors]
    assert workflow["permissions"] == {"contents": "read"}


def test_extras() -> None:
    """Every extra that a page tells you to install exists."""
    extras = set(re.findall(r"(?:puretalk-client|'\.)\[([\w,]+)\]", "".join(TEXTS.values())))
    extras = {extra for names in extras for extra in names.split(",")}
    assert extras
    assert extras <= PROJECT["optional-dependencies"].keys()


def test_make_targets() -> None:
    """Every make target that a page names exists."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    spans = [span for text in TEXTS.values() for span in re.findall(r"`([^`\n]+)`", text)]
    lines = [line for block in blocks("console") for line in block.text.splitlines()]
    lists = re.findall(r"^(?:[A-Z_]+=\S+ )*make((?: [a-z][a-z-]+)+)", "\n".join([*spans, *lines]), re.MULTILINE)
    targets = {target for names in lists for target in names.split()}
    assert targets >= {"demo", "test", "check", "generate", "update-spec"}
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """The command is installed, and every subcommand that a page names exists."""
    (puretalk,) = entry_points(group="console_scripts", name="puretalk")
    assert puretalk.load()(["--help"]) == 0
    commands = re.findall(r"^  ([a-z]+) {2}", capsys.readouterr().out.partition("Options:")[0], re.MULTILINE)
    named = re.findall(r"(?:`|^|\| )puretalk ([a-z]+)", "".join(TEXTS.values()), re.MULTILINE)
    assert {"get", "drift"} <= set(named) <= set(commands)


def test_exit_codes() -> None:
    """docs/reference/cli.md has the exit codes of ``puretalk --help``."""
    printed = dict(re.findall(r"^  (\d+) +(.*)$", EXIT_CODES, re.MULTILINE))
    assert dict(re.findall(r"^\| (\d+) \| (.*) \|$", TEXTS["docs/reference/cli.md"], re.MULTILINE)) == printed


@pytest.mark.parametrize("page", TEXTS)
def test_links(page: str) -> None:
    """Every relative link leads to a file and, where it has a fragment, to a heading."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[page]):
        name, _, fragment = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        assert file.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert fragment in slugs, target


@pytest.mark.parametrize("page", TEXTS)
def test_paths(page: str) -> None:
    """Every path of the repository in a code span exists, below the root or below overlay/."""
    folders = "generated|overlay|docs|tests|templates|codegen|puretalk_client|puretalk_generated|requirements"
    spans = re.findall(rf"`((?:{folders})/[\w./*-]*|[\w-]+\.(?:md|yaml|toml|sha256))`", TEXTS[page])
    for path in spans:
        roots = (ROOT, ROOT / "overlay", ROOT / "generated")
        assert any(any(root.glob(path.rstrip("/"))) for root in roots), path


def test_layout() -> None:
    """Every file and folder of the tree in CONTRIBUTING.md exists."""
    (tree,) = (block.text for block in blocks("text") if block.text.startswith("openapi.yaml"))
    ancestors: list[str] = []
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 4
        ancestors = [*ancestors[:depth], line.split()[0]]
        path = Path(ROOT, *ancestors)
        assert path.is_dir() if ancestors[-1].endswith("/") else path.is_file(), path
