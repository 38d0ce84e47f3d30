"""Names for the operations to which the document gives none.

A name depends on the method and the path of its operation only, so another operation never changes it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from .document import operations

VERBS = {"POST": "create", "PUT": "replace", "PATCH": "update"}  # RFC 9110, section 9.3, and RFC 5789
ACTIONS = frozenset(
    re.findall(
        r"\w+",
        """
        accept activate add approve archive assign attach buy cancel clone close complete confirm connect create
        deactivate delete detach disable disconnect dispatch download duplicate edit enable end execute export fetch
        find generate get hangup import initiate invite join launch leave link list make merge move mute open pause play
        preview publish purchase refresh register reject release remove rename resend reset restart restore resume retry
        revoke rotate run schedule search send sign start stop submit subscribe sync terminate transfer trigger unlink
        unmute unsubscribe update upload validate verify
        """,
    )
)
"""Verbs that paths begin a segment with, as in ``/campaigns/{id}/start`` and ``/register-web-call``."""
OWN_METHODS = {
    **dict.fromkeys(("download", "fetch", "find", "get", "list"), ("GET", "POST")),
    **dict.fromkeys(("delete", "remove"), ("DELETE", "POST")),
    **dict.fromkeys(("edit", "update"), ("PATCH", "PUT", "POST")),
}
"""The methods with which a verb in the path is what the operation does; POST for any other verb."""
NEVER_LISTS = frozenset({"analytics", "details", "news", "preferences", "settings", "statistics", "stats"})
_SINGULARS = ((r"ies$", "y"), (r"(ss|sh|ch|x|z|us)es$", r"\1"), (r"lyses$", "lysis"), (r"(?<![sui])s$", ""))


def name_operations(document: Any) -> None:
    """Give every operation without an operationId one, and a tag if it has none, in place."""
    for where, operation in operations(document):
        if operation.get("operationId") is None:
            tag, operation["operationId"] = operation_name(*where.split(" ", 1))
            operation["tags"] = operation.get("tags") or [tag]


def operation_name(method: str, path: str) -> tuple[str, str]:
    """Return a tag and a name, such as ``calls`` and ``list_calls`` for ``GET /calls``."""
    steps = [step for step in re.findall(r"\{[^{}/]*\}|[^{}/]+", path) if _snake(step)]
    while len(steps) > 1 and steps[0].lower() in ("api", "v1"):  # they say nothing
        steps.pop(0)
    ending = [steps.pop(0)] if len(steps) > 1 and re.fullmatch(r"v\d+", steps[0]) else []
    # Of "/{a}/{b}", the last parameter selects among those of the one before.
    ending += [f"by_{_snake(step)}" for before, step in pairwise(steps) if before[0] == step[0] == "{"]
    texts = [(_snake(step), after[:1] == "{") for step, after in pairwise([*steps, ""]) if step[0] != "{"]
    if not texts:
        return "default", "_".join([method.lower(), "root", *ending])
    *context, noun = [singular(text) if is_item else text for text, is_item in texts]
    (tag, _), (last, is_item) = texts[0], texts[-1]
    if tag.partition("_")[0] in ACTIONS and "_" in tag:
        tag = plural(tag.rpartition("_")[2])
    verb, _, rest = last.partition("_")
    if verb in ACTIONS and method in OWN_METHODS.get(verb, ("POST",)) and (context or rest):
        if rest and context and rest.rpartition("_")[2] == singular(context[-1]) != context[-1]:
            context.pop()  # the web call of /calls/register-web-call is a call
        return tag, "_".join([verb, *context, *filter(None, [rest]), *ending])
    if method == "POST":
        verb, noun = ("post" if is_item else "create"), singular(noun)
    elif method == "GET":
        verb = "list" if singular(noun) != noun else "get"
    else:
        verb = VERBS.get(method, method.lower())
    return tag, "_".join([verb, *context, noun, *ending])


def _snake(text: str) -> str:
    return "_".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+", text)).lower()


def singular(name: str) -> str:
    """Return a name in the singular, as far as rules go."""
    if name.rpartition("_")[2] in NEVER_LISTS:
        return name
    return next((re.sub(ending, by, name) for ending, by in _SINGULARS if re.search(ending, name)), name)


def plural(name: str) -> str:
    """Return a name in the plural, as far as rules go."""
    if singular(name) != name:
        return name
    return re.sub(r"(?<![aeiou])y$", "ie", name) + ("es" if re.search(r"(s|sh|ch|x|z)$", name) else "s")
