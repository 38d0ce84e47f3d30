"""The models: the generated ones, with what the generator cannot get right re-declared."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self, Union, get_args, get_origin

import attrs
import msgspec
from attrs import field, frozen

from puretalk_generated import models as generated
from puretalk_generated.codec import hints, structure
from puretalk_generated.models import (
    CallAnalysis as CallAnalysis,
    PostAnalysisItem as PostAnalysisItem,
    TranscriptTurn as TranscriptTurn,
    TurnLatency as TurnLatency,
)
from puretalk_generated.types import named_fields

from . import _pydantic
from ._call_status import CallStatus as CallStatus
from ._core.decoding import convert, decode_trusted
from ._core.options import validate_timeout
from ._core.replacing import Replacements
from ._metadata import CallMetadata as CallMetadata
from ._post_analysis import PostAnalysis as PostAnalysis

if TYPE_CHECKING:
    from ._display.html import RenderedCall

NAMED_BY_CUSTOMERS = frozenset({"metadata", "post_analysis_data", "variables"})
"""Fields below which the users of the API choose the names."""


def _status(value: Any) -> CallStatus:
    return CallStatus.from_json(value)


def _metadata(value: Any) -> CallMetadata:
    return value if isinstance(value, CallMetadata) else CallMetadata(value)


def _is_json(hint: Any) -> bool:
    """Whether what a JSON parser returns needs no conversion."""
    if get_origin(hint) in (Literal, list, dict, types.UnionType, Union):
        return get_origin(hint) is Literal or all(map(_is_json, get_args(hint)))
    return hint in (str, int, float, bool, types.NoneType, Any)


def _convert_json(_: type, fields: list[Any]) -> list[Any]:
    """Let ``Call(**json)`` convert JSON as ``from_dict`` does, instead of keeping it. msgspec runs no converters."""

    def convert_to(name: str) -> Callable[[Any], Any]:
        def from_json(value: Any) -> Any:
            if isinstance(value, Mapping):
                value = dict(value)
            is_raw = any(isinstance(item, dict) for item in value) if isinstance(value, list) else False
            if not is_raw and not isinstance(value, (dict, str)):
                return value
            return structure(value, hints(Call)[name], lambda path, expected, actual: None)

        return from_json

    types_of = hints(generated.Call)
    return [
        field.evolve(converter=convert_to(field.name))
        if field.inherited and not _is_json(types_of[field.name])
        else field
        for field in fields
    ]


@frozen(kw_only=True, repr=False, field_transformer=_convert_json)
class Call(generated.Call):
    """A phone call (openapi.yaml: ``components.schemas.Call``).

    A field that the server left out is None, except ``status`` and ``metadata``. A value that does not match the
    document is kept as received.
    """

    status: CallStatus = field(default=CallStatus.from_json(None), converter=_status)
    """The status of the call; ``CallStatus("")`` if the server left it out."""
    # The generated class of the same name has the documented property only.
    metadata: CallMetadata = field(default=CallMetadata(), converter=_metadata)  # type: ignore[assignment]
    """The metadata of the call, with your own properties; empty if the server left it out or sent null."""

    @property
    def post_analysis(self) -> PostAnalysis:
        """The values of ``call_analysis.post_analysis_data`` by name; empty if there are none."""
        return PostAnalysis(getattr(self.call_analysis, "post_analysis_data", None))

    def to_dict(self) -> dict[str, Any]:
        """Return the call in the API's JSON format: JSON names, and values that ``json.dumps`` accepts.

        Fields that are None are left out. A value that does not match the document is included as received, and so
        is an unknown status. A known status has the spelling of ``CallStatus``.
        """
        fields = _with_json_names(self) | {"status": self.status.received, "metadata": self.metadata.received}
        # msgspec follows deeper nesting than a function in Python can.
        plain: dict[str, Any] = msgspec.to_builtins(
            {name: value for name, value in fields.items() if value is not None}
        )
        return plain

    def to_json(self) -> str:
        """Return ``to_dict()`` as JSON."""
        return msgspec.json.encode(self.to_dict()).decode()

    def render(self, *, slow: float = 1.5) -> RenderedCall:
        """Return a page for a notebook: facts, analysis, and the transcript with the latency of each turn.

        A notebook shows the page if it is the value of a cell. The repr of a call does not show what people said; this
        page does.

        Args:
            slow: Latency in seconds, at least 0, from which a turn is marked as slow.

        Raises:
            ConfigurationError: ``slow`` is not such a number.
        """
        from ._display.html import RenderedCall

        return RenderedCall(self, slow=validate_timeout("slow", slow, may_be_zero=True))

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> Self:
        """Make a call from a mapping in the API's JSON format, such as ``to_dict()`` or ``json.loads`` returns.

        A value that does not match the document is kept as received.

        Raises:
            ResponseDecodeError: ``value`` is not a mapping, or differs from the document in more than 1,000 places.
        """
        call: Self = convert(dict(value) if isinstance(value, Mapping) else value, cls)[0]
        return call

    @classmethod
    def from_json(cls, content: str | bytes) -> Self:
        """Make a call from JSON in UTF-8, as ``from_dict`` does from a mapping.

        Raises:
            ResponseDecodeError: ``content`` is not a JSON object, or differs from the document in more than 1,000
                places.
        """
        # With half a surrogate pair, these are not UTF-8, and refused as such.
        encoded = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        call: Self = decode_trusted(encoded, cls)[0]
        return call

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # Pydantic looks for it, and so do FastAPI and others that use Pydantic.
        return _pydantic.core_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        return _pydantic.json_schema(generated.Call, "A phone call")

    def __repr__(self) -> str:
        seconds: int | None = self.call_duration_seconds
        facts = [
            repr(self.call_id[:64])[1:-1] if isinstance(self.call_id, str) else "without id",
            str(self.status) if self.status.is_known else "unknown status",
            str(self.call_type) if self.call_type in get_args(generated.CallType) else "unknown type",
            f"{seconds} s" if type(seconds) is int else "no duration",
            f"{len(self.transcript_object) if isinstance(self.transcript_object, list) else 0} turns",
        ]
        return f"<Call {', '.join(facts)}>"


def _with_json_names(model: Any) -> dict[str, Any]:
    """Return the fields of a model that are set, and of those in it."""
    return {name: _plain(value) for name, value in named_fields(model)}


def _plain(value: object) -> object:
    """Return a model, or a list of models, as objects with JSON names; any other value as it is."""
    if attrs.has(type(value)):
        return _with_json_names(value)
    if isinstance(value, list) and any(attrs.has(type(item)) for item in value):
        return [_plain(item) for item in value]
    return value


def _restore(model: Any, values: dict[str, Any]) -> Any:
    return replaced[model](**values)


REPLACED: Mapping[Any, Any] = {generated.Call: Call, generated.CallMetadata: CallMetadata}
"""The generated models that have a class here, which every response has in their place."""
replaced: Mapping[Any, Any] = Replacements(REPLACED, _restore)
"""The type to decode into, by the type of a response."""

CallEnvelope: Any = replaced[generated.GetCallResponse]
"""The response to ``GET /calls/{call_id}``, with this package's ``Call``."""
