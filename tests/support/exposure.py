"""Searches for the API key and for people's words in whatever others may read."""

from __future__ import annotations

import contextlib
import logging
import pickle
import re
import traceback
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from puretalk_client import AsyncPuretalk

from .canary import API_KEY, KEY_PART, WORDS

_INVISIBLE = re.compile(r"[\u200b-\u200d\u2060\ufeff]|\\u(?:200[bcd]|2060|feff)")
OBJECTS_OF_A_CLIENT = (
    "client",
    "client.calls",
    "client._sender",
    "client._sender.options",
    "client._sender.pool",
    "client._sender.pool.transport",
)


class Exposures:
    """Everything that logs, reprs, errors, tracebacks and pickles showed."""

    def __init__(self, key: str = API_KEY) -> None:
        self._key_parts = {key[start : start + KEY_PART] for start in range(3, len(key) - KEY_PART + 1)}
        self._texts: list[tuple[str, str]] = []

    def add(self, where: str, text: str) -> None:
        """Keep a text that others may read; ``where`` names it in a finding."""
        self._texts.append((where, text))

    @contextlib.contextmanager
    def capture_logs(self) -> Iterator[None]:
        """Keep what any library logs, down to DEBUG, and hide it from other handlers, those of pytest too."""
        root = logging.getLogger()
        level, handlers = root.level, root.handlers[:]
        root.handlers[:] = [_Handler(self)]
        root.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            root.setLevel(level)
            root.handlers[:] = handlers

    def inspect_client(self, client: AsyncPuretalk) -> None:
        """Keep the texts of a client and of the objects that it holds.

        Raises:
            AttributeError: The client does not have one of them any more.
        """
        for name in OBJECTS_OF_A_CLIENT:
            value: object = client
            for attribute in name.split(".")[1:]:
                value = getattr(value, attribute)
            self.add(f"repr({name})", f"{value!r} {value}")

    def inspect_result(self, result: object) -> None:
        """Keep the texts of a value or an error: its pickle, and of an error its chain, attributes and frames.

        Raises:
            AssertionError: An error is another one after pickling.
        """
        self.add("repr", f"{result!r} {result}")
        if not isinstance(result, BaseException):
            return
        for link in chain(result):
            name = type(link).__name__
            self.add(f"{name} in the chain", f"{link!r} {link} {vars(link)!r}")
            self.add(f"traceback of {name}", "".join(format_frames(link)))
        self.add("pickle", pickle.dumps(result, protocol=0).decode("latin-1"))
        copy = pickle.loads(pickle.dumps(result))
        assert (type(copy), str(copy)) == (type(result), str(result)), "an error must survive pickling"

    def of_key(self) -> list[str]:
        """Name the texts that show the key, also in capitals or percent-encoded.

        The finding does not quote it: test reports are logs too.
        """
        texts = [(where, _read(text)) for where, text in self._texts]
        return sorted({where for where, text in texts if any(part in text for part in self._key_parts)})

    def of_words(self, words: Iterable[str] = WORDS.values()) -> list[str]:
        """Name the texts that show people's words, each with the word."""
        return sorted({f"{word}: {where}" for where, text in self._texts for word in words if word in text})


def _read(text: str) -> str:
    """Return a text as somebody reads it who looks for the key, which is in lower case."""
    return _INVISIBLE.sub("", unquote(unquote(text))).lower()


class _Handler(logging.Handler):
    """Keeps every record."""

    def __init__(self, exposures: Exposures) -> None:
        super().__init__(logging.DEBUG)
        self._exposures = exposures

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record with its arguments and its exception."""
        text = f"{record.getMessage()} {record.args!r}"
        if record.exc_info and record.exc_info[1]:
            text += "".join(traceback.format_exception(record.exc_info[1]))
        self._exposures.add(f"log of {record.name}", text)


def chain(error: BaseException) -> list[BaseException]:
    """List an exception with its causes, its contexts and the members of groups, each once, itself first."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop(0)
        if link is None or any(link is other for other in found):
            continue
        found.append(link)
        pending += [link.__cause__, link.__context__]
        if isinstance(link, BaseExceptionGroup):
            pending += link.exceptions
    return found


def format_frames(error: BaseException) -> Iterator[str]:
    """Format one exception with the locals of its frames, as error trackers do."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), capture_locals=True)
    yield from frames.format()
    yield from traceback.TracebackException(type(error), error, None).format_exception_only()
