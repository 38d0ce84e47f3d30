# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""Constants of openapi.yaml."""

from .types import KeyPlace

VERSION = "1.0.0"
SERVER = "https://api.puretalk.ai/api"
API_KEY: KeyPlace | None = KeyPlace("header", "X-API-KEY")
