"""Golden documents: parameters and bodies are encoded as OpenAPI says, and every kind of response is decoded."""

from __future__ import annotations

import copy
import datetime
import io
import json
import pickle
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from werkzeug.formparser import parse_form_data

from puretalk_client import AsyncPuretalk

from .golden.harness import SERVER, Handler, Packages

MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
DAY = datetime.date(2026, 2, 3)
KEY = UUID("0b7e7d9c-53c8-4f4c-9d8c-0f1b1f2c3d4e")
SEARCH = {"room_id": "r", "day": DAY, "ids": ["x"], "text": "t", "x_trace": "1"}


@pytest.mark.parametrize(
    ("name", "value", "encoded"),
    [
        ("text", "a b&c=d/ü+%", [("text", "a b&c=d/ü+%")]),
        ("page", 2, [("page", "2")]),
        ("ratio", 0.5, [("ratio", "0.5")]),
        ("verbose", True, [("verbose", "true")]),
        ("verbose", False, [("verbose", "false")]),
        ("since", MOMENT, [("since", "2026-02-03T04:05:06+02:00")]),
        ("until", DAY, [("until", "2026-02-03")]),
        ("key", KEY, [("key", str(KEY))]),
        ("state", "open", [("state", "open")]),
        ("level", 2, [("level", "2")]),
        ("tag", ["a", "b,c", None, ""], [("tag", "a"), ("tag", "b,c"), ("tag", "")]),
        ("tag", [], []),
        ("flags", [True, False], [("flags[]", "true"), ("flags[]", "false")]),
        ("either", 7, [("either", "7")]),
        ("either", "seven", [("either", "seven")]),
        ("page", None, []),
    ],
)
async def test_query_parameter_is_encoded(packages: Packages, name: str, value: Any, encoded: list[Any]) -> None:
    """A query parameter has OpenAPI's style "form", exploded; None is not sent."""
    request = await packages["parameters"].sent("rooms.search", **{**SEARCH, name: value})
    expected = encoded if name == "text" else [("text", "t"), *encoded]
    assert sorted(request.url.params.multi_items()) == sorted(expected)


async def test_object_in_the_query_is_exploded(packages: Packages) -> None:
    """Each property of an object becomes a query parameter with its JSON name."""
    package = packages["parameters"]
    value = package.module("models").SearchFilter(min_=1, color_name="red")
    request = await package.sent("rooms.search", **SEARCH, filter_=value)
    assert request.url.params.multi_items() == [("text", "t"), ("min", "1"), ("colorName", "red")]


async def test_path_parameters_are_percent_encoded(packages: Packages) -> None:
    """Commas separate the items of a list; a comma inside an item is percent-encoded."""
    arguments = {**SEARCH, "room_id": "a/b c", "ids": ["1,2", "x?y"]}
    request = await packages["parameters"].sent("rooms.search", **arguments)
    assert request.url.raw_path.decode().partition("?")[0] == "/rooms/a%2Fb%20c/days/2026-02-03/1%2C2,x%3Fy"
    with pytest.raises(ValueError, match="path parameter"):
        await packages["parameters"].sent("rooms.search", **{**SEARCH, "ids": []})


async def test_header_and_cookie_parameters_are_encoded(packages: Packages) -> None:
    """Headers and cookies contain numbers and booleans as JSON writes them."""
    request = await packages["parameters"].sent(
        "rooms.search", **SEARCH, x_count=3, x_ratio=0.5, x_dry_run=True, x_state="shut",
        session="a;b=c ü", visits=2, dark=False,
    )  # fmt: skip
    names = ("X-Trace", "X-Count", "X-Ratio", "X-Dry-Run", "X-State")
    assert [request.headers.get(name) for name in names] == ["1", "3", "0.5", "true", "shut"]
    cookies = {name: unquote(morsel.value) for name, morsel in SimpleCookie(request.headers["Cookie"]).items()}
    assert cookies == {"session": "a;b=c ü", "visits": "2", "dark": "false"}


