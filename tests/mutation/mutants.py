"""Every mutant; the modules in ``guarantees`` list them by subject."""

from __future__ import annotations

from tests.mutation.guarantees.batches import BATCHES
from tests.mutation.guarantees.client_options import CLIENT_OPTIONS
from tests.mutation.guarantees.command import COMMAND
from tests.mutation.guarantees.destinations import DESTINATIONS
from tests.mutation.guarantees.downloads import DOWNLOADS
from tests.mutation.guarantees.exports import EXPORTS
from tests.mutation.guarantees.models_and_pages import MODELS_AND_PAGES
from tests.mutation.guarantees.retries import RETRIES
from tests.mutation.guarantees.right_responses import RIGHT_RESPONSES
from tests.mutation.guarantees.secrets import SECRETS
from tests.mutation.guarantees.testing import TESTING
from tests.mutation.guarantees.time_and_load import TIME_AND_LOAD
from tests.mutation.guarantees.waiting import WAITING

MUTANTS = (
    *TIME_AND_LOAD,
    *RETRIES,
    *BATCHES,
    *CLIENT_OPTIONS,
    *RIGHT_RESPONSES,
    *DESTINATIONS,
    *DOWNLOADS,
    *SECRETS,
    *MODELS_AND_PAGES,
    *COMMAND,
    *TESTING,
    *WAITING,
    *EXPORTS,
)
