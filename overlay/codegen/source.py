"""Loads the new document from files and URLs, of OpenAPI documents or of documentation pages that contain them."""

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

from .document import GenerationError
from .loading import parse_yaml
from .merge import merge_documents

MAX_BYTES = 32 * 1024 * 1024
TIMEOUT = 60.0

OPENING_FENCE = re.compile(rb"( *)(`{3,}(?=[^`]*$)|~{3,})")
CLOSING_FENCE = re.compile(rb"( *)(`{3,}|~{3,})\s*$")
# A code block that matches is meant to be a document, even if it cannot be parsed.
DOCUMENT = re.compile(rb"""^[\s{]*["']?(openapi|swagger)["']?\s*:""", re.MULTILINE)
URL = re.compile("https?://", re.IGNORECASE)
HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


@attrs.frozen
class Source:
    """The document that is to become ``openapi.yaml``.

    Attributes:
        name: What messages call it: the path or URL as given; several are joined by " + ".
        text: The bytes of the document. Several documents are merged.
        document: The same, parsed.
    """

    name: str
    text: bytes
    document: Any


def load(locations: Sequence[str]) -> Source:
    """Load all locations, paths or http(s) URLs of documents or pages, and merge them into one document.

    Raises:
        GenerationError: A location cannot be read, contains no document, or contradicts another.
    """
    found = [source for location in locations for source in read(location)]
    if not found:
        raise GenerationError("FROM is empty: give a file or a URL, or several in quotes")
    if len({source.text for source in found}) == 1:
        return found[0]
    name = " + ".join(dict.fromkeys(source.name for source in found))
    text = merge_documents([(source.name, source.document) for source in found])
    return Source(name, text, parse_yaml(text, name))


def read(location: str) -> list[Source]:
    """Read the documents at one location."""
    if URL.match(location):
        name, data = fetch(location)
        suffix = PurePosixPath(name).suffix
    else:
        name, data = location, read_file(Path(location))
        suffix = Path(location).suffix
    if len(data) > MAX_BYTES:
        raise GenerationError(f"{name}: larger than {MAX_BYTES} bytes")
    if HTML.match(data):
        raise GenerationError(
            f"{name}: an HTML page. Give the OpenAPI document itself, or the page as Markdown:"
            " documentation sites often serve it at the same URL with .md"
        )
    try:
        document = parse_yaml(data, name)
    except GenerationError:
        # Only the suffix distinguishes a broken document from a page, which is not YAML either.
        if suffix.lower() in (".yaml", ".yml", ".json"):
            raise
        document = None
    if is_openapi(document):
        return [Source(name, data, document)]
    sources = list(read_page(data, name))
    if not sources:
        raise GenerationError(
            f"{name}: no OpenAPI document found: neither the whole text nor a code block in it"
            " is YAML or JSON with 'openapi' (or 'swagger') at its top level"
        )
    return sources


def read_file(path: Path) -> bytes:
    """Read a file up to the size limit."""
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GenerationError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from None


def fetch(location: str) -> tuple[str, bytes]:
    """Fetch a URL; return it without user, password and query, which messages must not show, and the body."""
    try:
        url = httpx.URL(location)
        name = str(url.copy_with(userinfo=b"", query=None, fragment=None))
    except httpx.InvalidURL as error:
        raise GenerationError(f"not a valid URL: {error}") from None
    if (url.port or 0) > 65535:
        raise GenerationError(f"{name}: not a valid URL: the port is out of range")
    try:
        return name, asyncio.run(download(url, name))
    except TimeoutError:
        raise GenerationError(f"{name}: not fetched within {TIMEOUT:g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise GenerationError(f"{name}: cannot be fetched: {error or type(error).__name__}") from None


async def download(url: httpx.URL, name: str) -> bytes:
    """Return the body of a 200 response, up to the size limit."""
    body = bytearray()
    async with (
        asyncio.timeout(TIMEOUT),  # httpx has a timeout for each read only
        httpx.AsyncClient(follow_redirects=True, timeout=None) as client,
        client.stream("GET", url) as response,
    ):
        if response.status_code != HTTPStatus.OK:
            reason = f"{response.status_code} {response.reason_phrase}".strip()
            raise GenerationError(f"{name}: cannot be fetched: the server returned {reason}, not 200")
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                break
    return bytes(body)


def read_page(data: bytes, name: str) -> Iterator[Source]:
    """Yield the OpenAPI documents in the code blocks of a Markdown page."""
    for line, text, closed in code_blocks(data):
        if not closed and DOCUMENT.search(text):
            raise GenerationError(f"{name}:{line}: this code block is not closed: is the page truncated?")
        try:
            document = parse_yaml(text, name, lines_before=line)
        except GenerationError:
            if DOCUMENT.search(text):
                raise
            continue
        if is_openapi(document):
            yield Source(name, text, document)


def code_blocks(data: bytes) -> Iterator[tuple[int, bytes, bool]]:
    """Yield line number, content and whether it is closed of each fenced code block of a page.

    Blocks follow CommonMark, but may be indented further, since they occur in lists and components. Blank lines at the
    end are left out: the vendor's pages have one that the vendor's document does not have.
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
    """Whether this is meant to be an OpenAPI document, of any version."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)
