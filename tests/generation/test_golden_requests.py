"""Golden specs: parameters and bodies are spelled as OpenAPI says, and every kind of answer is read."""

from __future__ import annotations

import asyncio
import copy
import datetime
import io
import json
import pickle
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import httpx
import pytest
from tests.generation.golden.harness import SERVER, Packages
from werkzeug.formparser import parse_form_data

from puretalk_client import AsyncPuretalk

MOMENT = datetime.datetime(2026, 2, 3, 4, 5, 6, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
DAY = datetime.date(2026, 2, 3)
KEY = UUID("0b7e7d9c-53c8-4f4c-9d8c-0f1b1f2c3d4e")
SEARCH = {"room_id": "r", "day": DAY, "ids": ["x"], "text": "t", "x_trace": "1"}


@pytest.mark.parametrize(
    ("name", "value", "spelled"),
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
def test_query_parameter_is_spelled(packages: Packages, name: str, value: Any, spelled: list[Any]) -> None:
    """A query parameter has OpenAPI's style "form", exploded; what is None is not sent."""
    request = packages["parameters"].sent("rooms.search", **{**SEARCH, name: value})
    expected = spelled if name == "text" else [("text", "t"), *spelled]
    assert sorted(request.url.params.multi_items()) == sorted(expected)


def test_object_in_the_query_is_exploded(packages: Packages) -> None:
    """Each property of an object is a query parameter of its own, under its JSON name."""
    package = packages["parameters"]
    value = package.module("models").SearchFilter(min_=1, color_name="red")
    request = package.sent("rooms.search", **SEARCH, filter_=value)
    assert request.url.params.multi_items() == [("text", "t"), ("min", "1"), ("colorName", "red")]


def test_path_parameters_are_quoted_one_by_one(packages: Packages) -> None:
    """The items of a list stand between commas; whatever else an item holds is percent-encoded."""
    arguments = {**SEARCH, "room_id": "a/b c", "ids": ["1,2", "x?y"]}
    path = packages["parameters"].sent("rooms.search", **arguments).url.raw_path.decode().partition("?")[0]
    assert path == "/rooms/a%2Fb%20c/days/2026-02-03/1%2C2,x%3Fy"
    with pytest.raises(ValueError, match="path parameter"):
        packages["parameters"].sent("rooms.search", **{**SEARCH, "ids": []})


def test_header_and_cookie_parameters_are_spelled(packages: Packages) -> None:
    """Headers and cookies carry numbers and booleans as JSON spells them, beside the API's own headers."""
    request = packages["parameters"].sent(
        "rooms.search", **SEARCH, x_count=3, x_ratio=0.5, x_dry_run=True, x_state="shut",
        session="a;b=c ü", visits=2, dark=False,
    )  # fmt: skip
    names = ("X-Trace", "X-Count", "X-Ratio", "X-Dry-Run", "X-State")
    assert [request.headers.get(name) for name in names] == ["1", "3", "0.5", "true", "shut"]
    cookies = {
        name: unquote(morsel.value) for name, morsel in SimpleCookie(request.headers["Cookie"]).items()
    }
    assert cookies == {"session": "a;b=c ü", "visits": "2", "dark": "false"}


def test_parameters_of_any_name_reach_the_server(packages: Packages) -> None:
    """Names that a generated function uses itself, and names that differ only in case, are kept apart."""
    package = packages["names"]
    body = package.module("models").Shadows(list_=["x"], id=1, self_="me", any_={"deep": [1]})
    named = (
        "request",
        "body",
        "cookie",
        "pairs",
        "json_body",
        "userName",
        "user_name",
        "twice_query",
        "url_query",
    )
    request = package.sent(
        "class_.import_", class_="c", client_path="d", body_=body, segment="s", twice_header="t",
        datetime_=MOMENT, list_=["p", "q"], responses="r", **dict.fromkeys(named, "v"),
    )  # fmt: skip
    assert request.url.path == "/c/d"
    spelled = [name.removesuffix("_query") for name in named]
    pairs = [*((name, "v") for name in spelled), ("datetime", MOMENT.isoformat()), ("RESPONSES", "r")]
    assert sorted(request.url.params.multi_items()) == sorted([*pairs, ("list", "p"), ("list", "q")])
    assert (request.headers["cookie"], request.headers["twice"]) == ("segment=s", "t")
    assert json.loads(request.content) == {"list": ["x"], "id": 1, "self": "me", "Any": {"deep": [1]}}


def form(request: httpx.Request) -> tuple[list[tuple[str, str]], list[tuple[str, str, bytes]]]:
    """Read a form as a server does: its fields, and its files."""
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
    """Make a Note of the spec."""
    return packages["bodies"].module("models").Note(**fields)


def test_json_bodies(packages: Packages) -> None:
    """A JSON body has the document's content type and JSON names; an optional one may be left out."""
    package = packages["bodies"]
    request = package.sent("bodies.send_json", body=note(packages, text="ü", is_draft=False, at=MOMENT))
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == {"text": "ü", "isDraft": False, "at": MOMENT.isoformat()}
    request = package.sent("bodies.send_list", body=[note(packages, text="a")])
    assert request.headers["Content-Type"] == "application/vnd.notes+json"
    assert json.loads(request.content) == [{"text": "a"}]
    request = package.sent("bodies.send_list")
    assert (request.content, request.headers.get("Content-Type")) == (b"", None)


def test_null_is_sent_where_a_property_may_also_be_absent(packages: Packages) -> None:
    """NULL sends null in a JSON body, at any depth, where None sends nothing; a whole body can be null too."""
    package = packages["bodies"]
    null = package.module("types").NULL
    body = note(packages, text="n", summary=null)
    content = package.sent("bodies.send_json", body=body).content
    assert json.loads(content) == {"text": "n", "summary": None}
    content = package.sent("bodies.send_list", body=[body, note(packages, text="n", summary=None)]).content
    assert json.loads(content) == [{"text": "n", "summary": None}, {"text": "n"}]
    assert package.sent("bodies.send_list", body=null).content == b"null"
    assert package.module("codec").structure({"text": "n", "summary": None}, type(body)).summary is None


def test_null_is_refused_where_it_cannot_be_spelled(packages: Packages) -> None:
    """Forms, queries and paths have no null: NULL there is an error before anything is sent, and no text."""
    package = packages["bodies"]
    null = package.module("types").NULL
    with pytest.raises(ValueError, match="only a JSON body"):
        package.sent("bodies.send_form", body=note(packages, text="n", summary=null))
    with pytest.raises(ValueError, match="only a JSON body"):
        package.sent("bodies.send_parts", body=package.module("models").SendPartsBody(title="t", count=null))
    parameters = packages["parameters"]
    other = parameters.module("types").NULL
    for name in ("page", "room_id", "session", "x_count"):
        with pytest.raises(ValueError, match="only a JSON body"):
            parameters.sent("rooms.search", **{**SEARCH, name: other})


def test_null_is_one_value_however_it_is_copied(packages: Packages) -> None:
    """Copies and pickles of a model with NULL in it hold the same NULL, which is not None and shows its name."""
    null = packages["bodies"].module("types").NULL
    body = note(packages, text="n", summary=null)
    copies = (copy.copy(body), copy.deepcopy(body), pickle.loads(pickle.dumps(body)))
    assert all(made == body and made.summary is null for made in copies)
    assert (repr(null), null is None) == ("NULL", False)


def test_what_only_json_can_hold_is_never_sent_as_python_shows_it(packages: Packages) -> None:
    """A list of lists or an object, where a schema says nothing, is an error in a query and not its repr."""
    for value in ([["a"]], [{"x": 1}], {"x": 1}, b"bytes"):
        with pytest.raises(ValueError, match="only a JSON body"):
            packages["parameters"].sent("rooms.search", **{**SEARCH, "text": value})


def test_moment_without_offset_is_refused(packages: Packages) -> None:
    """Nobody could tell when it is; RFC 3339, and so OpenAPI's date-time, has none."""
    naive = datetime.datetime(2026, 2, 3, 4, 5, 6)
    for operation in ("send_json", "send_form"):
        with pytest.raises(ValueError, match="UTC offset"):
            packages["bodies"].sent(f"bodies.{operation}", body=note(packages, text="n", at=naive))
    with pytest.raises(ValueError, match="UTC offset"):
        packages["parameters"].sent("rooms.search", **{**SEARCH, "since": naive})


def test_client_needs_an_absolute_address(packages: Packages) -> None:
    """A document may name its server relative to itself, or not at all: that is no address to send to."""
    for address in ("", "/v3", "https://{host}/v3"):
        with pytest.raises(ValueError, match="absolute"):
            packages["bodies"].module("client").Client(base_url=address)


def test_form_body(packages: Packages) -> None:
    """A form is read back by a server as it was meant."""
    body = note(packages, text="a b&ü=", stars=3, is_draft=True, at=MOMENT, tags=["x", "y"])
    request = packages["bodies"].sent("bodies.send_form", body=body)
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    fields = [("text", "a b&ü="), ("stars", "3"), ("isDraft", "true"), ("at", MOMENT.isoformat())]
    assert form(request) == ([*fields, ("tags", "x"), ("tags", "y")], [])


def test_multipart_body(packages: Packages) -> None:
    """Fields, objects and files of a multipart body are read back by a server as they were meant."""
    package = packages["bodies"]
    file = package.module("types").File
    body = package.module("models").SendPartsBody(
        title='a"b', count=2, urgent=True, on_day=DAY, labels=["x", None, "y"], note=note(packages, text="n"),
        photo=file(b"\x00\xff"), more=[file(io.BytesIO(b"1"), "one.txt", "text/plain")],
    )  # fmt: skip
    fields, files = form(package.sent("bodies.send_parts", body=body))
    plain = [("title", 'a"b'), ("count", "2"), ("urgent", "true"), ("onDay", "2026-02-03")]
    assert fields == [*plain, ("labels", "x"), ("labels", "y"), ("note", '{"text":"n"}')]
    assert files == [("photo", "photo", b"\x00\xff"), ("more", "one.txt", b"1")]


class Pipe(io.BytesIO):
    """A stream that can be read once."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation


def test_request_with_a_file_can_be_sent_again(packages: Packages) -> None:
    """A file is read when the request is built, so that a retry sends it too."""
    package = packages["bodies"]
    photo = package.module("types").File(Pipe(b"once and again"))
    body = package.module("models").SendPartsBody(title="t", photo=photo)
    request = package.module("api.bodies.send_parts").request(body=body)
    for _ in range(2):
        assert b"once and again" in package.module("client").encoded(request.body)[0]


def test_multipart_body_without_a_file_is_multipart_still(packages: Packages) -> None:
    """The content type is the document's, also where no file is sent."""
    package = packages["bodies"]
    request = package.sent("bodies.send_parts", body=package.module("models").SendPartsBody(title="t"))
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert form(request) == ([("title", "t")], [])


def test_binary_body_and_a_body_of_either_kind(packages: Packages) -> None:
    """Bytes go as they are; where an operation takes two kinds, the type of the body decides."""
    package = packages["bodies"]
    for operation in ("bodies.send_binary", "bodies.send_either"):
        request = package.sent(operation, body=package.module("types").File(b"\x00\xff"))
        assert request.content == b"\x00\xff"
        assert request.headers["Content-Type"] == "application/octet-stream"
    request = package.sent("bodies.send_either", body=note(packages, text="n"))
    assert (request.content, request.headers["Content-Type"]) == (b'{"text":"n"}', "application/json")


ANSWERS = [
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


def serving(status: int, content: bytes) -> Callable[[httpx.Request], httpx.Response]:
    """Answer every request alike."""
    return lambda request: httpx.Response(status, content=content)


@pytest.mark.parametrize(("operation", "status", "content", "expected"), ANSWERS)
def test_answer_is_read_by_both_clients(
    packages: Packages, operation: str, status: int, content: bytes, expected: Any
) -> None:
    """Every kind of success is what its status, range or default says, from the plain client and the other."""
    package = packages["answers"]
    if expected == "Thing":
        expected = package.module("models").Thing(id=1)
    assert package.run(f"things.{operation}", serving(status, content)) == expected

    async def fetch() -> Any:
        http = httpx.AsyncClient(transport=httpx.MockTransport(serving(status, content)))
        async with http, AsyncPuretalk("k-1", base_url=SERVER, http_client=http) as client:
            return await getattr(package.module(f"api.things.{operation}"), operation)(client)

    assert asyncio.run(fetch()) == expected


@pytest.mark.parametrize(
    ("status", "content", "parsed"),
    [
        (404, b'{"title":"no"}', "Problem"),
        (418, b"no", "no"),
        (500, b'{"title":"no"}', "Problem"),
        (302, b'{"title":"no"}', "Problem"),
    ],
)
def test_failure_is_parsed_as_its_status_says(
    packages: Packages, status: int, content: bytes, parsed: Any
) -> None:
    """A code goes before its range, a range before the default, and none of them is a success."""
    package = packages["answers"]
    if parsed == "Problem":
        parsed = package.module("models").Problem(title="no")
    with pytest.raises(package.module("errors").UnexpectedStatus) as raised:
        package.run("things.read_thing", serving(status, content))
    assert (raised.value.status, raised.value.parsed) == (status, parsed)
