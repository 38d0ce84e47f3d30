"""What FROM= names is read into one document: from files, addresses and the vendor's pages."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spec_tools import document as spec_document
from spec_tools import source as spec_source
from spec_tools.document import GenerationError

ROOT = Path(__file__).resolve().parents[2]
BASE = Path(__file__).with_name("base") / "openapi.yaml"  # stands still when the project's own changes
VENDORED = BASE.read_bytes()
VENDOR = ROOT.parent / "shared" / "spec"
TICKS = "````"
SMALL = "openapi: 3.0.1\ninfo: {title: T, version: '1'}\npaths: {}\n"


def page(
    *blocks: str | bytes, fence: str = TICKS, info: str = "yaml openapi-calls GET /calls/{call_id}"
) -> bytes:
    """A page in the vendor's form around documents."""
    text = "> ## Documentation Index\n> Fetch it.\n\n# Get Call\n\n> Returns a single call\n\n\n## OpenAPI\n"
    for block in blocks:
        content = block if isinstance(block, str) else block.decode()
        text += f"\n{fence}{info}\n{content}\n{fence}\n"
    return text.encode()


def document(**members: Any) -> str:
    """A small document with some members of its own, as JSON."""
    common = {"openapi": "3.0.1", "info": {"title": "T", "version": "1"}, "paths": {}}
    return json.dumps({**common, **members})


def operation(name: str) -> dict[str, Any]:
    """A GET operation."""
    return {"get": {"operationId": name, "responses": {"200": {"description": "Done"}}}}


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    """Write a file; return its path."""

    def write(content: str | bytes, name: str = "a.yaml") -> str:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return str(tmp_path / name)

    return write


def refusal(*places: str) -> str:
    """Load what must be refused; return the message."""
    with pytest.raises(GenerationError) as caught:
        spec_source.load(places)
    return str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(VENDORED, id="the vendor's"),
        pytest.param(VENDORED.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + VENDORED, id="byte order mark"),
        pytest.param(b"# a comment\n---\n" + VENDORED + b"...\n", id="markers of YAML"),
        pytest.param(b"\xef\xbb\xbf" + document().encode(), id="JSON with a byte order mark"),
        pytest.param(json.dumps(json.loads(document()), indent="\t").encode(), id="JSON with tabs"),
        pytest.param(b"\t" + document().encode(), id="JSON after a tab, which is no YAML"),
        pytest.param(b"swagger: '2.0'\npaths: {}\n", id="swagger, which the check refuses by name"),
    ],
)
@pytest.mark.parametrize("name", ["openapi.yaml", "openapi.JSON", "download"])
def test_one_document_comes_byte_for_byte(save: Callable[..., str], content: bytes, name: str) -> None:
    """A document keeps its bytes whatever its line ends, mark and file name, and openapi.yaml with them parses."""
    path = save(content, name)
    source = spec_source.load([path])
    assert (source.name, source.text) == (path, content)
    assert isinstance(source.document, dict)
    assert spec_document.load_yaml(Path(path)) == source.document


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_json_is_read_by_the_rules_of_json(save: Callable[..., str], mark: str) -> None:
    """An emoji written as two surrogates is one character, which YAML would keep as two broken ones."""
    text = mark + document(info={"title": "\N{WAVING HAND SIGN}", "version": "1"})
    assert "\\ud83d\\udc4b" in text
    assert spec_source.load([save(text)]).document["info"]["title"] == "\N{WAVING HAND SIGN}"


def test_page_of_the_vendor_gives_the_document_byte_for_byte(save: Callable[..., str]) -> None:
    """The code block's text is the document, without the blank line that pages add."""
    source = spec_source.load([save(page(VENDORED), "get-call.md")])
    assert source.text == VENDORED
    assert source.document["info"]["title"] == "Puretalk AI"


