"""What HTTP libraries log during a request."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from puretalk_client._core.redaction import LIBRARIES, install_log_filters, quiet_logs

TEXT = "s3cr3t-s1gn4tur3"


@pytest.fixture(autouse=True)
def _restore_factory() -> Iterator[None]:
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)


@pytest.fixture
def library_logger() -> logging.Logger:
    """Return a logger of httpcore, whose records are cut as soon as a process has a client."""
    install_log_filters()
    return logging.getLogger("httpcore.http11")


def test_libraries_log_only_names_of_events_during_a_request(
    library_logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Other users of httpx in the process keep their logs."""
    with caplog.at_level(logging.DEBUG):
        library_logger.debug("receive_response_headers.complete return_value=%r", ["theirs"])
        with quiet_logs():
            try:
                raise ValueError(TEXT)
            except ValueError:
                library_logger.debug(f"receive_response_headers.complete return_value={TEXT}", exc_info=True)
    assert [record.getMessage() for record in caplog.records] == [
        "receive_response_headers.complete return_value=['theirs']",
        "receive_response_headers.complete",
    ]
    assert TEXT not in caplog.text


async def test_logs_are_quiet_in_the_tasks_that_a_request_starts(
    library_logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """Connecting to two addresses at once takes tasks; requests of other tasks are not affected."""

    async def log(text: str) -> None:
        library_logger.debug("connect_tcp.started host=%s", text)

    with caplog.at_level(logging.DEBUG):
        async with asyncio.TaskGroup() as group:
            with quiet_logs():
                group.create_task(log(TEXT))
            group.create_task(log("theirs"))
    assert {record.getMessage() for record in caplog.records} == {
        "connect_tcp.started",
        "connect_tcp.started host=theirs",
    }


@pytest.mark.parametrize(
    "root",
    ["httpx", "httpx2", "httpcore", "httpcore2", "h11", "h2", "hpack", "hyperframe", "socksio", "anyio", "aiohttp",
     "aiohappyeyeballs", "yarl"],
)  # fmt: skip
def test_loggers_that_are_made_later_are_covered(root: str, caplog: pytest.LogCaptureFixture) -> None:
    """By their root: httpx imports h2 and hpack with the first client that uses HTTP/2."""
    install_log_filters()
    with caplog.at_level(logging.DEBUG), quiet_logs():
        for name in (root, f"{root}.{uuid.uuid4().hex}", f"{root}._async.{uuid.uuid4().hex}"):
            logging.getLogger(name).debug("Adding %s=%s to the header table", b"x-api-key", TEXT)
    assert [record.getMessage() for record in caplog.records] == ["Adding"] * 3


def test_loggers_of_others_are_not_changed(caplog: pytest.LogCaptureFixture) -> None:
    """A name that only begins like a library's is another name, and an application logs what it likes."""
    install_log_filters()
    with caplog.at_level(logging.DEBUG), quiet_logs():
        for name in ("httpx_application", "application.httpx", "root"):
            logging.getLogger(name).debug("a text of %s", name)
    assert [record.getMessage() for record in caplog.records] == [
        "a text of httpx_application",
        "a text of application.httpx",
        "a text of root",
    ]


def test_header_tables_are_not_logged_outside_of_requests_either(caplog: pytest.LogCaptureFixture) -> None:
    """The table of a connection holds the key until other requests of an external client evict it."""
    install_log_filters()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("hpack.table").debug("Evicting %s: %s from the header table", b"x-api-key", TEXT)
    assert [record.getMessage() for record in caplog.records] == ["Evicting"]


def test_filters_are_installed_once() -> None:
    """Each client installs them."""
    install_log_filters()
    factory = logging.getLogRecordFactory()
    install_log_filters()
    assert logging.getLogRecordFactory() is factory


def test_filters_work_with_factories_of_the_application(caplog: pytest.LogCaptureFixture) -> None:
    """One that was set before stays in use, one that wraps ours does too, and one that replaces ours is wrapped."""

    class Own(logging.LogRecord):
        pass

    def wrap(*args: object, **kwargs: object) -> logging.LogRecord:
        record: logging.LogRecord = ours(*args, **kwargs)
        record.wrapped = True
        return record

    logging.setLogRecordFactory(Own)
    install_log_filters()
    ours = logging.getLogRecordFactory()
    logging.setLogRecordFactory(wrap)
    install_log_filters()
    assert logging.getLogRecordFactory() is wrap
    with caplog.at_level(logging.DEBUG), quiet_logs():
        logging.getLogger("h2.connection").debug("event %s", TEXT)
    [record] = caplog.records
    assert (type(record), record.getMessage(), vars(record)["wrapped"]) == (Own, "event", True)
    logging.setLogRecordFactory(Own)
    install_log_filters()
    with caplog.at_level(logging.DEBUG), quiet_logs():
        logging.getLogger("h2.connection").debug("event %s", TEXT)
    assert caplog.messages == ["event", "event"]


def test_records_without_a_name_can_be_made() -> None:
    """As ``logging.makeLogRecord`` makes them, for records that were pickled."""
    install_log_filters()
    record = logging.makeLogRecord({"name": "application", "msg": "a text", "args": ()})
    assert (record.name, record.getMessage()) == ("application", "a text")


FACTORIES = """
import logging
import puretalk_client
print(logging.getLogRecordFactory() is logging.LogRecord)
puretalk_client.AsyncPuretalk("k")
print(logging.getLogRecordFactory() is logging.LogRecord)
"""


def test_filters_are_installed_with_the_first_client_and_not_at_import() -> None:
    """Importing a package changes nothing in the logging of a process."""
    result = subprocess.run([sys.executable, "-c", FACTORIES], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["True", "False"]


INSTALLED = """
import importlib, logging, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
print(*{name.partition(".")[0] for name in logging.root.manager.loggerDict})
"""
NOT_HTTP = {"asyncio", "concurrent", "rich"}
"""They log addresses, tasks and what they print, no headers. httpx imports rich where it is installed."""


def test_every_logger_of_the_libraries_is_covered() -> None:
    """A version of a library with a logger of another root fails here."""
    modules = ("httpx", "httpcore", "h2.connection", "hpack", "aiohttp.client", "anyio", "socksio")
    result = subprocess.run([sys.executable, "-c", INSTALLED, *modules], capture_output=True, text=True, check=True)
    assert {"httpx", "httpcore"} <= set(result.stdout.split()) <= LIBRARIES | NOT_HTTP
