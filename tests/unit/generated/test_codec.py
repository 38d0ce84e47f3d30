"""Models and decoders: types are resolved on every Python version, and neither threads nor errors break msgspec."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import typing
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

import puretalk_client.models
from puretalk_generated import codec, models
from puretalk_generated.errors import UnexpectedContent
from puretalk_generated.types import DocumentedResponse


def evaluate(statements: str, expression: str) -> Any:
    """Run statements in a new process, and return the value of an expression there."""
    code = f"import json, sys\n{statements}\nprint(json.dumps({expression}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def json_response(hint: Any) -> DocumentedResponse:
    """A documented JSON response."""
    return DocumentedResponse(200, 200, "json", hint)


# --- Types ---


@pytest.mark.parametrize("model", [models.GetCallResponse, puretalk_client.models.CallEnvelope])
def test_types_of_all_nested_models_can_be_resolved(model: type[Any]) -> None:
    """typing.get_type_hints, and msgspec, resolve the annotations of every model that can be nested in another."""
    found = codec.models_in(list[model | None])  # type: ignore[valid-type]
    assert {"Call", "CallAnalysis", "PostAnalysisItem", "TurnLatency"} <= {each.__name__ for each in found}
    for each in found:
        hints = typing.get_type_hints(each, include_extras=True)
        assert hints.keys() == {field.name for field in attrs.fields(each)}
        assert not any(isinstance(hint, (str, typing.ForwardRef)) for hint in hints.values())
        assert codec.is_msgspec_type(each)


def test_subclass_does_not_change_the_generated_model() -> None:
    """A redeclared field has its new type in the subclass, and its old type in the generated model."""
    assert codec.hints(puretalk_client.models.CallEnvelope)["results"] == puretalk_client.models.Call | None
    assert codec.hints(models.GetCallResponse)["results"] == models.Call | None
    assert codec.hints(puretalk_client.models.Call)["status"] is puretalk_client.models.CallStatus
    assert codec.hints(models.Call)["status"] == str | None
    assert codec.hints(puretalk_client.models.Call)["metadata"] is puretalk_client.models.CallMetadata
    assert codec.hints(models.Call)["metadata"] == models.CallMetadata | None


def test_importing_an_operation_does_not_import_httpx() -> None:
    """A sender that does not use httpx does not pay for importing it."""
    statements = "import puretalk_generated.api.calls.get_call"
    assert evaluate(statements, "'httpx' in sys.modules") is False


# --- Threads ---


def test_first_responses_can_be_decoded_in_many_threads() -> None:
    """16 threads that decode the first responses of a process at the same time all get their models."""
    statements = """
import threading
from puretalk_generated.api.calls.get_call import RESPONSES
from puretalk_generated.codec import decode
sys.setswitchinterval(1e-6)
barrier, found = threading.Barrier(16), []
def work():
    barrier.wait()
    call = decode(b'{"results": {"metadata": {}, "transcript_object": [{}]}}', RESPONSES.documented[0]).results
    found.append([type(call.metadata).__name__, type(call.transcript_object[0]).__name__])
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert evaluate(statements, "found") == [["CallMetadata", "TranscriptTurn"]] * 16


def test_decoders_are_created_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two threads let msgspec read classes at the same time, which crashes the process."""
    barrier, reading, overlaps = threading.Barrier(8), threading.Lock(), []

    def read(hint: Any, dec_hook: Any) -> None:
        is_alone = reading.acquire(blocking=False)
        overlaps.append(not is_alone)
        time.sleep(0.01)
        if is_alone:
            reading.release()

    def work(number: int) -> None:
        barrier.wait()
        codec.decoder.__wrapped__(list[int])

    monkeypatch.setattr(codec, "msgspec", SimpleNamespace(json=SimpleNamespace(Decoder=read)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert overlaps == [False] * 8


# --- Types that msgspec does not support ---

# In a new process each: an error in what these tests check crashes it.
HELPERS = """
import attrs, gc
from puretalk_generated.codec import decode, is_msgspec_type
from puretalk_generated.types import DocumentedResponse

def model(name, /, **types):
    body = {"__annotations__": types, "__module__": __name__, **dict.fromkeys(types)}
    globals()[name] = attrs.frozen(type(name, (), body), eq=False, repr=False, slots=False)

def decoded(model, body):
    value = decode(body, DocumentedResponse(200, 200, "json", model))
    gc.collect()
    return value
"""


def test_unsupported_type_does_not_break_the_models_that_refer_to_it() -> None:
    """A model that msgspec does not support, and one that refers to it, are both decoded without msgspec."""
    statements = f"""{HELPERS}
model("Cat", a="int | None")
model("Dog", a="int | None")
model("Owner", house="House | None", name="str | None", pet="Cat | Dog | None")
model("House", owner="Owner | None", street="str | None")
is_fast = [is_msgspec_type(Owner), is_msgspec_type(House), is_msgspec_type(Cat)]
house = decoded(House, b'{{"owner": {{"house": {{"street": "b"}}, "pet": {{"a": 1}}}}, "street": "a"}}')
owner = decoded(Owner, b'{{"house": {{"owner": {{"name": "n"}}}}}}')
values = [house.street, house.owner.house.street, house.owner.pet.a, owner.house.owner.name]
"""
    assert evaluate(statements, "[is_fast, values]") == [[False, False, True], ["a", "b", 1, "n"]]


def test_chain_of_models_is_decoded_whether_msgspec_can_follow_it_or_not() -> None:
    """A chain of 1,500 models, and a model that refers to its first one, are decoded correctly.

    How long a chain msgspec can follow depends on the Python version.
    """
    statements = f"""{HELPERS}
