"""make api-diff lists breaking changes to the Python API since the last release."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import frozen

from codegen import api_changes
from codegen.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "overlay/puretalk_client/_client.py"
CALLS = "overlay/puretalk_client/_calls.py"
MODEL = "generated/puretalk_generated/models.py"
INIT = "overlay/puretalk_client/__init__.py"
FILES = {
    INIT: (
        "from ._calls import Calls as Calls\n"
        "from ._client import AsyncPuretalk as AsyncPuretalk, seconds as seconds\n"
        "from .models import Call as Call\n"
    ),
    "overlay/puretalk_client/models.py": (
        "from puretalk_generated import models\n\n\nclass Call(models.Call):\n    pass\n"
    ),
    CLIENT: (
        "from ._calls import Calls, Internal\nfrom httpx import Timeout\n\n\n"
        "class AsyncPuretalk:\n    calls = Attribute()\n    waits: Timeout\n    _secret: Internal\n\n"
        "    def __init__(self, key, *, timeout=30.0): ...\n    def _hidden(self): ...\n\n\n"
        "class Helper:\n    helps: Internal\n\n\ndef seconds(value): ...\n\n\ndef internal(value): ...\n"
    ),
    CALLS: "class Calls:\n    async def get(self, call_id): ...\n\n\nclass Internal:\n    def send(self, data): ...\n",
    "generated/puretalk_generated/__init__.py": "",
    MODEL: "class Call:\n    status: str | None = None\n    is_billed: bool | None = None\n",
}


@frozen
class Checkout:
    """A repository with both packages, released as v1.0.0."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def git(self, *arguments: str) -> None:
        """Run git."""
        subprocess.run(["git", "-C", str(self.root), *arguments], check=True, capture_output=True)

    def commit(self, tag: str | None = None) -> None:
        """Commit everything, and tag it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        if tag:
            self.git("tag", tag)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text that occurs in a file exactly once."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    def compare(self, *arguments: str) -> tuple[int, list[str], str]:
        """Run the command; return exit status, lines on stdout, and stderr."""
        status = main(["api-diff", "--root", str(self.root), "--", *arguments])
        printed = self.capture.readouterr()
        return status, printed.out.splitlines(), printed.err


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Both packages, committed and released, without the settings of the machine."""
    for name, value in {"HOME": tmp_path, "GIT_CONFIG_NOSYSTEM": 1, "GIT_CEILING_DIRECTORIES": tmp_path}.items():
        monkeypatch.setenv(name, str(value))
    for person in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{person}_NAME", "Ada Example")
        monkeypatch.setenv(f"GIT_{person}_EMAIL", "ada@example.test")
    for name, text in FILES.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text, encoding="utf-8")
    checkout = Checkout(tmp_path / "project", capsys)
    checkout.git("init", "--quiet")
    checkout.commit("v1.0.0")
    return checkout


NONE = (0, ["breaking changes to the Python API since v1.0.0: none"], "")


