"""The metadata of a call, as a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from puretalk_generated.codec import OnMismatch, Path

from ._types import JSON


class CallMetadata(Mapping[str, JSON]):
    """The properties of ``call.metadata`` (openapi.yaml: ``Call.metadata``), by name, in the order received.

    openapi.yaml documents ``model`` and allows any other property, such as those that your service attached to the
    call. The mapping is read-only, and has all properties as received. It is empty if the server left the metadata out
    or sent null. It is also empty if the server sent a value that is not an object, which ``received`` keeps.
    """

    __slots__ = ("_received", "_values")

    _received: JSON
    _values: dict[str, JSON]

    def __init__(self, received: Mapping[str, JSON] | JSON = None) -> None:
        """Make a copy of a mapping; any other value is only kept in ``received``."""
        if isinstance(received, (dict, Mapping)):  # dict first, since the other check is slow
            self._received = self._values = dict(received)
        else:
            self._received, self._values = received, {}

    @classmethod
    def __from_json__(cls, value: Any, path: Path, on_mismatch: OnMismatch) -> CallMetadata:
        # What puretalk_generated.codec looks for.
        if isinstance(value, dict):
            model = value.get("model")
            if model is not None and type(model) is not str:
                on_mismatch((*path, "model"), str | None, model)
        elif value is not None:
            on_mismatch(path, cls | None, value)
        return cls(value)

    @property
    def model(self) -> str | None:
        """The model of the call; None if it is missing or not text."""
        model = self._values.get("model")
        return model if isinstance(model, str) else None

    @property
    def received(self) -> JSON:
        """The JSON value as received; None if the server left it out."""
        return dict(self._values) if self._received is self._values else self._received

    def __getitem__(self, name: str) -> JSON:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    @property
    def _content(self) -> Any:
        return self._values if self._received is None else self._received

    def __eq__(self, other: object) -> bool:
        # As a mapping, what is not an object would equal {}, and a call that lost it the one that has it.
        if isinstance(other, CallMetadata):
            return bool(self._content == other._content)
        return bool(self._content == dict(other)) if isinstance(other, Mapping) else NotImplemented

    def __repr__(self) -> str:
        # Both names and values can be personal, so a repr only counts them.
        if self._content is not self._values:
            return f"<{type(self).__name__}: not an object>"
        return f"<{type(self).__name__}: {len(self)} propert{'y' if len(self) == 1 else 'ies'}>"

    def __reduce__(self) -> tuple[Callable[..., CallMetadata], tuple[Any]]:
        return type(self), (self.received,)
