"""Decides where each operation carries the API key, and which server it is sent to."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import urljoin

from .document import GenerationError, operations

Place = tuple[str, str, str]
"""Location, name and authentication scheme, as in ``KeyPlace`` of the generated package."""


def find_keys(document: Any) -> tuple[Place | None, dict[str, Place | None]]:
    """Return where the key usually is, and where it is for each operation that differs; None stands for nowhere.

    A requirement of several schemes gets the key in one place; the others become parameters of the operation.

    Raises:
        GenerationError: An operation needs credentials that the client cannot send.
    """
    schemes: dict[str, Any] = (document.get("components") or {}).get("securitySchemes") or {}
    places = {name: place_of(scheme) for name, scheme in schemes.items()}
    found = [
        (where, operation, sendable(where, needed, schemes))
        for where, operation in operations(document)
        if (needed := operation.get("security", document.get("security"))) is not None
    ]
    if not found:  # a document that forgot to say which operations need its scheme
        return next((place for place in places.values() if place), None), {}
    votes = Counter(place for _, _, options in found for place in dict.fromkeys(sum(options, ())))
    usual = max(votes, key=votes.__getitem__, default=None)
    others: dict[str, Place | None] = {}
    for where, operation, options in found:
        option = next((option for option in options if usual in option), options[0])
        key = usual if usual in option else next(iter(option), None)
        if key != usual:
            others[where] = key
        for location, name, _ in [place for place in option if place != key]:
            parameter = {"name": name, "in": location, "required": True, "schema": {"type": "string"}}
            operation.setdefault("parameters", []).append(parameter)
    return usual, others


def place_of(scheme: Any) -> Place | None:
    """Return where a security scheme wants the key, or None if the client does not support it."""
    kind, name = scheme.get("type"), str(scheme.get("scheme", "")).capitalize()
    if kind == "apiKey" and scheme.get("name") and scheme.get("in") in ("header", "query", "cookie"):
        return scheme["in"], scheme["name"], ""
    if kind == "http" and name in ("Basic", "Bearer"):
        return "header", "Authorization", name
    return ("header", "Authorization", "Bearer") if kind in ("oauth2", "openIdConnect") else None


def sendable(where: str, needed: list[dict[str, Any]], schemes: dict[str, Any]) -> list[tuple[Place, ...]]:
    """Return the alternatives that the client can send, those that need a single place first, and none last."""
    found: list[tuple[Place, ...]] = []
    for alternative in needed or [{}]:
        places = [place_of(schemes.get(name) or {}) for name in alternative]
        known = sorted((place for place in places if place), key=lambda place: not place[2])
        if len({(location, name.lower()) for location, name, _ in known}) == len(places):
            found.append(tuple(known))
    if not found:
        names = " or ".join(" with ".join(alternative) for alternative in needed)
        kinds = ", ".join(
            f"{name} is {scheme.get('type')} {scheme.get('scheme') or scheme.get('in') or ''}".strip()
            for name, scheme in schemes.items()
        )
        raise GenerationError(
            f"{where}: needs {names}, which the client cannot send ({kinds})."
            " Change 'security' in overlay/spec-fixes.yaml to what it can send."
        )
    return sorted(found, key=lambda option: len(option) or 99)


def url_of(server: Any) -> str:
    """Return the URL of a Server Object, with the defaults of its variables."""
    url = str(server["url"])
    for name, variable in (server.get("variables") or {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))  # OpenAPI 3.0.1, Server Variable Object
    return url.rstrip("/")


def server_of(document: Any) -> str:
    """Return the URL of the first server."""
    return url_of((document.get("servers") or [{"url": "/"}])[0])


def own_server(document: Any, where: str) -> str | None:
    """Return the base URL of an operation that has a server of its own, or None.

    Raises:
        GenerationError: That is not a URL that the key may be sent to.
    """
    method, path = where.split(" ", 1)
    item, usual = document["paths"][path], server_of(document)
    servers = item[method.lower()].get("servers") or item.get("servers") or []
    urls = [urljoin(f"{usual}/", url_of(server)).rstrip("/") for server in servers]
    if not urls or usual in urls:
        return None
    if not urls[0].startswith(("https://", usual.partition("//")[0] + "//")) or "{" in urls[0]:
        raise GenerationError(f"{where}: its server {urls[0]} is not an https URL")
    return urls[0]