@pytest.mark.skipif(not VENDOR.is_dir(), reason=f"the vendor's page is not beside the repository: {VENDOR}")
def test_the_vendors_own_page_gives_openapi_yaml() -> None:
    """The page that openapi.yaml came from gives its bytes; page and document together are that document."""
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
        pytest.param(
            f"~~~\n{SMALL}x-a: |\n  ```\n~~~\n", f"{SMALL}x-a: |\n  ```\n", id="ticks do not close tildes"
        ),
        pytest.param(
            f"```\n{SMALL}x-a: |\n    ```\n```\n", f"{SMALL}x-a: |\n    ```\n", id="indented by four: text"
        ),
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
        pytest.param(
            f"---\ntitle: Get Call\nopenapi: GET /calls\n---\n\n```\n{SMALL}```\n", SMALL, id="front matter"
        ),
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
def test_code_block_gives_its_bytes(save: Callable[..., str], text: str, expected: str, name: str) -> None:
    """Fences are those of CommonMark; their indentation goes, nothing else does."""
    assert spec_source.load([save(text, name)]).text == expected.encode()


@pytest.mark.parametrize(
    ("content", "name", "cause"),
    [
        pytest.param(b"", "a.yaml", "no OpenAPI document", id="empty"),
        pytest.param(b"", "a.md", "no OpenAPI document", id="empty page"),
        pytest.param(
            b"# Get Call\n\n```python\nprint()\n```\n", "a.md", "'openapi' (or 'swagger')", id="page without"
        ),
        pytest.param(b"- openapi: 3.0.1\n", "a.yaml", "no OpenAPI document", id="a list"),
        pytest.param(b"name: something\n", "a.yaml", "no OpenAPI document", id="other YAML"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\xff", "a.yaml", "a.yaml: not UTF-8 at byte 0", id="binary"),
        pytest.param(bytes(range(256)), "a", "no OpenAPI document", id="binary without a suffix"),
        pytest.param(gzip.compress(VENDORED), "a.md", "no OpenAPI document", id="compressed"),
        pytest.param(SMALL.encode("utf-16"), "a.json", "not UTF-8", id="UTF-16"),
        pytest.param(b"\n <!DOCTYPE  html><p>openapi: 3", "a.md", "an HTML page. Give", id="HTML"),
        pytest.param(b"<html lang=en>", "a.yaml", "an HTML page. Give", id="HTML without a doctype"),
        pytest.param(VENDORED.replace(b"  title", b"\ttitle"), "a.yaml", "a.yaml:3: not YAML", id="damaged"),
        pytest.param(document()[:-1] + "", "a.json", "a.json:1: not YAML", id="damaged JSON"),
        pytest.param(document() + "x", "a.json", "a.json:1: not YAML", id="more after JSON"),
        pytest.param(
            '{"openapi": "3.0.1", "openapi": "3.1.0"}', "a.json", "duplicate key 'openapi'", id="JSON twice"
        ),
        pytest.param(
            SMALL + "paths: {}\n",
            "a.yaml",
            'a.yaml:4: not YAML: found duplicate key "paths"',
            id="YAML twice",
        ),
        pytest.param(
            page(VENDORED.replace(b"  title", b"\ttitle")), "a.md", "a.md:14: not YAML", id="damaged block"
        ),
        pytest.param(page(VENDORED)[:5000], "a.md", "a.md:11: this code block has no end", id="cut off"),
        pytest.param(
            page('{"openapi": "3.0.1", "x": "\\ud800"}'), "a.md", "surrogates not allowed", id="half an emoji"
        ),
        pytest.param(
            'openapi: 3.0.1\nx: "\\ud800"\n', "a.yaml", "surrogates not allowed", id="half an emoji in YAML"
        ),
        pytest.param("openapi: 3.0.1\nx: " + "[" * 1000, "a.yaml", "nested too deep", id="deep"),
        pytest.param('{"openapi":' * 100_000, "a.json", "nested too deep", id="deep JSON"),
        pytest.param(page("openapi: 3.0.1\nx: " + "[" * 1000), "a.md", "nested too deep", id="deep block"),
        pytest.param(
            '{"openapi": "3.0.1", "x": ' + "[" * 110 + "]" * 110 + "}",
            "a.json",
            "nested too deep",
            id="110 deep",
        ),
    ],
)
def test_what_holds_no_document_is_refused(
    save: Callable[..., str], content: str | bytes, name: str, cause: str
) -> None:
    """What is no document, damaged or made to harm is refused with the file's name, the line and the cause."""
    path = save(content, name)
    message = refusal(path)
    assert cause in message
    assert Path(path).name in message


@pytest.mark.parametrize("depth", [7, 20])
def test_aliases_that_multiply_are_refused(save: Callable[..., str], depth: int) -> None:
    """A few lines whose aliases stand for millions of nodes are refused; who walks them would not come back."""
    lines = [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 12)}]" for n in range(1, depth)]
    message = refusal(save(SMALL + "x-0: &a0 [1, 2]\n" + "\n".join(lines) + "\n"))
    assert "its aliases stand for more than" in message


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("&a\nopenapi: 3.0.1\nx-a: *a\n", "nested too deep", id="itself"),
        pytest.param("openapi: 3.0.1\nx-a: &a {<<: *a}\n", "not YAML", id="merged into itself"),
        pytest.param("openapi: 3.0.1\n? {x: []}\n: 1\n", "not YAML", id="a key that holds a list"),
    ],
)
def test_what_python_cannot_hold_is_refused(save: Callable[..., str], text: str, cause: str) -> None:
    """YAML that has no end, or that the parser itself trips over, ends with a message too."""
    assert f"a.yaml: {cause}" in refusal(save(text))


