# Generated from openapi.yaml by openapi-python-client 0.29.1 ("make generate"). Do not edit.
"""A client library for accessing Puretalk AI, generated from its OpenAPI document."""

from .client import Client
from .errors import UnexpectedContent, UnexpectedStatus
from .sender import Sender

__all__ = ["Client", "Sender", "UnexpectedContent", "UnexpectedStatus"]