def test_unchanged_packages(checkout: Checkout) -> None:
    """Without a change there are no breaking changes."""
    assert checkout.compare() == NONE


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [(INIT, "from .models import Call as Call\n", "",
      [f"{INIT}:3 of v1.0.0: puretalk_client: Call: Public object was removed"]),
     (CLIENT, "(self, key, *", "(self, key, region, *",
      [f"{CLIENT}:10: puretalk_client._client: AsyncPuretalk.__init__(region): Parameter was added as required"]),
     (CALLS, "call_id", "id",
      [f"{CALLS}:2: puretalk_client._calls: Calls.get(call_id): Parameter was removed",
       f"{CALLS}:2: puretalk_client._calls: Calls.get(id): Parameter was added as required"]),
     (CLIENT, "    calls = Attribute()\n", "",
      [f"{CLIENT}:6 of v1.0.0: puretalk_client._client: AsyncPuretalk.calls: Public object was removed"]),
     # Reported once, though another model inherits it.
     (MODEL, "    is_billed: bool | None = None\n", "",
      [f"{MODEL}:3 of v1.0.0: puretalk_generated.models: Call.is_billed: Public object was removed"]),
     # A model, and what another model inherited from it.
     (MODEL, "class Call:", "class Record:",
      [f"{MODEL}:1 of v1.0.0: puretalk_generated.models: Call: Public object was removed",
       f"{MODEL}:2 of v1.0.0: puretalk_generated.models: Call.status: Public object was removed",
       f"{MODEL}:3 of v1.0.0: puretalk_generated.models: Call.is_billed: Public object was removed"])],
)  # fmt: skip
def test_breaking_change_is_listed_with_its_location(
    checkout: Checkout, name: str, old: str, new: str, expected: list[str]
) -> None:
    """A breaking change is a line with location, object and reason, committed or not; the status is 1."""
    checkout.replace(name, old, new)
    status, lines, errors = checkout.compare()
    assert (status, lines[:-1], errors) == (1, expected, "")
    assert lines[-1] == f"breaking changes to the Python API since v1.0.0: {len(expected)}"
    checkout.commit()
    assert checkout.compare() == (status, lines, errors)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [(CLIENT, "*, timeout", "*, retries=2, timeout"),  # an optional parameter
     (CLIENT, "def internal(value)", "def other()"),  # a function of a private module
     (CALLS, "data", "text"),  # a class behind a private attribute, and one of a private class
     (CLIENT, "    def _hidden(self): ...\n", ""),
     (CLIENT, "    _secret: Internal\n", ""),
     (MODEL, "class Call:\n", "class Page:\n    next: str\n\n\nclass Call:\n    new: int\n"),
     (CALLS, "call_id): ...", "call_id): ...\n    def list(self): ...")],
)  # fmt: skip
def test_additions_and_private_names_are_not_breaking(checkout: Checkout, name: str, old: str, new: str) -> None:
    """Additions, and changes to names with a leading underscore, are not listed."""
    checkout.replace(name, old, new)
    assert checkout.compare() == NONE


def test_last_release_is_the_nearest_tag_with_a_v(checkout: Checkout) -> None:
    """Other tags, and releases of other branches, are ignored; a REF is used as it is."""
    checkout.git("checkout", "--quiet", "-b", "other")
    checkout.commit("v9.0.0")
    checkout.git("checkout", "--quiet", "-")
    checkout.replace(MODEL, "    is_billed: bool | None = None\n", "")
    checkout.commit("v2.0.0")
    checkout.commit("nightly")
    assert checkout.compare() == (0, ["breaking changes to the Python API since v2.0.0: none"], "")
    assert checkout.compare("v1.0.0")[0] == 1
    assert checkout.compare("HEAD~1")[0] == 0
    checkout.git("tag", "--delete", "v1.0.0", "v2.0.0")
    assert checkout.compare() == (0, ["HEAD does not descend from a tag v*: nothing to compare with"], "")


@pytest.mark.parametrize("ref", ["v7.0.0", "v1.0.0^{blob}", "--output=x"])
def test_unknown_ref_is_named(checkout: Checkout, ref: str) -> None:
    """A REF that is not a commit is refused with status 2, and is never an option of git."""
    before = sorted(checkout.root.iterdir())
    status, lines, error = checkout.compare(ref)
    assert (status, lines, error.startswith(f"api-diff: {ref}: ")) == (2, [], True)
    assert sorted(checkout.root.iterdir()) == before


def test_missing_package_or_repository_is_refused(checkout: Checkout) -> None:
    """Otherwise all names of a package would be gone, or new."""
    shutil.rmtree(checkout.root / "overlay/puretalk_client")
    assert (checkout.compare()[0], "puretalk_client" in checkout.compare()[2]) == (2, True)
    shutil.rmtree(checkout.root / ".git")
    assert (checkout.compare()[0], "not a git repository" in checkout.compare()[2]) == (2, True)


def test_packages_of_this_repository_can_be_read() -> None:
    """The real packages are read without importing them, and their exported names are compared."""
    modules = api_changes.load(ROOT)
    exported = {name for name, member in modules["puretalk_client"].members.items() if member.is_public}
    assert {"AsyncPuretalk", "Call", "CallsResource", "PuretalkError"} <= exported
    assert modules["puretalk_client.CallsResource"].final_target.path == "puretalk_client._calls.CallsResource"
    assert modules["puretalk_generated.models.Call"].is_public