def test_chain_of_aliases_is_as_deep_as_it_unfolds(save: Callable[..., str]) -> None:
    """Each alias adds a level to the one before, though no line is nested."""
    lines = [f"x-{n}: &a{n} [*a{n - 1}]" for n in range(1, 150)]
    assert "nested too deep" in refusal(save(SMALL + "x-0: &a0 [1]\n" + "\n".join(lines) + "\n"))


def test_aliases_of_reasonable_use_are_read(save: Callable[..., str]) -> None:
    """An anchor that is used, and one whose name is used again, cost nothing."""
    source = spec_source.load([save(SMALL + "x-a: &a {b: 1}\nx-b: *a\nx-c: &a 2\nx-d: {<<: {e: 1}}\n")])
    assert source.document["x-b"] == {"b": 1}


@pytest.mark.parametrize(
    ("place", "cause"),
    [
        ("missing.yaml", "no such file"),
        (".", "is a directory"),
        ("", "directory"),
    ],
)
def test_unreadable_place_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, cause: str
) -> None:
    """A path that cannot be read is refused with the reason of the system."""
    monkeypatch.chdir(tmp_path)
    assert cause in refusal(place)


def test_no_place_at_all_is_refused() -> None:
    """Without FROM the message says what to give."""
    assert "give a file, an address, or several" in refusal()