async def test_parameters_of_any_name_reach_the_server(packages: Packages) -> None:
    """Parameters may have the names that a generated function uses itself, and names that differ only in case."""
    package = packages["names"]
    body = package.module("models").Shadows(list_=["x"], id=1, self_="me", any_={"deep": [1]})
    renamed = {"twice_query": "twice", "url_query": "url"}
    named = ("request", "body", "encode_cookies", "encode_query", "json_body", "userName", "user_name", *renamed)
    request = await package.sent(
        "class_.import_", class_="c", sender="d", body_=body, encode_path_segment="s", twice_header="t",
        datetime_=MOMENT, list_=["p", "q"], responses="r", **dict.fromkeys(named, "v"),
    )  # fmt: skip
    assert request.url.path == "/c/d"
    json_names = [renamed.get(name, name) for name in named]
    pairs = [*((name, "v") for name in json_names), ("datetime", MOMENT.isoformat()), ("RESPONSES", "r")]
    assert sorted(request.url.params.multi_items()) == sorted([*pairs, ("list", "p"), ("list", "q")])
    assert (request.headers["cookie"], request.headers["twice"]) == ("encode_path_segment=s", "t")
    assert json.loads(request.content) == {"list": ["x"], "id": 1, "self": "me", "Any": {"deep": [1]}}


def form(request: httpx.Request) -> tuple[list[tuple[str, str]], list[tuple[str, str, bytes]]]:
    """Parse a form as a server does; return its fields and its files."""
    environment = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": request.headers["Content-Type"],
        "CONTENT_LENGTH": str(len(request.content)),
        "wsgi.input": io.BytesIO(request.content),
    }
    _, fields, files = parse_form_data(environment, silent=False)
    read = []
    for name, file in files.items(multi=True):
        with file.stream:
            read.append((name, file.filename or "", file.read()))
    return list(fields.items(multi=True)), read


def note(packages: Packages, **fields: Any) -> Any:
    """Create a Note."""
    return packages["bodies"].module("models").Note(**fields)


async def test_json_bodies(packages: Packages) -> None:
    """A JSON body has the content type and the JSON names of the document; an optional one may be left out."""
    package = packages["bodies"]
    request = await package.sent("bodies.send_json", body=note(packages, text="ü", is_draft=False, at=MOMENT))
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {"text": "ü", "isDraft": False, "at": MOMENT.isoformat()}
    request = await package.sent("bodies.send_list", body=[note(packages, text="a")])
    assert request.headers["Content-Type"] == "application/vnd.notes+json"
    assert json.loads(request.content) == [{"text": "a"}]
    request = await package.sent("bodies.send_list")
    assert (request.content, request.headers.get("Content-Type")) == (b"", None)


async def test_null_is_sent_explicitly(packages: Packages) -> None:
    """In a JSON body, NULL sends null at any depth and None sends nothing; the body itself can be null."""
    package = packages["bodies"]
    null = package.module("types").NULL
    body = note(packages, text="n", summary=null)
    request = await package.sent("bodies.send_json", body=body)
    assert json.loads(request.content) == {"text": "n", "summary": None}
    request = await package.sent("bodies.send_list", body=[body, note(packages, text="n", summary=None)])
    assert json.loads(request.content) == [{"text": "n", "summary": None}, {"text": "n"}]
    request = await package.sent("bodies.send_list", body=null)
    assert request.content == b"null"
    assert package.module("codec").structure({"text": "n", "summary": None}, type(body)).summary is None


async def test_what_has_no_encoding_is_refused(packages: Packages) -> None:
    """Forms, queries and paths have no null, no nested lists, and no bytes: these raise before anything is sent."""
    package, parameters = packages["bodies"], packages["parameters"]
    null, none = package.module("types").NULL, parameters.module("types").NULL
    parts = package.module("models").SendPartsBody(title="t", count=null)
    for operation, body in (("send_form", note(packages, text="n", summary=null)), ("send_parts", parts)):
        with pytest.raises(ValueError, match="only be sent in a JSON body"):
            await package.sent(f"bodies.{operation}", body=body)
    texts = [("text", value) for value in ([["a"]], [{"x": 1}], {"x": 1}, b"bytes")]
    for name, value in (("page", none), ("room_id", none), ("session", none), ("x_count", none), *texts):
        with pytest.raises(ValueError, match="only be sent in a JSON body"):
            await parameters.sent("rooms.search", **{**SEARCH, name: value})


