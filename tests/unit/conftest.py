"""Settings for the unit tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Neither an example nor a strategy fails because the machine is busy.
settings.register_profile(
    "unit", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("unit")