def test_file_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is read than a document can have."""
    monkeypatch.setattr(spec_source, "MAX_BYTES", 1000)
    assert "/dev/zero: more than 1000 bytes" in refusal("/dev/zero")


# Several documents become one.


def test_pages_with_one_operation_each_become_one_document(save: Callable[..., str]) -> None:
    """Paths, methods, components and tags add up in order; the text says of what, and parses to the document."""
    error = {"type": "object", "properties": {"msg": {"type": "string"}}}
    first = document(
        paths={"/calls/{id}": operation("get_call")},
        components={"schemas": {"Error": error}},
        tags=[{"name": "calls"}],
        security=[{"Key": []}],
    )
    second = document(
        paths={"/calls/{id}": {"delete": {"operationId": "hang_up"}}, "/calls": operation("list_calls")},
        components={
            "schemas": {"Page": {"type": "object"}, "Error": error},
            "parameters": {"page": {"in": "query"}},
        },
        tags=[{"name": "calls"}, {"name": "lists"}],
        security=[{"Key": []}],
        servers=[],
    )
    second = json.dumps(dict(reversed(json.loads(second.replace(', "servers": []', "")).items())))
    places = [save(page(first), "a.md"), save(page(second, info="json"), "b.md")]
    source = spec_source.load(places)
    assert source.name == f"{places[0]} + {places[1]}"
    assert source.text.startswith(b"# Merged from a.md and b.md.\nopenapi: 3.0.1\n")
    assert list(source.document["paths"]) == ["/calls/{id}", "/calls"]
    assert list(source.document["paths"]["/calls/{id}"]) == ["get", "delete"]
    assert list(source.document["components"]["schemas"]) == ["Error", "Page"]
    assert list(source.document["components"]) == ["schemas", "parameters"]
    assert source.document["tags"] == [{"name": "calls"}, {"name": "lists"}]
    assert source.document["security"] == [{"Key": []}]
    assert spec_source.load(places).text == source.text
    vendored = save(source.text, "openapi.yaml")
    assert spec_document.load_yaml(Path(vendored)) == source.document


def test_several_documents_of_one_page_are_merged(save: Callable[..., str]) -> None:
    """A page that shows two operations, each with its document, brings both."""
    both = page(document(paths={"/a": operation("a")}), document(paths={"/b": operation("b")}))
    source = spec_source.load([save(both, "a.md")])
    assert list(source.document["paths"]) == ["/a", "/b"]
    assert source.text.startswith(b"# Merged from a.md.\n")


def test_merging_keeps_quotes(save: Callable[..., str]) -> None:
    """Texts stay in the quotes that they came in."""
    text = 'openapi: "3.0.1"\ninfo:\n  title: "T"\n  version: \'1\'\n'
    merged = spec_source.load([save(text), save("openapi: 3.0.1\nx-a: a\n", "b.yaml")]).text.decode()
    assert merged == f"# Merged from a.yaml and b.yaml.\n{text}x-a: a\n"


def test_merging_keeps_the_vendors_text_where_it_can(save: Callable[..., str]) -> None:
    """Order, quotes and folded texts of the vendor's document stay, so that a diff shows what is new."""
    more = document(
        paths={"/more": operation("more")},
        info={},
        servers=[{"url": "https://api.puretalk.ai/api"}],
        security=[{"ApiKeyAuth": []}],
    )
    text = spec_source.load([str(BASE), save(more)]).text.decode()
    head, tail = text.removeprefix("# Merged from openapi.yaml and a.yaml.\n").split("  /more:\n")
    vendored = VENDORED.decode()
    assert vendored.startswith(head)
    assert vendored.endswith(tail[tail.index("components:") :])


LAYERS: list[Any] = [
    ("info", {"title": "U", "version": "1"}, "#/info/title: 'T' in {a}, 'U' in {b}"),
    ("info", {"title": "T", "version": "2"}, "#/info/version: '1' in {a}, '2' in {b}"),
    ("openapi", "3.1.0", "#/openapi: '3.0.1' in {a}, '3.1.0' in {b}"),
    ("servers", [{"url": "/"}], "#/servers: missing in {a}, a list of 1 in {b}"),
    ("security", [], "#/security: missing in {a}, a list of 0 in {b}"),
    ("tags", [{"name": "t", "x-order": 1}], "#/tags/t/x-order: missing in {a}, 1 in {b}"),
    ("paths", {"/a~b": {"get": {}}}, "#/paths/~1a~0b/get/operationId: 'a' in {a}, missing in {b}"),
    (
        "paths",
        {"/a~b": {"put": {}, "parameters": []}},
        "#/paths/~1a~0b/parameters: missing in {a}, a list of 0 in {b}",
    ),
    (
        "components",
        {"schemas": {"S": {"enum": [1, 2]}}},
        "#/components/schemas/S/enum: a list of 1 in {a}, a list of 2 in {b}",
    ),
    (
        "components",
        {"schemas": {"S": {"enum": [True]}}},
        "#/components/schemas/S/enum/0: 1 in {a}, True in {b}",
    ),
    ("components", {"schemas": {"S": 1}}, "#/components/schemas/S: an object of 1 in {a}, 1 in {b}"),
    ("x-a", "y" * 90, "#/x-a: 'x' in {a}, 'yyyyyyyyyyyy...yyyyyyyyyyyyy' in {b}"),
]


