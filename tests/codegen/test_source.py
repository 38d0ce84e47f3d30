"""Documents are loaded from files and from pages."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen import source as spec_source
from codegen.loading import load_yaml

from .documents import ROOT, SMALL, VENDOR, VENDORED, document, page, refusal


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(VENDORED, id="vendor"),
        pytest.param(VENDORED.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + VENDORED, id="byte order mark"),
        pytest.param(b"# a comment\n---\n" + VENDORED + b"...\n", id="markers of YAML"),
        pytest.param(b"\xef\xbb\xbf" + document().encode(), id="JSON with a byte order mark"),
        pytest.param(json.dumps(json.loads(document()), indent="\t").encode(), id="JSON with tabs"),
        pytest.param(b"\t" + document().encode(), id="JSON after a tab, which is not YAML"),
        pytest.param(b"swagger: '2.0'\npaths: {}\n", id="Swagger, which is refused later"),
    ],
)
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
    [
        pytest.param(f"```\n{SMALL}```", SMALL, id="no info string, no line end"),
        pytest.param(f"~~~yaml `openapi`\n{SMALL}~~~~~  \n", SMALL, id="tildes, a longer closing fence"),
        pytest.param(
            f"````yaml\n{SMALL}x-a: |\n  ```\n   ````\n  done\n````\n",
            f"{SMALL}x-a: |\n  ```\n",
            id="a shorter fence inside does not close, one indented by three does",
        ),
        pytest.param(f"~~~\n{SMALL}x-a: |\n  ```\n~~~\n", f"{SMALL}x-a: |\n  ```\n", id="ticks do not close tildes"),
        pytest.param(f"```\n{SMALL}x-a: |\n    ```\n```\n", f"{SMALL}x-a: |\n    ```\n", id="indented by four: text"),
        pytest.param(
            "- in a list\n\n    ```yaml\n"
            + "".join(f"    {line}\n" for line in SMALL.split("\n"))
            + "  # less\n    ```\n",
            SMALL + "\n# less\n",
            id="indented",
        ),
        pytest.param(
            f"```python\nopenapi = 1\n```\n\n```json\n{{broken\n```\n```yaml\n- a\n```\n```\n{SMALL}```\n",
            SMALL,
            id="other blocks",
        ),
        pytest.param(f"not ```a fence``` here\n```\n{SMALL}```\n", SMALL, id="code in a line"),
        pytest.param(f"---\ntitle: Get Call\nopenapi: GET /calls\n---\n\n```\n{SMALL}```\n", SMALL, id="front matter"),
        pytest.param(f"\ufeff```\n{SMALL}```\n", SMALL, id="byte order mark"),
        pytest.param(
            f"```\n{SMALL}```\n".replace("\n", "\r\n"),
            SMALL.replace("\n", "\r\n"),
            id="CRLF of the page stays",
        ),
        pytest.param(
            f"```\n{SMALL}x-a: a\u2028b\x0cc\n```\n".replace("\x0c", ""),
            f"{SMALL}x-a: a\u2028bc\n",
            id="U+2028",
        ),
        pytest.param(f"```\n{SMALL}```\n```\n{SMALL}```\n", SMALL, id="the same document twice"),
    ],
)
@pytest.mark.parametrize("name", ["get-call.md", "page"])
def test_code_blocks_follow_commonmark(save: Callable[..., str], text: str, expected: str, name: str) -> None:
    """Fences follow CommonMark; only the indentation of the fence is removed."""
    assert spec_source.load([save(text, name)]).text == expected.encode()


@pytest.mark.parametrize(
    ("content", "name", "cause"),
    [
        pytest.param(b"", "a.yaml", "no OpenAPI document", id="empty"),
        pytest.param(b"", "a.md", "no OpenAPI document", id="empty page"),
        pytest.param(
            b"# Get Call\n\n```python\nprint()\n```\n", "a.md", "'openapi' (or 'swagger')", id="page without a document"
        ),
        pytest.param(b"- openapi: 3.0.1\n", "a.yaml", "no OpenAPI document", id="a list"),
        pytest.param(b"name: something\n", "a.yaml", "no OpenAPI document", id="other YAML"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\xff", "a.yaml", "a.yaml: not UTF-8 at byte 0", id="binary"),
        pytest.param(bytes(range(256)), "a", "no OpenAPI document", id="binary without a suffix"),
        pytest.param(gzip.compress(VENDORED), "a.md", "no OpenAPI document", id="compressed"),
        pytest.param(SMALL.encode("utf-16"), "a.json", "not UTF-8", id="UTF-16"),
        pytest.param(b"\n <!DOCTYPE  html><p>openapi: 3", "a.md", "an HTML page. Give", id="HTML"),
        pytest.param(b"<html lang=en>", "a.yaml", "an HTML page. Give", id="HTML without a doctype"),
        pytest.param(VENDORED.replace(b"  title", b"\ttitle"), "a.yaml", "a.yaml:3: not YAML", id="tab"),
        pytest.param(document()[:-1] + "", "a.json", "a.json:1: not YAML", id="truncated JSON"),
        pytest.param(document() + "x", "a.json", "a.json:1: not YAML", id="text after JSON"),
        pytest.param(
            '{"openapi": "3.0.1", "openapi": "3.1.0"}', "a.json", "duplicate key 'openapi'", id="duplicate key in JSON"
        ),
        pytest.param(
            SMALL + "paths: {}\n",
            "a.yaml",
            'a.yaml:4: not YAML: found duplicate key "paths"',
            id="duplicate key in YAML",
        ),
        pytest.param(
            page(VENDORED.replace(b"  title", b"\ttitle")), "a.md", "a.md:14: not YAML", id="tab in a code block"
        ),
        pytest.param(page(VENDORED)[:5000], "a.md", "a.md:11: this code block is not closed", id="truncated"),
        pytest.param(
            page('{"openapi": "3.0.1", "x": "\\ud800"}'), "a.md", "surrogates not allowed", id="lone surrogate"
        ),
        pytest.param('openapi: 3.0.1\nx: "\\ud800"\n', "a.yaml", "surrogates not allowed", id="lone surrogate in YAML"),
        pytest.param("openapi: 3.0.1\nx: " + "[" * 1000, "a.yaml", "nested too deeply", id="deep"),
        pytest.param('{"openapi":' * 100_000, "a.json", "nested too deeply", id="deep JSON"),
        pytest.param(page("openapi: 3.0.1\nx: " + "[" * 1000), "a.md", "nested too deeply", id="deep block"),
        pytest.param(
            '{"openapi": "3.0.1", "x": ' + "[" * 110 + "]" * 110 + "}",
            "a.json",
            "nested too deeply",
            id="110 deep",
        ),
    ],
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
        pytest.param("&a\nopenapi: 3.0.1\nx-a: *a\n", "nested too deeply", id="itself"),
        pytest.param("openapi: 3.0.1\nx-a: &a {<<: *a}\n", "not YAML", id="merged into itself"),
        pytest.param("openapi: 3.0.1\n? {x: []}\n: 1\n", "not YAML", id="mapping as a key"),
    ],
)
def test_recursive_yaml_is_refused(save: Callable[..., str], text: str, cause: str) -> None:
    """YAML that contains itself, or that crashes the parser, is refused with a message."""
    assert f"a.yaml: {cause}" in refusal(save(text))


def test_aliases_count_as_levels(save: Callable[..., str]) -> None:
    """An alias inside the anchor of the next one adds a level, though no line is nested."""
    lines = [f"x-{n}: &a{n} [*a{n - 1}]" for n in range(1, 150)]
    assert "nested too deeply" in refusal(save(SMALL + "x-0: &a0 [1]\n" + "\n".join(lines) + "\n"))


def test_ordinary_aliases_are_supported(save: Callable[..., str]) -> None:
    """An anchor may be used, and its name may be used again."""
    source = spec_source.load([save(SMALL + "x-a: &a {b: 1}\nx-b: *a\nx-c: &a 2\nx-d: {<<: {e: 1}}\n")])
    assert source.document["x-b"] == {"b": 1}


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


def test_endless_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops at the size limit."""
    monkeypatch.setattr(spec_source, "MAX_BYTES", 1000)
    assert "/dev/zero: larger than 1000 bytes" in refusal("/dev/zero")
