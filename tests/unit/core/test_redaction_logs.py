"""What HTTP libraries log during a request."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

import pytest

from puretalk_client._core.redaction import LOGGERS, install_log_filters, quiet_logs

TEXT = "s3cr3t-s1gn4tur3"


@pytest.fixture
def library_logger() -> logging.Logger:
    """Return a logger of httpcore with the filters, which the first client of this process may have installed."""
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


@pytest.mark.parametrize("name", LOGGERS)
def test_filters_are_installed_once(name: str) -> None:
    """Each client installs them."""
    install_log_filters()
    before = list(logging.getLogger(name).filters)
    install_log_filters()
    assert logging.getLogger(name).filters == before


FILTERS = """
import logging
import puretalk_client
from puretalk_client._core.redaction import LOGGERS
counts = lambda: {len(logging.getLogger(name).filters) for name in LOGGERS}
print(counts())
puretalk_client.AsyncPuretalk("k")
print(counts())
"""


def test_filters_are_installed_with_the_first_client_and_not_at_import() -> None:
    """Importing a package changes nothing in the logging of a process."""
    result = subprocess.run([sys.executable, "-c", FILTERS], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["{0}", "{1}"]


def test_every_logger_of_the_libraries_is_covered() -> None:
    """A version of httpcore with another logger fails here."""
    import httpcore  # noqa: F401

    loggers = {name for name in logging.root.manager.loggerDict if name.partition(".")[0] in ("httpcore", "httpx")}
    assert {name for name in loggers if isinstance(logging.root.manager.loggerDict[name], logging.Logger)} <= {
        *LOGGERS,
        "httpcore",
    }