@pytest.mark.parametrize(("key", "value", "expected"), LAYERS)
def test_contradiction_is_named_with_place_and_both_sources(
    save: Callable[..., str], key: str, value: Any, expected: str
) -> None:
    """Where two documents say otherwise of the same, or one speaks for what the other holds, nothing is guessed."""
    one = {
        "paths": {"/a~b": operation("a")},
        "tags": [{"name": "t"}],
        "components": {"schemas": {"S": {"enum": [1]}}},
        "x-a": "x",
    }
    a, b = save(document(**one), "a.json"), save(document(**{**one, key: value}), "b.json")
    assert expected.format(a=a, b=b) in refusal(a, b).split("\n")[1:]


def test_third_document_contradicts_the_one_that_brought_it(save: Callable[..., str]) -> None:
    """The message names the document that has the other value, not the first of all."""
    a, b = save(document(), "a.json"), save(document(**{"x-b": 1}), "b.json")
    c = save(document(**{"x-b": 2}), "c.json")
    assert f"#/x-b: 1 in {b}, 2 in {c}" in refusal(a, b, c)


def test_ten_contradictions_are_listed_and_the_rest_counted(save: Callable[..., str]) -> None:
    """A message stays readable."""
    a, b = (save(document(**{f"x-{n}": x for n in range(25)}), f"{x}.json") for x in "ab")
    lines = refusal(a, b).split("\n")
    assert len(lines) == 12
    assert lines[-1] == "... and 15 more"


def test_what_one_document_lacks_is_no_contradiction(save: Callable[..., str]) -> None:
    """Components without operations, and facts that only one states, add up."""
    shared = document(info={"title": "T"}, components={"schemas": {"S": {}}}, security=[{"Key": []}])
    other = document(paths={"/a": operation("a")}, security=[{"Key": []}], externalDocs={"url": "/"})
    bare = document(components={"schemas": {"R": {}}})
    merged = spec_source.load([save(shared, "a"), save(other, "b"), save(bare, "c")]).document
    assert merged["info"] == {"title": "T", "version": "1"}
    assert merged["security"] == [{"Key": []}]
    assert list(merged["components"]["schemas"]) == ["S", "R"]


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"paths": []}, "#/paths: no mapping"),
        ({"paths": {"/a": None}}, "#/paths/~1a: no mapping"),
        ({"components": {"schemas": 1}}, "#/components/schemas: no mapping"),
        ({"info": "T"}, "#/info: no mapping"),
        ({"tags": "calls"}, "#/tags: not a list of tags"),
        ({"tags": [{"name": []}]}, "#/tags: not a list of tags"),
        ({"tags": [{"name": "a"}, {"name": "a"}]}, "#/tags: not a list of tags"),
    ],
)
def test_what_cannot_be_merged_is_refused(
    save: Callable[..., str], members: dict[str, Any], cause: str
) -> None:
    """A part of another form than OpenAPI's is refused with its document and place."""
    b = save(document(**members), "b.json")
    assert f"{b}: {cause}" in refusal(save(document(), "a.json"), b)


# Addresses. Everything is on loopback.


