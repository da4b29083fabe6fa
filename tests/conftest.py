"""How many examples hypothesis tries: few by default, more and always the same ones where CI is set, many on request.

`pytest --hypothesis-profile=deep` asks for many. And a cache folder of the tests' own, since the rates in the user's
decide how graphs are cut.
"""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("dev", max_examples=25, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, print_blob=True, suppress_health_check=SLOW_IS_FINE
)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=SLOW_IS_FINE)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

CACHE = TemporaryDirectory(prefix="backprop-")
os.environ["XDG_CACHE_HOME"] = CACHE.name


def pytest_unconfigure() -> None:
    CACHE.cleanup()
