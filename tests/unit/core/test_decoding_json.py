"""JSON that Python's or msgspec's parser cannot hold: half surrogate pairs, and numbers that are too large."""

from __future__ import annotations

import json
import sys

import msgspec
import pytest

from puretalk_client import Call, Drift, ResponseDecodeError
from puretalk_client._core import decoding
from puretalk_client._core.decoding import MAX_DIGITS, decode, parse_json


@pytest.mark.parametrize(
    ("escaped", "text"),
    [(r"a\ud83d", "a\ufffd"), (r"\ude00b", "\ufffdb"), (r"\ud83d\ud83d\ude00", "\ufffd😀"), (r"\ud83d\ude00", "😀"),
     (r"\\ud83d", "\\ud83d"), (r"\\\ud83d", "\\\ufffd"), (r"\ud83d\ude00\ude00", "😀\ufffd"), (r"\uD83Dx", "\ufffdx")],
)  # fmt: skip
def test_half_a_surrogate_pair_is_replaced(escaped: str, text: str) -> None:
    """A text that a server cut within an emoji is delivered, and reported."""
    call, drifts = decode(f'{{"transcript":"{escaped}"}}'.encode(), Call)
    assert call.transcript == text
    assert drifts == ([Drift("$", "Unicode text", "half a surrogate pair", "wrong type")] if "\ufffd" in text else [])


def test_parse_json_raises_what_msgspec_raises() -> None:
    """A replaced surrogate or number does not hide another fault, nor does the exception hold the body."""
    assert parse_json(b'{"a":1}') == ({"a": 1}, [])
    for body in (b'{"a":', rb'{"a":"\ud83d"', rb'["\ud8",]"]', rb'["\ud8zz"]', rb'["\UD83D"]', b"[1e400", b"[1e400}"):
        with pytest.raises(msgspec.DecodeError) as caught:
            parse_json(body)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


OUT_OF_RANGE = Drift("$", "number", "number out of range", "wrong type")
HALF_A_PAIR = Drift("$", "Unicode text", "half a surrogate pair", "wrong type")
LONGEST = "9" * MAX_DIGITS


@pytest.mark.parametrize(
    "number", [LONGEST + "9", "-" + LONGEST, "9" * 100_000, "1e400", "-1E400", "1" + "0" * 400 + ".5"]
)
def test_number_that_python_cannot_hold_is_null(number: str) -> None:
    """It costs its field and not the call, and is reported once, however often there is one."""
    body = f'{{"call_id":"c","call_duration_seconds":{number},"unknown":[{number},1e999]}}'
    call, drifts = decode(body.encode(), Call)
    assert (call.call_id, call.call_duration_seconds, drifts) == ("c", None, [OUT_OF_RANGE])
    assert parse_json(f"[5,{number},{number}]".encode()) == ([5, None, None], [OUT_OF_RANGE])


@pytest.mark.parametrize("number", [LONGEST, "-" + LONGEST[1:], "1e308", "1e-400", "1." + "0" * 5000, "-0"])
def test_number_that_python_can_hold_is_read(number: str) -> None:
    """Also beside one that it cannot hold, where another parser reads it."""
    value = json.loads(number)
    assert parse_json(f"[{number}]".encode()) == ([value], [])
    [read, _], drifts = parse_json(f"[{number},1e400]".encode())
    assert (read, type(read), drifts) == (value, type(value), [OUT_OF_RANGE])


def test_half_a_pair_and_a_number_out_of_range_are_two_drifts() -> None:
    """Each is reported, and so is what does not match the document, first."""
    assert parse_json(rb'["\ud83d",1e400]') == (["\ufffd", None], [HALF_A_PAIR, OUT_OF_RANGE])
    call, drifts = decode(rb'{"transcript":"\ud83d","call_duration_seconds":1e400,"variables":5}', Call)
    assert (call.transcript, call.call_duration_seconds, call.variables) == ("\ufffd", None, 5)
    assert drifts == [Drift("$.variables", "list[str] | None", "number", "wrong type"), HALF_A_PAIR, OUT_OF_RANGE]


def test_texts_that_look_like_escapes_and_numbers_are_unchanged() -> None:
    """Only a number is a number, and only half a pair is replaced."""
    body = r'["1e400", "\\ud83d", "\u00e9\n\/", "é", "\ud83d\ude00", 1e400]'
    texts = ["1e400", r"\ud83d", "é\n/", "é", "😀", None]
    assert parse_json(body.encode()) == (texts, [OUT_OF_RANGE])


@pytest.mark.parametrize("fault", ["NaN", "Infinity", "-Infinity", "01", "1e", "+1", "'a'", '"\t"', "nul"])
@pytest.mark.parametrize("template", ["[{}]", '["\\ud83d",{}]', "[1e400,{}]"])
def test_what_only_python_takes_for_json_is_refused(fault: str, template: str) -> None:
    """Its parser reads NaN and Infinity; whichever parser reads the body, they are not JSON (RFC 8259, section 6)."""
    with pytest.raises(msgspec.DecodeError):
        parse_json(template.format(fault).encode())


@pytest.mark.parametrize("body", ["[1e400]", r'["\ud83d"]'])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_encoding_other_than_utf_8_is_refused(body: str, encoding: str) -> None:
    """As it is for a body without such values; ``json.loads`` would guess."""
    with pytest.raises(ResponseDecodeError, match="not JSON"):
        decode(body.encode(encoding), list[str | None])


def test_limit_of_digits_that_the_application_lowered_is_respected() -> None:
    """``sys.set_int_max_str_digits`` is for the whole process."""
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        assert parse_json(f"[{LONGEST},{LONGEST[:641]},{LONGEST[:640]}]".encode()) == (
            [None, None, int(LONGEST[:640])],
            [OUT_OF_RANGE],
        )
    finally:
        sys.set_int_max_str_digits(usual)


def test_no_integer_is_read_whose_digits_take_quadratic_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the application has lifted Python's limit."""
    lengths: list[int] = []

    def read(token: str) -> int:
        lengths.append(len(token))
        return int(token)

    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    monkeypatch.setattr(decoding, "int", read, raising=False)
    try:
        assert parse_json(f"[7,{LONGEST},{LONGEST}9,{'9' * 1_000_000}]".encode()) == (
            [7, int(LONGEST), None, None],
            [OUT_OF_RANGE],
        )
    finally:
        sys.set_int_max_str_digits(usual)
    assert lengths == [1, MAX_DIGITS]