class Site(http.server.BaseHTTPRequestHandler):
    """Answers by path."""

    pages: dict[str, tuple[int, str, bytes]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        with contextlib.suppress(ConnectionError):
            if path == "/drip":
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                while not self.server.stopped.wait(0.02):  # type: ignore[attr-defined]
                    self.wfile.write(b"x")
                return
            status, kind, body = self.pages.get(path, (404, "text/plain", b"openapi: 3.0.1"))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", kind)
            if kind == "gzip":
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body) + (status == 203)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[tuple[str, dict[str, tuple[int, str, bytes]]]]:
    """A server on loopback: its address, and its pages, which a test adds."""
    handler: Any = type("Handler", (Site,), {"pages": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        stopped = server.stopped = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.02))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler.pages
        stopped.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("application/yaml", VENDORED, id="document"),
        pytest.param("text/markdown", page(VENDORED), id="page"),
        pytest.param("gzip", gzip.compress(VENDORED), id="compressed"),
        pytest.param("text/html", VENDORED, id="a wrong content type"),
    ],
)
@pytest.mark.parametrize("path", ["/get-call", "/moved", "/api/get-call.md?version=1.yaml"])
def test_address_gives_its_document(site: Any, kind: str, body: bytes, path: str) -> None:
    """What the server answers is read as a file would be, also after a redirect."""
    address, pages = site
    pages["/get-call"] = pages["/api/get-call.md"] = (200, kind, body)
    pages["/moved"] = (302, "/get-call", b"")
    source = spec_source.load([address + path])
    assert (source.name, source.text) == (address + path.partition("?")[0], VENDORED)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        pytest.param((404, "text/yaml", VENDORED), "the server answered 404 Not Found", id="404"),
        pytest.param((500, "text/yaml", VENDORED), "the server answered 500", id="500"),
        pytest.param((204, "text/yaml", b""), "the server answered 204", id="204"),
        pytest.param((302, "/here", b""), "cannot be fetched: ", id="redirects without end"),
        pytest.param((302, "file:///etc/passwd", b""), "cannot be fetched: ", id="redirect to a file"),
        pytest.param((200, "text/html", b"<!doctype html><title>T</title>"), "an HTML page", id="HTML"),
        pytest.param((200, "text/yaml", b"x" * 2_000_001), "more than 2000000 bytes", id="too large"),
        pytest.param(
            (200, "gzip", gzip.compress(b"x" * 90_000_000)), "more than 2000000", id="a compressed flood"
        ),
        pytest.param((200, "gzip", b"not compressed"), "cannot be fetched: ", id="not compressed"),
        pytest.param((200, "text/yaml", b""), "no OpenAPI document", id="empty"),
    ],
)
def test_answer_that_is_no_document_is_refused(
    site: Any, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, bytes], cause: str
) -> None:
    """The message names the address and what came instead, and shows neither password nor query."""
    address, pages = site
    pages["/here"] = answer
    monkeypatch.setattr(spec_source, "MAX_BYTES", 2_000_000)
    message = refusal(address.replace("//", "//user:hunter2@") + "/here?token=hunter3#hunter4")
    assert message.startswith(f"{address}/here: ")
    assert cause in message
    assert "hunter" not in message


def test_body_without_end_is_not_read_to_the_end(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading stops where the body is larger than a document can be, long before the time is up."""
    monkeypatch.setattr(spec_source, "MAX_BYTES", 5)
    monkeypatch.setattr(spec_source, "TIMEOUT", 10)
    assert refusal(f"{site[0]}/drip").startswith(f"{site[0]}/drip: more than 5 bytes")


def test_body_that_drips_ends_with_the_timeout(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that keep coming do not prolong the time for the whole."""
    monkeypatch.setattr(spec_source, "TIMEOUT", 0.3)
    assert refusal(f"{site[0]}/drip") == f"{site[0]}/drip: not fetched within 0.3 seconds"


@pytest.mark.parametrize("address", ["http://", "http://[", "http://127.0.0.1:1/a", "http://\u2028/"])
def test_address_that_cannot_be_reached_is_refused(address: str) -> None:
    """No address, and one where nobody listens, end with a message."""
    assert "fetched" in refusal(address)


def test_addresses_are_named_in_the_merged_document(
    site: Any, save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Addresses stand in the first line without a query, files without their folder."""
    address, pages = site
    pages["/a"] = (200, "", document(**{"x-a": 1}).encode())
    text = spec_source.load([f"{address}/a?key=secret", save(document(), "two\nlines.json")]).text
    assert text.startswith(f"# Merged from {address}/a and two lines.json.\nopenapi: 3.0.1\n".encode())
