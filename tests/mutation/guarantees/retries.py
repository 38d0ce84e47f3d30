"""Guarantees about retries and the rate limit."""

from __future__ import annotations

from tests.mutation.mutant import CORE, TRANSPORTS, UNIT, Mutant

RETRIES = (
    Mutant(
        "the retry quota",
        "_core/exchange.py",
        "or not (is_refusal or self.attempt_timeout is not None or pool.quota.acquire(now))",
        "or False",
        "an_outage",
        f"{CORE}/test_sender.py",
    ),
    Mutant(
        "the cost of a retry",
        "_core/retry.py",
        "self.tokens -= self.COST",
        "pass",
        "quota",
        f"{CORE}/test_retry.py",
    ),
    Mutant(
        "the exemption of refusals from the retry quota",
        "_core/exchange.py",
        "or not (is_refusal or self.attempt_timeout is not None or pool.quota.acquire(now))",
        "or not pool.quota.acquire(now)",
        "spends_no_retry_quota",
        "tests/faults/test_rate_limits.py",
    ),
    Mutant(
        "the care for requests that may have had an effect",
        "_core/retry.py",
        "return method in IDEMPOTENT_METHODS or",
        "return True or",
        "may_have_had_an_effect",
        f"{CORE}/test_retry.py",
    ),
    Mutant(
        "the list of transient statuses",
        "errors.py",
        "self.retryable: bool = self.status in self.RETRYABLE_STATUSES",
        "self.retryable: bool = (self.status or 0) >= 400",
        "whether_a_retry_may_help",
        f"{UNIT}/test_errors.py",
    ),
    Mutant(
        "the shared rate limit",
        "_core/exchange.py",
        "await self._wait_for_pace()",
        "pass",
        "rate_limit_holds_back",
        f"{CORE}/test_sender.py",
    ),
    Mutant(
        "the wait with a connection reserved",
        "_core/exchange.py",
        "await self._acquire_slot()\n                while True:\n"
        "                    if pool.pace.changes or self.channel.limit is not None:\n",
        "await self._wait_for_pace()\n                await self._acquire_slot()\n                while True:\n"
        "                    if self.attempts:\n",
        "wait_for_a_connection",
        "tests/faults/test_rate_limits.py",
    ),
    Mutant(
        "a second look at a pause that was changed meanwhile",
        "_core/exchange.py",
        "if not is_paused and pace.changes == changes:",
        "if not is_paused:",
        "observes_a_pause_that_changes",
        f"{CORE}/test_sender.py",
    ),
    Mutant(
        "the longer of two pauses",
        "_core/pace.py",
        "        if now + pause > self.resumes_at or not was_paused:",
        "        if True:\n            self.resumes_at = 0.0",
        "prolonged",
        f"{CORE}/test_pace.py",
    ),
    Mutant(
        "the rate after a pause",
        "_core/pace.py",
        "self._next_at = leaves_at + 1 / self.rate(leaves_at)",
        "self._next_at = leaves_at",
        "leave_at_the_rate",
        f"{CORE}/test_pace.py",
    ),
    Mutant(
        "the growth of the rate",
        "_core/pace.py",
        "return self._peak * (1 +",
        "return self._peak + 0 * (1 +",
        "grows or slows_down_a_little",
        f"{CORE}/test_pace.py",
    ),
    Mutant(
        "the limit of Retry-After",
        "_core/exchange.py",
        "requested > longest or requested",
        "requested",
        "beyond_two_minutes",
        f"{CORE}/test_sender.py",
    ),
    Mutant(
        "the distrust of a Retry-After in a response that broke off",
        "_core/exchange.py",
        "pool.clock.wall()) if is_response else None",
        "pool.clock.wall())",
        "broke_off",
        "tests/faults/test_rate_limits.py",
    ),
    Mutant(
        "the count of every attempt on aiohttp",
        "_core/transports/workarounds.py",
        "session._retry_connection = False",
        "session._retry_connection = True",
        "does_not_resend",
        f"{TRANSPORTS}/test_transports.py",
    ),
)
