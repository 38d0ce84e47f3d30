"""Scrubbing: nothing personal is left, and shapes stay."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from puretalk_client import CallStatus
from puretalk_client.drift import drift_report
from puretalk_client.testing import Scrubber, example_call, sample_call
from puretalk_client.testing._json_text import rewrite_json

ENVELOPE = {"msg": "Success", "err": False}


def body_of(**fields: Any) -> bytes:
    """Return the body of a response."""
    return json.dumps({**ENVELOPE, "results": fields}, ensure_ascii=False).encode()


def scrub(**fields: Any) -> Any:
    """Scrub the fields of a call with a new scrubber."""
    return json.loads(Scrubber().scrub_body(body_of(**fields)))["results"]


def scrub_value(value: Any) -> Any:
    """Scrub a value that nobody knows."""
    return scrub(unknown=value)["unknown"]


def shape(text: str) -> str:
    """Return which characters of a text are letters and digits."""
    return re.sub(r"[0-9]", "9", re.sub("[A-Z]", "A", re.sub("[a-z]", "a", text)))


def leaves(value: Any) -> list[Any]:
    """List the scalars below a value, names included."""
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in [name, *leaves(item)]]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


class TestShapes:
    def test_sample_call(self) -> None:
        """No word of the sample call is left, its numbers and names are others, and its structure is the same."""
        call = sample_call()
        scrubbed = scrub(**call)
        text = json.dumps(scrubbed)
        said = [word for turn in call["transcript_object"] for word in re.findall(r"[A-Za-z]{6,}", turn["content"])]
        names = [
            "Riverbend",
            "Gabrielle",
            "riverbend",
            "Mara",
            "Okonkwo",
            "spring-check-ups",
            "gpt-4o",
            call["call_id"],
        ]
        figures = ["31415926535", "129.5", "2025-06", call["to_number"], call["provider_call_id"], "quoted_price"]
        said = [word for word in said if word != "number"]  # as in from_number
        assert len(said) > 100
        assert not [word for word in (*said, *names, *figures) if word in text]
        assert [type(leaf) for leaf in leaves(scrubbed)] == [type(leaf) for leaf in leaves(call)]
        ours, theirs = (
            [len(leaf) for leaf in leaves(each) if isinstance(leaf, str) and not leaf.startswith("{")]
            for each in (scrubbed, call)
        )
        assert ours == theirs
        assert scrubbed["transcript_object"][0].keys() == call["transcript_object"][0].keys()

    @pytest.mark.parametrize("call", [example_call(), sample_call()], ids=["example", "sample"])
    def test_documented_values_stay(self, call: dict[str, Any]) -> None:
        """What says nothing of a person stays, and the scrubbed response matches the document as before."""
        scrubbed = scrub(**call)
        kept = ("status", "protocol", "call_type", "answered_by", "sentiment", "is_billed", "call_duration_seconds")
        assert {name: scrubbed[name] for name in kept} == {name: call[name] for name in kept}
        latencies = [turn["turn_latency"] for turn in call["transcript_object"]]
        assert [turn["turn_latency"] for turn in scrubbed["transcript_object"]] == latencies
        assert drift_report([json.dumps(scrubbed)]).drifts == drift_report([json.dumps(call)]).drifts == ()

    @pytest.mark.parametrize("status", [*CallStatus, "in progress"])
    def test_every_documented_status_stays(self, status: str) -> None:
        """Others do not: nobody knows what is in them."""
        assert scrub(status=str(status))["status"] == str(status)

    @pytest.mark.parametrize("name", ["status", "protocol", "call_type", "answered_by", "sentiment"])
    def test_undocumented_values_go(self, name: str) -> None:
        """``answered_by`` is "the name of the person", and may one day be that."""
        assert scrub(**{name: "Mara Schmidt"})[name] not in ("Mara Schmidt", "")

    @pytest.mark.parametrize(
        ("number", "expected"),
        [("+14155552671", "+15555550100"), ("4155552671", "5555550100"), ("+15550142", "+15550100"),
         ("+49 30 1234567", "+15 55 5550100"), ("(415) 555-2671", "(555) 555-0100"), ("911", "100"),
         ("+", "+"), ("", ""), ("+442079460123", "+155555550100")],
    )  # fmt: skip
    def test_phone_numbers(self, number: str, expected: str) -> None:
        """They become numbers for fiction, of the same length and with the same punctuation."""
        assert scrub(from_number=number)["from_number"] == expected

    def test_phone_number_that_is_a_number(self) -> None:
        """It stays a number."""
        assert scrub(from_number=14155552671, to_number=7)["from_number"] == 15555550100

    def test_one_person_has_one_number(self) -> None:
        """In every field, and where it is said."""
        scrubbed = scrub(from_number="+14155552671", to_number="+14155552672", transcript="call 1-415-555-2671 now")
        assert (scrubbed["from_number"], scrubbed["to_number"]) == ("+15555550100", "+15555550101")
        assert "1-555-555-0100" in scrubbed["transcript"]

    @pytest.mark.parametrize("value", ["sip:mara@example.test", "anonymous", "Mara"])
    def test_number_that_is_none(self, value: str) -> None:
        """It is text."""
        assert scrub(to_number=value)["to_number"] != value

    @pytest.mark.parametrize(
        "text",
        ["Mara Schmidt", "o'Neill-ÄÖÜ ß", "日本語 テスト", "🙂👍 ok", "mara@example.com",
         "C:\\Mara\\x.txt", '"quoted"', "a\nb\tc",
         "\x00\x1f", "\uff2d\uff21\uff32\uff21", "٠١٢٣", "x" * 10_000, "\u200bhidden\u2028"],
    )  # fmt: skip
    def test_texts(self, text: str) -> None:
        """Lengths in characters and in UTF-8 stay, and so does ASCII punctuation."""
        scrubbed = scrub_value(text)
        assert (len(scrubbed), len(scrubbed.encode())) == (len(text), len(text.encode()))
        assert shape(scrubbed) == shape(text) or not text.isascii()
        assert scrubbed != text or not re.search(r"\w", text)

    @pytest.mark.parametrize(
        "token",
        [
            "4.0",
            "1.50",
            "1e5",
            "1E+05",
            "-0.0",
            "-12",
            "314159265358979323846264338327",
            "0.125",
            "1e400",
            "123456.000",
        ],
    )
    def test_spelling_of_numbers(self, token: str) -> None:
        """Digits change; sign, point, exponent and how many digits there are do not."""
        content = f'{{"results": {{"metadata": {{"n": {token}}}}}}}'.encode()
        scrubbed = Scrubber().scrub_body(content).decode()
        found = re.search(r": ([^ }]+)\}", scrubbed)
        assert found is not None
        assert shape(found[1]) == shape(token)
        assert found[1] != token or token in ("-0.0",)
        assert token.partition("e")[2] == found[1].partition("e")[2]

    def test_urls_lead_nowhere(self) -> None:
        """The host is below .test, and the length stays."""
        url = "https://user:secret@media.example.com:8443/a/Mara%20S.mp3?sig=AbC123"
        scrubbed = scrub(call_recording_url=url, transcript=f"See {url} soon.")
        for text in (scrubbed["call_recording_url"], scrubbed["transcript"].split()[1]):
            host = re.fullmatch(r"https://([a-z.]+)\.test/[^\s]*", text)
            assert host is not None
            assert len(text) == len(url)
            assert not re.search("Mara|secret|AbC|8443|example", text)

    def test_times_move_together(self) -> None:
        """The distance between two instants stays, in whole seconds, and their zone goes."""
        scrubbed = scrub(start_time="2024-02-29T23:59:50.25-05:00", end_time="2024-03-01T05:01:00Z", day="2024-03-01")
        assert scrubbed["start_time"] == "2025-01-01T09:00:00.00+00:00"
        assert scrubbed["end_time"] == "2025-01-01T09:01:10Z"
        assert scrubbed["day"] == "2025-01-01"

    @pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01", "2024-13-45T99:99:99Z", "2024-02-30"])
    def test_times_that_are_none(self, text: str) -> None:
        """No value ends a recording."""
        scrubbed = scrub(start_time="2024-01-01T00:00:00Z", end_time=text)
        assert scrubbed["end_time"] != text
        assert len(scrubbed["end_time"]) == len(text)

    def test_arguments_of_functions(self) -> None:
        """A JSON text in a text stays one, with other names and values."""
        arguments = json.dumps({"patient": "Mara", "paid": 12.5, "notes": ["x", None]})
        scrubbed = scrub(transcript_object=[{"function_args": arguments}])["transcript_object"][0]["function_args"]
        assert len(scrubbed) == len(arguments)
        assert not re.search("patient|Mara|12.5|notes", scrubbed)
        assert [type(leaf) for leaf in leaves(json.loads(scrubbed))] == [
            type(leaf) for leaf in leaves(json.loads(arguments))
        ]


class TestNames:
    def test_customers_names_go(self) -> None:
        """Those of post-analysis and metadata, and all below an unknown field."""
        scrubbed = scrub(
            metadata={"model": "gpt", "mara_schmidt": {"debt": 1}},
            queue={"patient": {"hiv_positive": True}},
            call_analysis={"post_analysis_data": [{"name": "hiv_positive", "value": True, "patient": 1}]},
        )
        text = json.dumps(scrubbed)
        assert not re.search("mara|debt|patient|hiv|gpt", text)
        assert list(scrubbed) == ["metadata", "queue", "call_analysis"]
        assert "model" in scrubbed["metadata"]

    def test_unknown_names_of_the_server_stay(self) -> None:
        """Drift reports them; one that looks like a number does not stay."""
        scrubbed = scrub(queue_name="x", **{"+15551234567": 1, "caller_15551234567": 2, "Mara Schmidt": 3, "Mara": 4})
        assert next(iter(scrubbed)) == "queue_name"
        assert not re.search("1234567|Mara|Schmidt", json.dumps(scrubbed))

    def test_different_names_stay_different(self) -> None:
        """Also where there are few names of their length."""
        names = [chr(ord("a") + number) for number in range(26)] + [str(number) for number in range(10)]
        assert len(scrub_value(dict.fromkeys(names, 1))) == 36

    def test_ids_are_mapped_alike(self) -> None:
        """In the path and in the body, in any case of their letters, and in other texts."""
        call_id = "BE8B84ED-16d8-459e-b71c-b0f54fce5ec1"
        scrubber = Scrubber()
        mapped = scrubber.scrub_id(call_id.lower())
        scrubbed = scrubber.scrub_body(body_of(call_id=call_id, call_recording_url=f"https://x.test/{call_id}.mp3"))
        call = json.loads(scrubbed)["results"]
        assert call["call_id"].lower() == mapped != call_id.lower()
        assert mapped in call["call_recording_url"].lower()
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-b[0-9a-f]{3}-[0-9a-f]{12}", mapped)
        assert Scrubber().scrub_id("42") != Scrubber().scrub_id("call-42")

    def test_many_short_ids_stay_different(self) -> None:
        """A sandbox would otherwise take two calls for one."""
        scrubber = Scrubber()
        assert len({scrubber.scrub_id(str(number)) for number in range(2000)}) == 2000


class TestOptions:
    def test_keep(self) -> None:
        """A field stays with all below it; nothing else does."""
        keep = ["metadata.plan", "call_analysis.post_analysis_data", "assistant_name", "queue"]
        scrubbed = Scrubber(keep=keep).scrub_body(
            body_of(
                metadata={"plan": {"tier": "gold 7"}, "tier": "gold 7"},
                call_analysis={"post_analysis_data": [{"name": "score", "value": 7.50}], "summary": "Mara"},
                assistant_name="Setter",
                voice_name="Mara",
                queue={"Name": "north"},
            )
        )
        call = json.loads(scrubbed)["results"]
        assert call["metadata"].pop("plan") == {"tier": "gold 7"}
        assert "gold" not in str(call["metadata"])
        assert "tier" not in call["metadata"]
        assert call["call_analysis"]["post_analysis_data"] == [{"name": "score", "value": 7.5}]
        assert (call["assistant_name"], call["queue"]) == ("Setter", {"Name": "north"})
        assert b"Mara" not in scrubbed

    def test_keep_ids(self) -> None:
        """Ids of the document stay, and other UUIDs go."""
        call_id, other = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1", "217b769d-befe-47a2-83bc-b014c2e19ea5"
        scrubber = Scrubber(ids="keep")
        call = json.loads(scrubber.scrub_body(body_of(call_id=call_id, call_recording_url=f"https://a.test/{call_id}",
                                                      transcript=other)))["results"]  # fmt: skip
        assert call["call_id"] == scrubber.scrub_id(call_id) == call_id
        assert call["call_recording_url"].endswith(call_id)
        assert call["transcript"] != other

    def test_wrong_options(self) -> None:
        """They are refused."""
        with pytest.raises(TypeError):
            Scrubber(keep="metadata")
        with pytest.raises(ValueError, match="ids must be"):
            Scrubber(ids="no")  # type: ignore[arg-type]

    def test_repr_shows_nothing(self) -> None:
        """But what the caller chose."""
        scrubber = Scrubber(keep=["metadata"])
        scrubber.scrub_body(body_of(**sample_call()))
        assert repr(scrubber) == "<Scrubber keep=['metadata']>"


class TestHostileBodies:
    @pytest.mark.parametrize(
        "content",
        [b"", b"Mara Schmidt, +1 415 555 2671", "Müller hört zu".encode(), b"Mara\xff\xfe\x00Schmidt",
         b"<html>Mara</html>",
         b'{"results": {"transcript": "Mara', b'\xef\xbb\xbf{"a": "Mara"}', b"NaN", b"[" * 100_000, b"{'a': 'Mara'}",
         b'{"a": "Mara"}{"b": "Mara"}'],
    )  # fmt: skip
    def test_not_json(self, content: bytes) -> None:
        """It is text, of the same length."""
        scrubbed = Scrubber().scrub_body(content)
        assert len(scrubbed) == len(content)
        assert not re.search(rb"Mara|Schmidt|2671|ller", scrubbed)

    @pytest.mark.parametrize(
        "text",
        ['"Mara"', "42", "true", "null", "[]", "{}", '[{"results": [{"a": ["Mara"]}]}]', '{"results": "Mara"}',
         '{"results": {"results": {"call_id": "Mara"}}}',
         '{"a": "\\ud83d", "b": "\\ud83d\\ude00 Mara", "c": "\\u004dara"}',
         '{"a": 1, "a": "Mara", "": "Mara", "\\"": 1}', '{"x": 1e999, "y": 123456789012345678901234567890.5}',
         ' \r\n{ "results" :\n{ "transcript" : "Mara" } }\n'],
    )  # fmt: skip
    def test_json(self, text: str) -> None:
        """It stays JSON with the same structure, whatever it is."""
        scrubbed = Scrubber().scrub_body(text.encode()).decode()
        assert not re.search("Mara|004d", scrubbed)
        assert re.sub(r'"(?:[^"\\]|\\.)*"|[-+.\w]+', "", scrubbed) == re.sub(r'"(?:[^"\\]|\\.)*"|[-+.\w]+', "", text)
        json.loads(scrubbed)

    @given(st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    ))  # fmt: skip
    def test_any_json(self, value: Any) -> None:
        """The types of all leaves and the lengths of all texts stay."""
        scrubbed = scrub_value(value)
        assert [type(leaf) for leaf in leaves(scrubbed)] == [type(leaf) for leaf in leaves(value)]


SAME_SHAPE = {"secret": "public", "Mara": "Otto", "x": "q", "42": "17", "1999": "2345", "ü": "é", "語": "本"}


@given(
    st.lists(st.sampled_from([*SAME_SHAPE, " ", ", ", "@", "-"]), max_size=12), st.sets(st.sampled_from([*SAME_SHAPE]))
)
def test_scrubbed_text_depends_on_shapes_only(parts: list[str], replaced: set[str]) -> None:
    """Two calls in which people said different things of the same shape have the same scrubbed response."""
    others = [SAME_SHAPE[part] if part in replaced else part for part in parts]
    ours, theirs = (
        body_of(transcript="".join(each), metadata={"note": "".join(each)}, sentiment="".join(each) + "!")
        for each in (parts, others)
    )
    assert Scrubber().scrub_body(ours) == Scrubber().scrub_body(theirs)


def test_rewriting_changes_nothing_else() -> None:
    """White space, the order of names, names that are there twice and numbers stay as they are."""
    text = ' {"b" : [1.50, "x\\u0041", {"a":{} , "a": null}],\n"c":\ttrue} '
    paths: list[tuple[tuple[str, ...], str]] = []

    def value(path: tuple[str, ...], token: str) -> str:
        paths.append((path, token))
        return token

    assert rewrite_json(text, lambda _, name: name, value) == text
    assert paths == [(("b",), "1.50"), (("b",), '"x\\u0041"'), (("b", "a"), "null"), (("c",), "true")]
