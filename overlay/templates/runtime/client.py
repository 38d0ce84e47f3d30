"""A plain async client: one connection pool, and one method that sends requests.

The stock openapi-python-client generates two clients, each sync and async, without a default timeout and with the
API key in the repr. A single ``send`` lets another ``Sender`` give retries, deadlines and errors to all operations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import Factory, define, field, setters

from .bodies import encode_body
from .codec import decode
from .errors import UnexpectedContent, UnexpectedStatus
from .spec import API_KEY, SERVER
from .types import Pairs, Request, Responses, join_cookies

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


def open_pool(client: Client) -> httpx.AsyncClient:
    """Open the connection pool of ``client``."""
    import httpx  # not at the top: other senders need not have it imported

    return httpx.AsyncClient(timeout=client.timeout)


def validate_base_url(_: Any, __: Any, base_url: str) -> None:
    """Refuse a URL that is not absolute: the document may give its server as a relative URL, or not at all."""
    if not base_url.startswith(("http://", "https://")) or "{" in base_url:
        raise ValueError("base_url must be an absolute http or https URL")


@define(kw_only=True, eq=False)
class Client:
    """Sends the requests of ``api`` and decodes their responses, exactly as documented. An async context manager.

    It neither retries nor tolerates responses that do not match the document. ``puretalk_client.AsyncPuretalk`` does
    both: it is another ``Sender``, not a subclass.
    """

    api_key: str | None = field(default=None, repr=False)
    """Sent where the document says: ``spec.API_KEY``, unless an operation has a place of its own."""
    base_url: str = field(default=SERVER, validator=validate_base_url, on_setattr=setters.NO_OP)
    """Absolute URL of the API. Default: the first server of the document."""
    timeout: float = 30.0
    """Seconds to wait for a connection, and for each read and write."""
    http: httpx.AsyncClient = field(default=Factory(open_pool, takes_self=True), repr=False)
    """The connection pool. ``aclose`` closes it."""

    async def send(self, request: Request, responses: Responses[T]) -> T:
        """Send ``request`` and return the decoded body of the response.

        Args:
            request: The return value of an operation's ``request`` function.
            responses: The ``RESPONSES`` of that operation.

        Raises:
            UnexpectedStatus: The status is not a documented success.
            UnexpectedContent: The body does not match the document.
            httpx.HTTPError: No complete response was received.
        """
        (params, headers), content = self._key(request), None
        headers = join_cookies((*headers, *request.headers))
        if request.accept is not None:
            headers = (*headers, ("Accept", request.accept))
        if request.body is not None:
            content, content_type = encode_body(request.body)
            headers = (*headers, ("Content-Type", content_type))
        response = await self.http.request(
            request.method,
            self._base_url(request) + request.path,
            params=(*request.params, *params) or None,
            headers=headers,
            content=content,
        )
        documented = responses.match(response.status_code)
        if not response.is_success or documented is None:
            try:
                parsed = decode(response.content, documented) if documented else None
            except UnexpectedContent:
                parsed = None
            raise UnexpectedStatus(response.status_code, response.content, parsed)
        result: T = decode(response.content, documented)
        return result

    def _key(self, request: Request) -> tuple[Pairs, Pairs]:
        """Return the query parameters and the headers that carry the key."""
        place = API_KEY if request.key == "default" else request.key
        return place.parts(self.api_key) if place and self.api_key else ((), ())

    def _base_url(self, request: Request) -> str:
        """Return the server of a request: the operation's own, unless ``base_url`` was changed, as in tests."""
        own = request.base_url if self.base_url == SERVER else None
        return (own or self.base_url).rstrip("/")

    async def aclose(self) -> None:
        """Close the connection pool."""
        await self.http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
