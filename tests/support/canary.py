"""Values that must not show: an API key, and what people said on a call."""

from __future__ import annotations

import secrets

API_KEY = "pt-" + secrets.token_hex(16)
"""An API key that is nowhere else. Keep it out of the locals of any function that an error passes."""

KEY_PART = 8
"""Characters of the key that count as the key: a truncated key is nearly as bad as a complete one."""

WORDS = {
    "transcript": "canary-transcript-4b1d",
    "turn": "canary-turn-9c2e",
    "summary": "canary-summary-77fa",
    "from_number": "+15550142",
    "to_number": "+15550167",
    "recording": "canary-recording-e03b",
    "post_analysis": "canary-value-5d88",
    "post_figure": "777123999.25",
    "metadata": "canary-metadata-1f60",
    "mismatch": "canary-mismatch-82c4",
}
"""What people said, the numbers they have, and where the recording is: only the call itself may show them."""
