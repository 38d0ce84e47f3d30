"""What documents of other APIs contain beside JSON and a key in a header: it is generated, and reaches the server."""

from __future__ import annotations

import json
from typing import Any

import httpx
import msgspec
import pytest

from puretalk_client import AsyncPuretalk

from .golden.harness import SERVER, Handler, Packages
from .test_golden_requests import form

KEYS = [
    ("bearer", {"Authorization": "Bearer k-1"}, {}),
    ("oauth", {"Authorization": "Bearer k-1"}, {}),
    ("openid", {"Authorization": "Bearer k-1"}, {}),
    ("basic", {"Authorization": "Basic ay0xOg=="}, {}),
    ("header", {"X-Golden-Key": "k-1"}, {}),
    ("query", {}, {"api_key": "k-1"}),
    ("cookie", {"Cookie": "session=k-1; theme=dark"}, {"page": "2"}),
    ("first", {}, {"api_key": "k-1"}),
    ("usual", {"Authorization": "Bearer k-1"}, {}),
    ("one", {"Cookie": "session=k-1"}, {}),
    ("both", {"Authorization": "Bearer k-1", "X-Account": "a-1"}, {}),
    ("unlocked", {}, {}),
    ("optional", {"X-Golden-Key": "k-1"}, {}),
]
ARGUMENTS: dict[str, dict[str, Any]] = {"cookie": {"theme": "dark", "page": 2}, "both": {"x_account": "a-1"}}


def recorder(seen: list[httpx.Request]) -> Handler:
    """A server that records requests."""

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    return record


PLACES = ("Authorization", "X-Golden-Key", "X-Account", "Cookie")


@pytest.mark.parametrize(("operation", "headers", "query"), KEYS)
async def test_key_is_where_the_operation_wants_it(
    packages: Packages, operation: str, headers: dict[str, str], query: dict[str, str]
) -> None:
    """In one place each, from both clients; a second scheme is a parameter."""
    package, arguments = packages["auth"], ARGUMENTS.get(operation, {})
    seen = [await package.sent(f"default.{operation}", **arguments)]
    request = package.module(f"api.default.{operation}").request(**arguments)
    if request.key == "default":  # which is that of Puretalk for AsyncPuretalk
        request = msgspec.structs.replace(request, key=package.module("spec").API_KEY)
    http = httpx.AsyncClient(transport=httpx.MockTransport(recorder(seen)))
    async with http, AsyncPuretalk("k-1", base_url=SERVER, http_client=http) as client:
        await client.send(request, package.module(f"api.default.{operation}").RESPONSES)
    for sent in seen:
        assert {name: sent.headers[name] for name in PLACES if name in sent.headers} == headers
        assert dict(sent.url.params) == query
        assert "x-api-key" not in sent.headers


@pytest.mark.parametrize(
    ("operation", "url"),
    [
        ("same", "https://golden.test/v1/same"),
        ("of_path", "https://files.golden.test/path"),
        ("of_operation", "https://uploads.golden.test/v2/path"),
        ("relative", "https://golden.test/v2/relative"),
        ("item", "https://golden.test/v1/item"),
        ("hook", "https://golden.test/v1/hook"),
    ],
)
async def test_operation_has_its_own_server(packages: Packages, operation: str, url: str) -> None:
    """That of the operation, else of its path, else of the document; another ``base_url`` replaces them all."""
    package, seen = packages["servers"], list[httpx.Request]()
    http = httpx.AsyncClient(transport=httpx.MockTransport(recorder(seen)))
    async with package.module("client").Client(http=http) as client:
        await package.operation(f"default.{operation}")(client)
    assert [str(request.url) for request in seen] == [url]
    sent = await package.sent(f"default.{operation}")
    assert str(sent.url) == f"{SERVER}/{url.rpartition('/')[2]}"


READ = [
    ("audio", b"\xff\x00", b"\xff\x00", "audio/mpeg, audio/wav, application/json"),
    ("pdf", b"%PDF", b"%PDF", "application/pdf"),
    ("archive", b"PK\xff", b"PK\xff", "application/zip"),
    ("csv", b"\xe9;1", b"\xe9;1", "text/csv"),
    ("image", b"\xff", b"\xff", "image/*"),
    ("xml", b"<a/>", b"<a/>", "application/xml"),
    ("text", b"words", "words", "text/plain, text/html"),
    ("anything", b'{"x":1}', "Point", None),
    ("several", b'{"x":1}', "Point", "application/json, application/hal+json"),
    ("several", b'{"name":"n"}', "Name", "application/json, application/hal+json"),
]


@pytest.mark.parametrize(("operation", "content", "value", "accept"), READ)
async def test_response_is_read_as_its_media_type(
    packages: Packages, operation: str, content: bytes, value: Any, accept: str | None
) -> None:
    """JSON where there is one, else text, else bytes; the request says which media types it accepts."""
    package, seen = packages["media"], list[str]()
    if isinstance(value, str) and value != "words":
        value = getattr(package.module("models"), value)(**json.loads(content))

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["accept"])
        return httpx.Response(200, content=content)

    assert await package.send(f"default.{operation}", respond) == value
    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    async with http, AsyncPuretalk("k-1", base_url=SERVER, http_client=http) as client:
        assert await package.operation(f"default.{operation}")(client) == value
    assert seen == [accept or "*/*", accept or "application/json"]


