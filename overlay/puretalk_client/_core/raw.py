"""A response as received, before it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, NoReturn, TypeVar

T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class RawResponse(Generic[T_co]):
    """A successful response as received.

    Attributes:
        status_code: HTTP status code, 200 to 299.
        headers: Headers by their names in lower case. Several of one name are one list (RFC 9110, section 5.3).
        content: The body, decompressed.
        request_id: The ``x-request-id`` header, if there is one.
        attempts: How many requests were sent.
        elapsed: Seconds from the start of the request to the end of the body.
    """

    def __init__(
        self,
        *,
        status_code: int,
        headers: Mapping[str, str],
        content: bytes,
        request_id: str | None,
        attempts: int,
        elapsed: float,
        parse: Callable[[], tuple[T_co, None] | tuple[None, BaseException]],
    ) -> None:
        self.status_code: int = status_code
        self.headers: Mapping[str, str] = headers
        self.content: bytes = content
        self.request_id: str | None = request_id
        self.attempts: int = attempts
        self.elapsed: float = elapsed
        self._parse = parse

    def parse(self) -> T_co:
        """Decode and check the body, as the operation does that does not return a raw response.

        A large body blocks the event loop for that time: use ``asyncio.to_thread``.

        Raises:
            APIResponseError: The body cannot be used.
        """
        value, failure = self._parse()
        if failure is not None:
            raise failure  # here, since a traceback may show the locals of the frame below, which knows the body
        return value  # type: ignore[return-value]  # a value where there is no failure

    def map(self, convert: Callable[[T_co], U]) -> RawResponse[U]:
        """Return the same response with a ``parse`` that also converts the decoded value."""

        def parse() -> tuple[U, None] | tuple[None, BaseException]:
            value, failure = self._parse()
            return (None, failure) if failure is not None else (convert(value), None)  # type: ignore[arg-type]

        return RawResponse(
            status_code=self.status_code,
            headers=self.headers,
            content=self.content,
            request_id=self.request_id,
            attempts=self.attempts,
            elapsed=self.elapsed,
            parse=parse,
        )

    def __repr__(self) -> str:
        return f"<RawResponse {self.status_code}, {len(self.content)} bytes>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a response holds its client, and cannot be pickled")
