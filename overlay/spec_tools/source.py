"""Reading what ``FROM=`` names: documents and the vendor's pages, from files and addresses, into one document."""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any

import attrs
import httpx

from .document import GenerationError, parse_yaml
from .merge import merge_documents

MAX_BYTES = 32 * 1024 * 1024
TIMEOUT = 60.0

OPENING_FENCE = re.compile(rb"( *)(`{3,}(?=[^`]*$)|~{3,})")
CLOSING_FENCE = re.compile(rb"( *)(`{3,}|~{3,})\s*$")
# A block that begins like this is meant to be a document, also when it is too damaged to be parsed.
DOCUMENT = re.compile(rb"""^[\s{]*["']?(openapi|swagger)["']?\s*:""", re.MULTILINE)
ADDRESS = re.compile("https?://", re.IGNORECASE)
HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


@attrs.frozen
class Source:
    """What is to become ``openapi.yaml``.

    Attributes:
        name: What a message calls it: the path or address as it was given, or several joined by " + ".
        text: The document's own bytes; those of the merged document where there were several.
        document: The same, parsed.
    """

    name: str
    text: bytes
    document: Any


def load(places: Sequence[str]) -> Source:
    """Read every place, a path or an http(s) address of a document or a page, and make one document of all.

    Raises:
        GenerationError: A place cannot be read, holds no document, or contradicts another.
    """
    found = [source for place in places for source in read(place)]
    if not found:
        raise GenerationError("FROM names nothing: give a file, an address, or several in quotes")
    if len({source.text for source in found}) == 1:
        return found[0]
    name = " + ".join(dict.fromkeys(source.name for source in found))
    text = merge_documents([(source.name, source.document) for source in found])
    return Source(name, text, parse_yaml(text, name))


def read(place: str) -> list[Source]:
    """Read the documents that one place holds."""
    if ADDRESS.match(place):
        name, data = fetch(place)
        suffix = PurePosixPath(name).suffix
    else:
        name, data = place, read_file(Path(place))
        suffix = Path(place).suffix
    if len(data) > MAX_BYTES:
        raise GenerationError(f"{name}: more than {MAX_BYTES} bytes, which no OpenAPI document has")
    if HTML.match(data):
        raise GenerationError(
            f"{name}: an HTML page. Give the OpenAPI document itself, or the page as Markdown:"
            " documentation sites often have it at the same address with .md"
        )
    try:
        document = parse_yaml(data, name)
    except GenerationError:
        # Only by its name is a damaged document known from a page, which is no YAML either.
        if suffix.lower() in (".yaml", ".yml", ".json"):
            raise
        document = None
    if is_openapi(document):
        return [Source(name, data, document)]
    sources = list(read_page(data, name))
    if not sources:
        raise GenerationError(
            f"{name}: no OpenAPI document, and no page with one: neither the whole nor a code block of it"
            " is YAML or JSON with 'openapi' (or 'swagger') at its top level"
        )
    return sources


def read_file(path: Path) -> bytes:
    """Read a file, but not much more than a document can have."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GenerationError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


def fetch(address: str) -> tuple[str, bytes]:
    """Fetch an address; return it without user, password and query, which no message may show, and the body."""
    try:
        url = httpx.URL(address)
        name = str(url.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL as error:
        raise GenerationError(f"not an address that can be fetched: {error}") from None
    if (url.port or 0) > 65535:
        raise GenerationError(f"{name}: not an address that can be fetched: there is no such port")
    try:
        return name, asyncio.run(download(url, name))
    except TimeoutError:
        raise GenerationError(f"{name}: not fetched within {TIMEOUT:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GenerationError(f"{name}: cannot be fetched: {error or type(error).__name__}") from None


async def download(url: httpx.URL, name: str) -> bytes:
    """Read the body of a 200, but not much more than a document can have."""
    body = bytearray()
    async with (
        asyncio.timeout(TIMEOUT),  # httpx's own holds for each read, so a drip would never end
        httpx.AsyncClient(follow_redirects=True, timeout=None) as client,
        client.stream("GET", url) as response,
    ):
        if response.status_code != HTTPStatus.OK:
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            raise GenerationError(f"{name}: cannot be fetched: the server answered {reason}, not 200")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                break
    return bytes(body)


def read_page(data: bytes, name: str) -> Iterator[Source]:
    """Yield the OpenAPI documents in the code blocks of a Markdown page."""
    for line, text, closed in code_blocks(data):
        if not closed and DOCUMENT.search(text):
            raise GenerationError(f"{name}:{line}: this code block has no end: is the page whole?")
        try:
            document = parse_yaml(text, name, lines_before=line)
        except GenerationError:
            if DOCUMENT.search(text):
                raise
            continue
        if is_openapi(document):
            yield Source(name, text, document)


def code_blocks(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yield the fenced code blocks of a page: the fence's line, the bytes inside, and whether it is closed.

    As CommonMark has them, and indented as one likes, since they stand in lists and components too. Blank
    lines at the end are left out: the vendor's pages have one that its document has not.
    """
    opening: re.Match[bytes] | None = None
    start, block = 0, list[bytes]()
    for number, line in enumerate(data.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True), start=1):
        closing = CLOSING_FENCE.match(line)
        if opening is None:
            opening, start, block = OPENING_FENCE.match(line), number, []
        elif closing and closing[2].startswith(opening[2]) and len(closing[1]) < len(opening[1]) + 4:
            yield start, without_blank_end(block), True
            opening = None
        else:
            indentation = len(line) - len(line.lstrip(b" "))
            block.append(line[min(indentation, len(opening[1])) :])
    if opening is not None:
        yield start, without_blank_end(block), False


def without_blank_end(lines: list[bytes]) -> bytes:
    """Join lines, without the blank ones at the end."""
    while lines and not lines[-1].strip():
        lines.pop()
    return b"".join(lines)


def is_openapi(document: Any) -> bool:
    """Whether this means to be an OpenAPI document, of whatever version."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)