@pytest.mark.parametrize(
    ("operation", "mime_type", "sent"),
    [
        ("upload", None, "application/octet-stream"),
        ("upload", "audio/ogg", "audio/ogg"),
        ("put_xml", None, "application/xml"),
        ("either", None, "audio/mpeg"),
        ("either", "audio/wav", "audio/wav"),
    ],
)
async def test_binary_body_has_its_media_type(
    packages: Packages, operation: str, mime_type: str | None, sent: str
) -> None:
    """That of the document, or of the file."""
    package = packages["media"]
    file = package.module("types").File(b"\xff\x00", mime_type=mime_type)
    request = await package.sent(f"default.{operation}", body=file)
    assert (request.content, request.headers["content-type"]) == (b"\xff\x00", sent)


async def test_json_is_chosen_where_the_value_does_not_tell(packages: Packages) -> None:
    """Of two content types with one schema, JSON is sent; a body without a schema is any JSON."""
    package = packages["media"]
    point = package.module("models").Point(x=1)
    for operation, body, content in (
        ("same_schema", point, b'{"x":1}'), ("either", point, b'{"x":1}'), ("put_untyped", [1, None], b"[1,null]"),
    ):  # fmt: skip
        request = await package.sent(f"default.{operation}", body=body)
        assert (request.content, request.headers["content-type"]) == (content, "application/json")


@pytest.mark.parametrize("operation", ["send_form", "send_parts"])
async def test_objects_in_a_form_are_json(packages: Packages, operation: str) -> None:
    """An object, each object of a list, and a list inside a list; the rest are texts (OpenAPI 3.0.4)."""
    package = packages["media"]
    models = package.module("models")
    point = models.Point(x=1, y=2)
    body = models.Holder(point=point, points=[point, models.Point(x=3)], rows=[[1], [2, 3]])
    fields, _ = form(await package.sent(f"default.{operation}", body=body))
    expected = [("point", '{"x":1,"y":2}'), ("points", '{"x":1,"y":2}'), ("points", '{"x":3}')]
    assert fields == [*expected, ("rows", "[1]"), ("rows", "[2,3]")]


async def test_parameters_and_classes_of_one_name_are_all_there(packages: Packages) -> None:
    """Each has a name of its own, which does not depend on anything but the document."""
    package = packages["clashes"]
    names = ("call_id", "call_id_query", "call_id_query_2", "call_id_query_3", "call_id_header")
    request = await package.sent("default.get_a", **{name: name for name in names})
    sent = {"call-id": "call_id", "call_id": "call_id_query", "callId": "call_id_query_2", "call id": "call_id_query_3"}
    assert (dict(request.url.params), request.headers["call-id"]) == (sent, "call_id_header")
    for status, content in ((200, {"a": "x"}), (404, {"b": 1}), (422, {"b": 1}), (503, {"c": True})):
        documented = package.module("api.default.get_a").RESPONSES.match(status)
        value = package.module("codec").decode(json.dumps(content).encode(), documented)
        assert package.module("bodies").to_builtins(value) == content
    types = [package.module("api.default.get_a").RESPONSES.match(status).type for status in (404, 422)]
    assert types[0] is types[1], "equal schemas share a class"


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("Patterns", {"a": "b", "x1": 1}),
        ("Beside", {"both": {"size": 1, "more": "x"}}),
        ("Signs", {"$": "a", "#": "b", "a-b": "c", "a_b": "d", "a.b": "e"}),
        ("Numbers", {"value": 123456789012345678901234567890}),
    ],
)
def test_nothing_of_a_difficult_schema_is_lost(packages: Packages, schema: str, value: Any) -> None:
    """A value is the same after a round trip."""
    package = packages["clashes"]
    built = package.module("codec").decode(json.dumps(value).encode(), package.response(schema))
    assert not isinstance(built, dict)
    assert json.loads(msgspec.json.encode(package.module("bodies").to_builtins(built))) == value


@pytest.mark.parametrize(
    ("schema", "value", "kind"),
    [
        ("Shape", {"kind": "circle", "radius": 1.5}, "Circle"),
        ("Shape", {"kind": "square", "side": 2.5}, "ShapeType1"),
        ("Shape", {"kind": "line", "length": 3.5}, "Line"),
        ("Zoo", {"star": {"species": "cat", "lives": 9}}, "Cat"),
        ("Zoo", {"star": {"species": "Dog", "tricks": ["roll"]}}, "Dog"),
        ("Zoo", {"star": {"species": "bird"}}, "Animal"),
    ],
)
def test_discriminator_selects_among_all_members(packages: Packages, schema: str, value: Any, kind: str) -> None:
    """Inline members, those that only the mapping names, and the subtypes of a schema that is referred to."""
    package = packages["shapes"]
    built = package.module("codec").decode(json.dumps(value).encode(), package.response(schema))
    assert package.module("bodies").to_builtins(built) == value
    assert type(getattr(built, "star", built)).__name__ == kind
