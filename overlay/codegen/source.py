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
from .loading import is_json, parse_yaml
from .merge import merge_documents

MAX_BYTES = 32 * 1024 * 1024
MAX_YAML_BYTES = 8 * 1024 * 1024
"""More than any document that is written by hand; a parser of JSON is many times as fast."""
TIMEOUT = 60.0

CODE_BLOCK = re.compile(
    rb"^(?P<indent> *)(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}).*\n"
    rb"(?P<text>(?s:.*?))(?:(?P<closed>^(?:(?P=indent))? {0,3}(?P=fence)[`~]*\s*?$)|\Z)",
    re.MULTILINE,
)
"""As in CommonMark, but indented by any number of spaces, since code blocks occur in lists and components."""
# A code block that matches is meant to be a document, even if it cannot be parsed.
DOCUMENT = re.compile(rb"""^[\s{]*["']?(openapi|swagger)["']?\s*:""", re.MULTILINE)
URL = re.compile("https?://", re.IGNORECASE)
HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


@attrs.frozen
class Source:
    """The document that is to become ``openapi.yaml``: its bytes, and the same parsed."""

    name: str
    """The path or URL as given; several are joined by " + "."""
    text: bytes
    document: Any


def load(locations: Sequence[str]) -> Source:
    """Load all locations, paths or http(s) URLs of documents or pages, and merge them into one document."""
    found = [source for location in locations for source in read(location)]
    if not found:
        raise GenerationError("FROM is empty: give a file or a URL, or several in quotes")
    if len({source.text for source in found}) == 1:
        return found[0]
    name = " + ".join(dict.fromkeys(source.name for source in found))
    text = merge_documents([(source.name, source.text, source.document) for source in found])
    return Source(name, text, parse_yaml(text, name))


def read(location: str) -> list[Source]:
    """Read the documents at one location."""
    name, data = fetch(location) if URL.match(location) else (location, read_file(Path(location)))
    if len(data) > MAX_BYTES:
        raise GenerationError(f"{name}: larger than {MAX_BYTES} bytes")
    if len(data) > MAX_YAML_BYTES and not is_json(data):
        raise GenerationError(f"{name}: larger than {MAX_YAML_BYTES} bytes of YAML: convert it to JSON")
    if HTML.match(data):
        raise GenerationError(
            f"{name}: an HTML page. Give the OpenAPI document itself, or the page as Markdown:"
            " documentation sites often serve it at the same URL with .md"
        )
    try:
        document = parse_yaml(data, name)
    except GenerationError:
        # Only the suffix distinguishes a broken document from a page, which is not YAML either.
        if PurePosixPath(name).suffix.lower() in (".yaml", ".yml", ".json"):
            raise
        document = None
    sources = [Source(name, data, document)] if is_openapi(document) else list(read_page(data, name))
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
        raise GenerationError(f"{name}: cannot be fetched: the port is out of range")
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
    """Yield the OpenAPI documents in the code blocks of a Markdown page.

    Blank lines at the end of a block are left out: the vendor's pages have one that its document does not have.
    """
    page = data.removeprefix(codecs.BOM_UTF8)
    for block in CODE_BLOCK.finditer(page):
        line = page.count(b"\n", 0, block.start()) + 1
        text = re.sub(rb"^ {0,%d}" % len(block["indent"]), b"", block["text"], flags=re.MULTILINE)
        text = re.sub(rb"(?<=\n)\s+\Z", b"", text)
        is_meant = DOCUMENT.search(text)
        if is_meant and block["closed"] is None:
            raise GenerationError(f"{name}:{line}: this code block is not closed: is the page truncated?")
        try:
            document = parse_yaml(text, name, lines_before=line)
        except GenerationError:
            if is_meant:
                raise
            continue
        if is_openapi(document):
            yield Source(name, text, document)


def is_openapi(document: Any) -> bool:
    """Whether this is meant to be an OpenAPI document, of any version."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)
