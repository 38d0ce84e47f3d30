"""One client's way to the server: its options, its connections, and what it sends with every request."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from puretalk_generated.bodies import encode_body
from puretalk_generated.types import Request

from .body import ACCEPT_ENCODING
from .options import Options
from .pace import Interval
from .pool import Pool
from .redaction import Secret
from .response import Conventions, DriftReporter
from .transports import Headers


class Channel:
    """What the requests of one client have in common."""

    def __init__(self, options: Options, pool: Pool, conventions: Conventions, limit: Interval | None = None) -> None:
        """Set up a channel; ``limit`` is that of another one, where both share ``options.rate_limit``."""
        self.options: Options = options
        self.pool: Pool = pool
        self.conventions: Conventions = conventions
        self.drift: DriftReporter = DriftReporter(strict=options.strict, on_drift=options.on_drift)
        if limit is None and isinstance(options.rate_limit, (int, float)):
            limit = Interval(options.rate_limit)
        self.limit: Interval | None = limit
        self._headers: Headers = (*options.headers, ("Accept-Encoding", ACCEPT_ENCODING))

    def key_headers(self, secret: Secret) -> Headers:
        """Return the header that carries the key, if the API has one."""
        return ((self.options.key_header, secret.reveal()),) if self.options.key_header else ()

    def prepare(self, request: Request, secret: Secret) -> tuple[str, Headers, bytes | None]:
        """Return the URL, the headers and the content of a request."""
        url, content = self.options.base_url + request.path, None
        headers = (*self.key_headers(secret), *self._headers)
        if request.params:
            url += "?" + urlencode(request.params, quote_via=quote)
        if request.body is not None:
            content, content_type = encode_body(request.body)
            headers = (*headers, ("Content-Type", content_type))
        if request.headers:
            headers = (*headers, *request.headers)
        return url, headers, content
