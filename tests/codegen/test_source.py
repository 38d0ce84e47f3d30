"""Documents are loaded from files and from pages."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen import source as spec_source
from codegen.loading import load_yaml

from .documents import ROOT, SMALL, VENDOR, VENDORED, document, page, refusal


@pytest.mark.parametrize(
    "content",
    [VENDORED, VENDORED.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + VENDORED,
     b"# a comment\n---\n" + VENDORED + b"...\n",
     b"\xef\xbb\xbf" + document().encode(), json.dumps(json.loads(document()), indent="\t").encode(),
     b"\t" + document().encode(), b"swagger: '2.0'\npaths: {}\n"],
    ids=["vendor", "CRLF", "byte order mark", "markers of YAML", "JSON with a byte order mark", "JSON with tabs",
         "JSON after a tab, which is not YAML", "Swagger, which is refused later"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["openapi.yaml", "openapi.JSON", "download"])
def test_document_keeps_its_bytes(save: Callable[..., str], content: bytes, name: str) -> None:
    """A document keeps its bytes whatever its line ends, byte order mark and file name, and they can be parsed."""
    path = save(content, name)
    source = spec_source.load([path])
    assert (source.name, source.text) == (path, content)
    assert isinstance(source.document, dict)
    assert load_yaml(Path(path)) == source.document


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_json_is_parsed_as_json(save: Callable[..., str], mark: str) -> None:
    """A surrogate pair is one character, where YAML would keep two surrogates."""
    text = mark + document(info={"title": "\N{WAVING HAND SIGN}", "version": "1"})
    assert "\\ud83d\\udc4b" in text
    assert spec_source.load([save(text)]).document["info"]["title"] == "\N{WAVING HAND SIGN}"


def test_document_in_a_page_keeps_its_bytes(save: Callable[..., str]) -> None:
    """The text of the code block is the document, without the blank line that pages add."""
    source = spec_source.load([save(page(VENDORED), "get-call.md")])
    assert source.text == VENDORED
    assert source.document["info"]["title"] == "Puretalk AI"


@pytest.mark.skipif(not VENDOR.is_dir(), reason=f"the vendor's page is not beside the repository: {VENDOR}")
def test_vendors_page_contains_openapi_yaml() -> None:
    """The vendor's page contains openapi.yaml byte for byte; loading both gives the same document."""
    assert spec_source.load([str(VENDOR / "get-call.md")]).text == VENDORED
    both = spec_source.load([str(VENDOR / "get-call.md"), str(ROOT / "openapi.yaml")])
    assert both.text == VENDORED
    assert both.name == str(VENDOR / "get-call.md")


@pytest.mark.parametrize(
    ("text", "expected"),
    [(f"```\n{SMALL}```", SMALL),  # no info string, no line end
     (f"~~~yaml `openapi`\n{SMALL}~~~~~  \n", SMALL),
     # A shorter fence inside does not close, and one indented by three does.
     (f"````yaml\n{SMALL}x-a: |\n  ```\n   ````\n  done\n````\n", f"{SMALL}x-a: |\n  ```\n"),
     (f"~~~\n{SMALL}x-a: |\n  ```\n~~~\n", f"{SMALL}x-a: |\n  ```\n"),  # ticks do not close tildes
     (f"```\n{SMALL}x-a: |\n    ```\n```\n", f"{SMALL}x-a: |\n    ```\n"),  # indented by four: text
     ("- in a list\n\n    ```yaml\n" + re.sub("(?m)^", "    ", SMALL) + "\n  # less\n    ```\n", SMALL + "\n# less\n"),
     (f"```python\nopenapi = 1\n```\n\n```json\n{{broken\n```\n```yaml\n- a\n```\n```\n{SMALL}```\n", SMALL),
     (f"not ```a fence``` here\n```\n{SMALL}```\n", SMALL),
     (f"---\ntitle: Get Call\nopenapi: GET /calls\n---\n\n```\n{SMALL}```\n", SMALL),  # front matter
     (f"\ufeff```\n{SMALL}```\n", SMALL),
     (f"```\n{SMALL}```\n".replace("\n", "\r\n"), SMALL.replace("\n", "\r\n")),
     (f"```\n{SMALL}```\n```\n{SMALL}```\n", SMALL)],
    ids=itertools.count(),
)  # fmt: skip
@pytest.mark.parametrize("name", ["get-call.md", "page"])
def test_code_blocks_follow_commonmark(save: Callable[..., str], text: str, expected: str, name: str) -> None:
    """Fences follow CommonMark; only the indentation of the fence is removed."""
    assert spec_source.load([save(text, name)]).text == expected.encode()


