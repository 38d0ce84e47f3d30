"""Connections that fail before there is a request, and whether the next request works. Clients that are closed."""

from __future__ import annotations

from tests.support.wire import good

from .rows import EXTERNAL_ONLY, OWN_POOLS_ONLY, Stall, fault, respond, unreachable

for _kind, _expect, _attempts in (
    ("alert", "TLSError", 1),
    ("garbage", "TLSError", 1),
    ("plain-http", "TLSError", 1),
    # A connection that breaks is retried. An external client calls that an error of TLS, in words of OpenSSL.
    ("close-in-handshake", "APIConnectionError or TLSError", None),
    ("reset-in-handshake", "APIConnectionError or TLSError", None),
):
    fault(
        f"tls-handshake-{_kind.removesuffix('-in-handshake')}",
        _expect,
        target=f"https:{_kind}",
        attempts=_attempts,
        requests=0,
    )(unreachable)

# A connection that fails, or a deadline that passes, leaves its place to the next request.

for _target in (
    *(f"http:{kind}" for kind in ("refuse", "close", "reset", "name")),
    *(f"https:{kind}" for kind in ("refuse", "close", "reset", "name", "untrusted", "silent", "alert", "garbage")),
    *(f"https:{kind}" for kind in ("plain-http", "close-in-handshake", "reset-in-handshake")),
):
    respond(
        f"after-ten-failures-{_target.replace(':', '-')}",
        "Call",
        good,
        target=_target,
        failures=10,
        timeout=100.0,
        options={"max_connections": 2, "max_retries": 0, "connect_timeout": 50.0},
    )
for _name in ("never-responds", "silent-within-body", "dripping-body"):
    respond(
        f"after-ten-deadlines-{_name}",
        "Call",
        good,
        before=(_name,) * 10,
        then_good=True,
        options={"max_connections": 2},
    )
respond("idle-for-half-a-minute", "Call", good, is_idle_afterwards=True, left_out=OWN_POOLS_ONLY)


# Clients that are closed.

fault(
    "queued-while-the-client-closes",
    "ConfigurationError",
    attempts=0,
    stall=Stall.CLOSING,
    options={"max_connections": 1},
    meanwhile="never-responds",
)(unreachable)
fault("request-after-close", "ConfigurationError", attempts=0, prepare=lambda client: client.aclose())(unreachable)
fault(
    "external-client-is-closed",
    "ConfigurationError",
    requests=0,
    prepare=lambda client: client._sender.pool.transport._client.aclose(),
    left_out=EXTERNAL_ONLY,
)(unreachable)
