# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""A plain async client: one connection pool, one method that sends."""

from __future__ import annotations

from typing import Any, Self, TypeVar

import httpx
from attrs import Factory, define, field, setters

from .codec import decode
from .errors import UnexpectedContent, UnexpectedStatus
from .spec import API_KEY_HEADER, SERVER
from .types import Body, Request, Responses

T = TypeVar("T")


def new_http(client: Client) -> httpx.AsyncClient:
    """Open the connection pool of ``client``."""
    return httpx.AsyncClient(timeout=client.timeout)


def is_absolute(_: Any, __: Any, base_url: str) -> None:
    """Refuse what is no address: a spec may name its server relative to where it was published, or not at all."""
    if not base_url.startswith(("http://", "https://")) or "{" in base_url:
        raise ValueError("base_url must be an absolute http or https address")


@define(kw_only=True, eq=False)
class Client:
    """Sends the requests of ``api`` and decodes their answers. Use it as an async context manager.

    It does no more than the spec says. puretalk_client.AsyncPuretalk is a Client too, and adds retries,
    deadlines, typed errors and tolerance for answers that stray from the spec.
    """

    api_key: str | None = field(default=None, repr=False)
    """Sent in the header that the spec's apiKey scheme names."""
    base_url: str = field(default=SERVER, validator=is_absolute, on_setattr=setters.NO_OP)
    """Where the API is; the first server of the spec unless given."""
    timeout: float = 30.0
    """Seconds that connecting, and each wait for bytes, may take."""
    http: httpx.AsyncClient = field(default=Factory(new_http, takes_self=True), repr=False)
    """The connection pool."""

    async def send(self, request: Request, responses: Responses[T]) -> T:
        """Send ``request`` and return the body of its answer, decoded.

        Args:
            request: What an operation's ``request`` function built.
            responses: That operation's ``RESPONSES``.

        Raises:
            UnexpectedStatus: The status is no success.
            UnexpectedContent: The body is not what the spec describes.
            httpx.HTTPError: No complete answer arrived.
        """
        headers, content = [*self._key_header(), *request.headers], None
        if request.body is not None:
            content, content_type = encoded(request.body)
            headers.append(("Content-Type", content_type))
        response = await self.http.request(
            request.method,
            self.base_url.rstrip("/") + request.path,
            params=request.params or None,
            headers=headers,
            content=content,
        )
        answer = responses.match(response.status_code)
        if not response.is_success or answer is None:
            try:
                parsed = decode(response.content, answer) if answer else None
            except UnexpectedContent:
                parsed = None
            raise UnexpectedStatus(response.status_code, response.content, parsed)
        result: T = decode(response.content, answer)
        return result

    def _key_header(self) -> list[tuple[str, str]]:
        return [(API_KEY_HEADER, self.api_key)] if API_KEY_HEADER and self.api_key else []

    async def aclose(self) -> None:
        """Close the connection pool."""
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


def encoded(body: Body) -> tuple[bytes, str]:
    """Return the bytes of ``body`` and their content type; httpx encodes forms and their files."""
    if body.content is not None:
        return body.content, body.content_type or "application/octet-stream"
    fields: dict[str, Any] = {}
    for name, value in body.fields:
        fields.setdefault(name, []).append(value)
    form = httpx.Request("POST", "https://form.invalid", data=fields, files=body.files or None)
    return form.read(), form.headers.get("Content-Type", "application/x-www-form-urlencoded")