@pytest.mark.parametrize(
    ("content", "name", "cause"),
    [
        (b"", "a.yaml", "no OpenAPI document"),
        (b"", "a.md", "no OpenAPI document"),
        (b"# Get Call\n\n```python\nprint()\n```\n", "a.md", "'openapi' (or 'swagger')"),
        (b"- openapi: 3.0.1\n", "a.yaml", "no OpenAPI document"),
        (b"name: something\n", "a.yaml", "no OpenAPI document"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "a.yaml", "a.yaml: not UTF-8 at byte 0"),
        (bytes(range(256)), "a", "no OpenAPI document"),
        (gzip.compress(VENDORED), "a.md", "no OpenAPI document"),
        (SMALL.encode("utf-16"), "a.json", "not UTF-8"),
        (b"\n <!DOCTYPE  html><p>openapi: 3", "a.md", "an HTML page. Give"),
        (b"<html lang=en>", "a.yaml", "an HTML page. Give"),
        (VENDORED.replace(b"  title", b"\ttitle"), "a.yaml", "a.yaml:3: not YAML"),
        (document()[:-1], "a.json", ": not YAML: "),
        (document() + "x", "a.json", "a.json:1: not YAML"),
        ('{"openapi": "3.0.1", "openapi": "3.1.0"}', "a.json", "duplicate key 'openapi'"),
        (SMALL + "paths: {}\n", "a.yaml", "a.yaml:4: not YAML: found duplicate key 'paths'"),
        (page(VENDORED.replace(b"  title", b"\ttitle")), "a.md", "a.md:14: not YAML"),
        (page(VENDORED)[:5000], "a.md", "a.md:11: this code block is not closed"),
        (page('{"openapi": "3.0.1", "x": "\\ud800"}'), "a.md", "surrogates not allowed"),
        ('openapi: 3.0.1\nx: "\\ud800"\n', "a.yaml", "a.yaml:2: not YAML: found invalid Unicode"),
        ("openapi: 3.0.1\nx: " + "[" * 1000, "a.yaml", "nested too deeply"),
        ('{"openapi":' * 100_000, "a.json", "nested too deeply"),
        (page("openapi: 3.0.1\nx: " + "[" * 1000), "a.md", "nested too deeply"),
        ('{"openapi": "3.0.1", "x": ' + "[" * 110 + "]" * 110 + "}", "a.json", "nested too deeply"),
    ],
    ids=itertools.count(),
)
def test_content_without_a_document_is_refused(
    save: Callable[..., str], content: str | bytes, name: str, cause: str
) -> None:
    """Invalid, truncated and hostile content is refused with file name, line and cause."""
    path = save(content, name)
    message = refusal(path)
    assert cause in message
    assert Path(path).name in message


@pytest.mark.parametrize("depth", [7, 20])
def test_aliases_that_multiply_are_refused(save: Callable[..., str], depth: int) -> None:
    """A few lines whose aliases expand to millions of nodes are refused."""
    lines = [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 12)}]" for n in range(1, depth)]
    message = refusal(save(SMALL + "x-0: &a0 [1, 2]\n" + "\n".join(lines) + "\n"))
    assert "with its aliases expanded it has more than" in message


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("&a\nopenapi: 3.0.1\nx-a: *a\n", "a.yaml:1: not YAML: found unconstructable recursive node"),
        ("openapi: 3.0.1\nx-a: &a [*a]\n", "a.yaml:2: not YAML: found unconstructable recursive node"),
        ("openapi: 3.0.1\n? {x: []}\n: 1\n", "a.yaml:2: not YAML: found a key that is not a text"),
        ("openapi: 3.0.1\nx-a: &a 1\nx-b: &a 2\n", "a.yaml:3: not YAML: found duplicate anchor"),
        ("openapi: 3.0.1\n404: 1\n'404': 2\n", "a.yaml:3: not YAML: found duplicate key '404'"),
    ],
)
def test_unsupported_yaml_is_refused(save: Callable[..., str], text: str, cause: str) -> None:
    """YAML that contains itself, keys that are not texts, and names that are used twice are refused with the line."""
    assert cause in refusal(save(text))


def test_aliases_count_as_levels(save: Callable[..., str]) -> None:
    """An alias inside the anchor of the next one adds a level, though no line is nested."""
    lines = [f"x-{n}: &a{n} [*a{n - 1}]" for n in range(1, 150)]
    assert "nested too deeply" in refusal(save(SMALL + "x-0: &a0 [1]\n" + "\n".join(lines) + "\n"))


def test_yaml_is_read_as_version_1_2(save: Callable[..., str]) -> None:
    """Aliases and merges, texts that YAML 1.1 reads in another way, and status codes without quotes."""
    lines = "x-a: &a {b: 1}\nx-b: *a\nx-c: {<<: {e: 1, f: 1}, e: 2}\nx-d: [no, 1:30, 0o17, 1.10]\n404: ~\n"
    document = spec_source.load([save(SMALL + lines)]).document
    assert (document["x-b"], document["x-c"], document["404"]) == ({"b": 1}, {"e": 2, "f": 1}, None)
    *texts, number = document["x-d"]
    assert (texts, number.text) == (["no", "1:30", 15], "1.10")


@pytest.mark.parametrize(
    ("location", "cause"),
    [
        ("missing.yaml", "no such file"),
        (".", "is a directory"),
        ("", "directory"),
    ],
)
def test_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, location: str, cause: str) -> None:
    """A path that cannot be read is refused with the reason of the operating system."""
    monkeypatch.chdir(tmp_path)
    assert cause in refusal(location)


def test_location_is_required() -> None:
    """Without a location the message says what to give."""
    assert "give a file or a URL, or several" in refusal()


def test_files_that_take_too_long_are_refused(save: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the size limit, and 20 MB of YAML are refused without being parsed."""
    yaml = save(SMALL + "# a comment\n" * 2_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(spec_source, "parse_yaml", None)
        assert "larger than 8388608 bytes of YAML: convert it to JSON" in refusal(yaml)
        patch.setattr(spec_source, "MAX_BYTES", 1000)
        assert "/dev/zero: larger than 1000 bytes" in refusal("/dev/zero")
    assert spec_source.load([save(document(**{"x-a": "x" * 20_000_000}), "a.json")]).document["x-a"]
