"""Models are imported when they are used, and know the types of their fields all the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

import puretalk_client.models
from puretalk_generated import codec, models


def evaluate(statements: str, expression: str) -> Any:
    """Run statements in a process of its own, which has imported nothing, and evaluate an expression there."""
    code = f"import json, sys\n{statements}\nprint(json.dumps({expression}))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


LOADED = "sorted(name for name in sys.modules if name.startswith('puretalk_generated.models.'))"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param("import puretalk_generated.models", [], id="package"),
        pytest.param("import puretalk_generated.codec", [], id="codec"),
        pytest.param("from puretalk_generated.models import TurnLatency", ["turn_latency"], id="leaf"),
        pytest.param(
            "from puretalk_generated.models import GetCallResponse", ["get_call_response"], id="outer"
        ),
        pytest.param(
            "import puretalk_generated.api.calls.get_call", ["error", "get_call_response"], id="operation"
        ),
    ],
)
def test_only_the_models_that_are_named_are_imported(statements: str, expected: list[str]) -> None:
    """What holds other models does not import them."""
    assert evaluate(statements, LOADED) == [f"puretalk_generated.models.{name}" for name in expected]


def test_package_of_models_is_like_any_other() -> None:
    """It lists every name, gives each as its class or alias, once, and knows no other name."""
    assert set(models.__all__) <= set(dir(models))
    for name in models.__all__:
        assert getattr(models, name) is getattr(models, name)
    with pytest.raises(AttributeError, match="Nobody"):
        _ = models.Nobody  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("model", [models.GetCallResponse, puretalk_client.models.CallEnvelope])
def test_every_model_below_another_has_the_types_of_its_fields(model: type[Any]) -> None:
    """Each reachable model's annotations are types after the walk, none is a text that msgspec would look up."""
    reached = codec.models_in(list[model | None])  # type: ignore[valid-type]
    assert {"Call", "CallAnalysis", "PostAnalysisItem", "TurnLatency"} <= {
        found.__name__ for found in reached
    }
    for found in reached:
        assert codec.hints(found).keys() == {field.name for field in attrs.fields(found)}
        assert not any(isinstance(hint, str) for hint in vars(found)["__annotations__"].values())


def test_name_of_a_subclass_is_not_taken_for_that_of_the_generated_model() -> None:
    """A re-declared field has its new type, an inherited one its old type, in both classes."""
    assert codec.hints(puretalk_client.models.CallEnvelope)["results"] == puretalk_client.models.Call | None
    assert codec.hints(models.GetCallResponse)["results"] == models.Call | None
    assert codec.hints(puretalk_client.models.Call)["status"] is puretalk_client.models.CallStatus
    assert codec.hints(models.Call)["status"] == str | None
    assert codec.hints(puretalk_client.models.Call)["metadata"] == models.CallMetadata | None


def test_first_answers_may_be_decoded_in_many_threads_at_once() -> None:
    """Of 16 threads that decode the first answer of a process at the same time, each gets its models."""
    statements = """
import threading
from puretalk_generated.api.calls.get_call import RESPONSES
from puretalk_generated.codec import decode
sys.setswitchinterval(1e-6)
barrier, found = threading.Barrier(16), []
def work():
    barrier.wait()
    call = decode(b'{"results": {"metadata": {}, "transcript_object": [{}]}}', RESPONSES.answers[0]).results
    found.append([type(call.metadata).__name__, type(call.transcript_object[0]).__name__])
threads = [threading.Thread(target=work) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert evaluate(statements, "found") == [["CallMetadata", "TranscriptTurn"]] * 16


def test_decoders_are_made_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two threads let msgspec read classes at once, which has crashed the process."""
    barrier, reading, overlaps = threading.Barrier(8), threading.Lock(), []

    def read(hint: Any) -> None:
        alone = reading.acquire(blocking=False)
        overlaps.append(not alone)
        time.sleep(0.01)
        if alone:
            reading.release()

    def work(number: int) -> None:
        barrier.wait()
        codec.decoder.__wrapped__(list[int])

    monkeypatch.setattr(codec, "msgspec", SimpleNamespace(json=SimpleNamespace(Decoder=read)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert overlaps == [False] * 8


def test_chain_of_models_that_is_too_long_for_msgspec_is_decoded_without_it() -> None:
    """Where msgspec runs out of stack while it reads the classes, the answer is that it cannot."""
    model: Any = int
    for number in range(3000):
        attributes = {
            "__annotations__": {"following": model | None},
            "following": None,
            "__module__": __name__,
        }
        model = attrs.frozen(type(f"Link{number}", (), attributes))
    assert len(codec.models_in(model)) == 3000
    assert not codec.is_msgspec_type(model)
    assert codec.structure({"following": {"following": None}}, model).following.following is None