def test_null_is_a_singleton(packages: Packages) -> None:
    """Copies and pickles of a model with NULL contain the same object, which is not None and shows its name."""
    null = packages["bodies"].module("types").NULL
    body = note(packages, text="n", summary=null)
    copies = (copy.copy(body), copy.deepcopy(body), pickle.loads(pickle.dumps(body)))
    assert all(copied == body and copied.summary is null for copied in copies)
    assert (repr(null), null is None) == ("NULL", False)


async def test_datetime_without_offset_is_refused(packages: Packages) -> None:
    """RFC 3339, and therefore OpenAPI's date-time, requires an offset."""
    naive = datetime.datetime(2026, 2, 3, 4, 5, 6)
    for operation in ("send_json", "send_form"):
        with pytest.raises(ValueError, match="UTC offset"):
            await packages["bodies"].sent(f"bodies.{operation}", body=note(packages, text="n", at=naive))
    with pytest.raises(ValueError, match="UTC offset"):
        await packages["parameters"].sent("rooms.search", **{**SEARCH, "since": naive})


def test_client_needs_an_absolute_url(packages: Packages) -> None:
    """A document may give its server as a relative URL, or not at all; neither can be sent to."""
    for url in ("", "/v3", "https://{host}/v3"):
        with pytest.raises(ValueError, match="absolute"):
            packages["bodies"].module("client").Client(base_url=url)


async def test_form_body(packages: Packages) -> None:
    """A server parses the fields that the model has."""
    body = note(packages, text="a b&ü=", stars=3, is_draft=True, at=MOMENT, tags=["x", "y"])
    request = await packages["bodies"].sent("bodies.send_form", body=body)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    fields = [("text", "a b&ü="), ("stars", "3"), ("isDraft", "true"), ("at", MOMENT.isoformat())]
    assert form(request) == ([*fields, ("tags", "x"), ("tags", "y")], [])


async def test_multipart_body(packages: Packages) -> None:
    """A server parses the fields, objects and files that the model has."""
    package = packages["bodies"]
    file = package.module("types").File
    body = package.module("models").SendPartsBody(
        title='a"b', count=2, urgent=True, on_day=DAY, labels=["x", None, "y"], note=note(packages, text="n"),
        photo=file(b"\x00\xff"), more=[file(io.BytesIO(b"1"), "one.txt", "text/plain")],
    )  # fmt: skip
    fields, files = form(await package.sent("bodies.send_parts", body=body))
    scalars = [("title", 'a"b'), ("count", "2"), ("urgent", "true"), ("onDay", "2026-02-03")]
    assert fields == [*scalars, ("labels", "x"), ("labels", "y"), ("note", '{"text":"n"}')]
    assert files == [("photo", "photo", b"\x00\xff"), ("more", "one.txt", b"1")]


async def test_file_cannot_add_headers_to_a_part(packages: Packages) -> None:
    """Quotes and line ends in a file name are escaped as browsers do; in a media type they are refused."""
    package = packages["bodies"]
    file, body = package.module("types").File, package.module("models").SendPartsBody
    hostile = 'a"; name="title"\r\n\r\n--'
    request = await package.sent("bodies.send_parts", body=body(title="t", photo=file(b"--\r\n", hostile)))
    assert form(request) == ([("title", "t")], [("photo", 'a"; name="title"%0D%0A%0D%0A--', b"--\r\n")])
    with pytest.raises(ValueError, match="mime_type"):
        await package.sent("bodies.send_parts", body=body(title="t", photo=file(b"", "a", "a/b\r\nX: y")))


