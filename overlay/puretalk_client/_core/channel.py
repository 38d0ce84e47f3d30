"""One client's way to the server: its options, its connections, and what it sends with every request."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote, urlencode

from puretalk_generated.bodies import encode_body
from puretalk_generated.types import KeyPlace, Pairs, Request, join_cookies

from .body import ACCEPT_ENCODING
from .options import Options
from .pace import Interval
from .pool import Pool
from .redaction import Secret
from .response import Conventions, DriftReporter, Reader
from .telemetry import Telemetry


class Channel:
    """What the requests of one client have in common."""

    def __init__(self, options: Options, pool: Pool, conventions: Conventions, limit: Interval | None = None) -> None:
        """Set up a channel; ``limit`` is that of another one, where both share ``options.rate_limit``."""
        self.options: Options = options
        self.pool: Pool = pool
        self.conventions: Conventions = conventions
        self.telemetry: Telemetry | None = options.telemetry
        self.drift: DriftReporter = DriftReporter(strict=options.strict, on_drift=options.on_drift)
        self.reader: Reader = Reader(conventions, find_unknown=self.drift.is_used)
        if limit is None and isinstance(options.rate_limit, (int, float)):
            limit = Interval(options.rate_limit)
        self.limit: Interval | None = limit
        self._headers: Pairs = (*options.headers, ("Accept-Encoding", ACCEPT_ENCODING))

    def key_parts(self, secret: Secret, place: KeyPlace | Literal["default"] | None = "default") -> tuple[Pairs, Pairs]:
        """Return the query parameters and the headers that carry the key, if the API, or the operation, has one."""
        place = self.options.key_place if place == "default" else place
        return place.parts(secret.reveal()) if place is not None else ((), ())

    def server_of(self, request: Request) -> str | None:
        """Return the base URL of a request, if it is not that of the client.

        It comes from the document, as the client's own does, so it is trusted with the key. A client that was given
        another base URL uses that for every operation: nothing may pass by a sandbox or a gateway.
        """
        return request.base_url if self.options.uses_servers else None

    def prepare(self, request: Request, secret: Secret) -> tuple[str, Pairs, bytes | None]:
        """Return the URL, the headers and the content of a request."""
        url, content = (self.server_of(request) or self.options.base_url) + request.path, None
        params, headers = self.key_parts(secret, request.key)
        headers = (*headers, ("Accept", request.accept or "application/json"), *self._headers)
        if params := (*request.params, *params):
            url += "?" + urlencode(params, quote_via=quote)
        if request.body is not None:
            content, content_type = encode_body(request.body)
            headers = (*headers, ("Content-Type", content_type))
        if request.headers:
            headers = join_cookies((*headers, *request.headers))
        return url, headers, content
