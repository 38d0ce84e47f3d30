"""Calls fetched through nginx and HAProxy while the server behind them is killed. ``make soak`` is the long form."""

from __future__ import annotations

import pytest
from tests.faults.gateways import GATEWAYS, RECOVERED, fetch_through, program
from tests.faults.transports import TRANSPORTS

FETCHES = 300


@pytest.mark.slow
@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", GATEWAYS)
async def test_calls_pass_a_gateway_whose_server_is_restarted(name: str, transport: str) -> None:
    """Every call is the right one, failures may be transient, and nothing is left behind."""
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    tally = await fetch_through(name, transport, fetches=FETCHES, restarts=2)
    assert tally.problems == []
    assert tally.results.total() == FETCHES + RECOVERED
    assert tally.results["Call"] > FETCHES / 2