async def test_media_type_of_a_file(packages: Packages) -> None:
    """The media type of a part is that of the file, or is guessed from its name; without files it is multipart too."""
    package = packages["bodies"]
    file, body = package.module("types").File, package.module("models").SendPartsBody
    files = [file(b"", "a.txt", "image/png"), file(b"", "a.txt"), file(b"", "a.unknown-suffix"), file(b"")]
    request = await package.sent("bodies.send_parts", body=body(title="t", more=files))
    media_types = [line for line in request.content.decode().splitlines() if line.startswith("Content-Type: ")]
    expected = ["image/png", "text/plain", "application/octet-stream", "application/octet-stream"]
    assert media_types == [f"Content-Type: {media_type}" for media_type in expected]
    assert form(await package.sent("bodies.send_parts", body=body(title="t"))) == ([("title", "t")], [])


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation


def test_request_with_a_file_can_be_sent_again(packages: Packages) -> None:
    """A file is read when the request is built, so a retry sends it again."""
    package = packages["bodies"]
    photo = package.module("types").File(Pipe(b"once and again"))
    body = package.module("models").SendPartsBody(title="t", photo=photo)
    request = package.module("api.bodies.send_parts").request(body=body)
    for _ in range(2):
        assert b"once and again" in package.module("bodies").encode_body(request.body)[0]


async def test_binary_body_and_a_body_of_either_kind(packages: Packages) -> None:
    """A binary body is sent unchanged. If an operation accepts two kinds, the type of the body decides."""
    package = packages["bodies"]
    for operation in ("bodies.send_binary", "bodies.send_either"):
        request = await package.sent(operation, body=package.module("types").File(b"\x00\xff"))
        assert request.content == b"\x00\xff"
        assert request.headers["Content-Type"] == "application/octet-stream"
    request = await package.sent("bodies.send_either", body=note(packages, text="n"))
    assert (request.content, request.headers["Content-Type"]) == (b'{"text":"n"}', "application/json")


RESPONSES = [
    ("read_thing", 200, b'{"id":1}', "Thing"),
    ("read_thing", 204, b"", None),
    ("read_thing", 206, b"[1,2]", [1, 2]),
    ("read_anything", 203, b'{"id":1}', "Thing"),
    ("delete_thing", 204, b"", None),
    ("read_text", 200, "wörds".encode(), "wörds"),
    ("read_binary", 200, b"\x00\xff", b"\x00\xff"),
    ("read_moment", 200, b'"2026-02-03T04:05:06+02:00"', MOMENT),
    ("read_moment", 200, b"null", None),
]


def serving(status: int, content: bytes) -> Handler:
    """A server that sends the same response to every request."""
    return lambda request: httpx.Response(status, content=content)


@pytest.mark.parametrize(("operation", "status", "content", "expected"), RESPONSES)
async def test_both_clients_decode_a_response(
    packages: Packages, operation: str, status: int, content: bytes, expected: Any
) -> None:
    """The plain client and AsyncPuretalk return what the status, the range or the default documents."""
    package = packages["responses"]
    if expected == "Thing":
        expected = package.module("models").Thing(id=1)
    assert await package.send(f"things.{operation}", serving(status, content)) == expected

    http = httpx.AsyncClient(transport=httpx.MockTransport(serving(status, content)))
    async with http, AsyncPuretalk("k-1", base_url=SERVER, http_client=http) as client:
        assert await package.operation(f"things.{operation}")(client) == expected


@pytest.mark.parametrize(
    ("status", "content", "parsed"),
    [
        (404, b'{"title":"no"}', "Problem"),
        (418, b"no", "no"),
        (500, b'{"title":"no"}', "Problem"),
        (302, b'{"title":"no"}', "Problem"),
    ],
)
async def test_error_response_is_decoded_by_its_status(
    packages: Packages, status: int, content: bytes, parsed: Any
) -> None:
    """A status has precedence over its range, and a range over the default; none of these is a success."""
    package = packages["responses"]
    if parsed == "Problem":
        parsed = package.module("models").Problem(title="no")
    with pytest.raises(package.module("errors").UnexpectedStatus) as raised:
        await package.send("things.read_thing", serving(status, content))
    assert (raised.value.status, raised.value.parsed) == (status, parsed)
