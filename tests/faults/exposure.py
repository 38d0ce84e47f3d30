"""Looks for the API key, and for what callers said, wherever they must not be."""

from __future__ import annotations

import contextlib
import logging
import pickle
import traceback
from collections.abc import Iterator

from puretalk_client import AsyncPuretalk, Call, Drift

from .wire import WORDS

KEY_PART = 8
"""Characters of the key that count as the key: a cut one is nearly as bad as a whole one."""


class Exposures:
    """Everything that a log, a repr, an error or a pickle showed while a row was played."""

    def __init__(self, key: str) -> None:
        self._parts = {key[start : start + KEY_PART] for start in range(3, len(key) - KEY_PART + 1)}
        self._shown: list[tuple[str, str]] = []

    def show(self, where: str, text: str) -> None:
        """Keep a text that anybody may read."""
        self._shown.append((where, text))

    @contextlib.contextmanager
    def logs(self) -> Iterator[None]:
        """Keep what any library logs, down to DEBUG, and let nobody else see it: test reports least of all."""
        root = logging.getLogger()
        level, handlers = root.level, root.handlers[:]
        root.handlers[:] = [_Handler(self)]
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(level)
            root.handlers[:] = handlers

    def look_at_client(self, client: AsyncPuretalk) -> None:
        """Keep the texts that a client makes of itself."""
        for name in ("client", "client.calls", "client._sender", "client._sender.transport", "client.http"):
            value: object = client
            for attribute in name.split(".")[1:]:
                value = getattr(value, attribute, None)
            self.show(f"repr({name})", f"{value!r} {value}")

    def look_at_outcome(self, got: Call | BaseException) -> None:
        """Keep the texts of a call or an error, of all that is chained to it, and of its frames."""
        self.show("repr", f"{got!r} {got}")
        if isinstance(got, BaseException):
            for link in chained(got):
                name = type(link).__name__
                self.show(f"{name} in the chain", f"{link!r} {link} {vars(link)!r}")
                if link.__traceback__ is not None or link is got:
                    report = traceback.TracebackException.from_exception(link, capture_locals=True)
                    self.show(f"traceback of {name}", "".join(report.format()))
            self.show("pickle", pickle.dumps(got, protocol=0).decode("latin-1"))
            again = pickle.loads(pickle.dumps(got))
            assert (type(again), str(again)) == (type(got), str(got)), "an error must survive pickling"

    def look_at_drifts(self, drifts: list[Drift]) -> None:
        """Keep what ``on_drift`` was told."""
        self.show("drifts", repr(drifts))

    def of_the_key(self) -> list[str]:
        """Say where the key shows. Never quotes it: test reports are logs too."""
        return sorted({where for where, text in self._shown if any(part in text for part in self._parts)})

    def of_words(self) -> list[str]:
        """Say where callers' words show."""
        return sorted(
            {
                f"{word}: {where}"
                for where, text in self._shown
                for word, value in WORDS.items()
                if value in text
            }
        )


class _Handler(logging.Handler):
    """Keeps every record."""

    def __init__(self, exposures: Exposures) -> None:
        super().__init__(logging.DEBUG)
        self._exposures = exposures

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, with its arguments as they came."""
        text = f"{record.getMessage()} {record.args!r}"
        if record.exc_info and record.exc_info[1]:
            text += "".join(traceback.format_exception(record.exc_info[1]))
        self._exposures.show(f"log of {record.name}", text)


def chained(error: BaseException) -> list[BaseException]:
    """List an exception with its causes and contexts, each once, the exception first."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop(0)
        if link is not None and all(link is not other for other in found):
            found.append(link)
            pending += [link.__cause__, link.__context__]
    return found