model("End", first="Link0 | None", label="str | None")
for number in range(1500):
    following = f"Link{{number + 1}} | None" if number < 1499 else "None"
    model(f"Link{{number}}", end="End | None", label="str | None", following=following)
first = decoded(Link0, b'{{"label": "a", "following": {{"end": {{"first": {{"label": "b"}}}}}}}}')
end = decoded(End, b'{{"first": {{"following": {{"label": "c"}}, "end": {{"label": "d"}}}}}}')
last = decoded(Link1499, b'{{"end": {{"first": {{"label": "e"}}}}}}')
values = [first, first.following, first.following.end.first, end.first.following, end.first.end, last.end.first]
"""
    found = evaluate(statements, "[[type(value).__name__, value.label] for value in values]")
    links = [["Link0", "a"], ["Link1", None], ["Link0", "b"], ["Link1", "c"]]
    assert found == [*links, ["End", "d"], ["Link0", "e"]]


@pytest.mark.parametrize("error", [TypeError, RecursionError])
def test_model_that_msgspec_refuses_is_decoded_without_it(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """If msgspec cannot create a decoder, the model is built by codec.structure, with the same result."""

    def refuse(hint: Any) -> None:
        raise error("not supported")

    content = b'{"err": false, "results": {"metadata": {"model": "m"}}}'
    hint = models.GetCallResponse
    expected = codec.decoder(hint).decode(content)
    monkeypatch.setattr(codec, "decoder", refuse)
    monkeypatch.setattr(codec, "is_msgspec_type", codec.is_msgspec_type.__wrapped__)
    assert not codec.is_msgspec_type(hint)
    assert codec.decode(content, json_response(hint)) == expected


@pytest.mark.parametrize("nested", [b"[", b'{"results":', b'{"results":{"call_analysis":'])
def test_body_that_is_nested_too_deeply_is_an_error(nested: bytes) -> None:
    """A body with more levels than any interpreter allows raises UnexpectedContent."""
    with pytest.raises(UnexpectedContent):
        codec.decode(nested * 100_000, json_response(models.GetCallResponse))


# --- Classes with a decoder of their own ---


class Labels:
    """A class that is not a model: names of labels, which must not be empty."""

    def __init__(self, names: list[str]) -> None:
        self.names = names

    @classmethod
    def __from_json__(cls, value: Any, path: codec.Path, on_mismatch: codec.OnMismatch) -> Labels:
        if value is None:
            return cls([])
        if not isinstance(value, list) or "" in value:
            on_mismatch(path, cls, value)
            return cls([])
        return cls(value)


@attrs.frozen(kw_only=True)
class Tagged:
    """A model with such a field."""

    labels: Labels = attrs.field(factory=lambda: Labels(["none"]))
    count: int = 0


@attrs.frozen(kw_only=True)
class Box:
    """A model in which it is nested in every way that msgspec knows."""

    one: Tagged | None = None
    many: list[Tagged] | None = None
    optional: Labels | None = None
    named: dict[str, Labels] | None = None


def names_by_each(value: Any) -> list[Any]:
    """Decode a box with msgspec alone, and by walking the model; return the names of its labels."""
    boxes = [codec.decoder(Box).decode(json.dumps(value)), codec.structure(value, Box)]
    return [
        [
            box.one and box.one.labels.names,
            [tagged.labels.names for tagged in box.many or []],
            box.optional and box.optional.names,
            {name: labels.names for name, labels in (box.named or {}).items()},
        ]
        for box in boxes
    ]


@pytest.mark.parametrize(
    ("value", "names"),
    [({}, [None, [], None, {}]),
     ({"one": {}, "many": [{"labels": ["a"]}, {"labels": None}]}, [["none"], [["a"], []], None, {}]),
     ({"optional": ["b"], "named": {"x": ["c"], "y": []}}, [None, [], ["b"], {"x": ["c"], "y": []}]),
     ({"optional": None}, [None, [], None, {}])],
)  # fmt: skip
def test_class_with_its_own_decoder_is_built_by_each(value: Any, names: Any) -> None:
    """The fast path stays, and null is the class's own affair, unless the field allows it."""
    assert codec.is_msgspec_type(Box)
    assert names_by_each(value) == [names, names]


@pytest.mark.parametrize(
    ("value", "path"),
    [({"one": {"labels": "text"}}, ("one", "labels")), ({"many": [{}, {"labels": [""]}]}, ("many", "*", "labels")),
     ({"optional": 5}, ("optional",)), ({"named": {"+15550142": {}}}, ("named", "*"))],
)  # fmt: skip
def test_class_with_its_own_decoder_reports_mismatches(value: Any, path: codec.Path) -> None:
    """With the path in the body, and without the value in the error of a strict decoder."""
    content = json.dumps(value).encode()
    for decode in (codec.decoder(Box).decode, lambda content: codec.structure(json.loads(content), Box)):
        with pytest.raises(msgspec.ValidationError) as caught:
            decode(content)
        assert "+15550142" not in str(caught.value)
    with pytest.raises(UnexpectedContent):
        codec.decode(content, json_response(Box))
    found: list[codec.Path] = []
    box = codec.structure(value, Box, lambda path, hint, value: found.append(path))
    assert isinstance(box, Box)
    assert found == [path]
