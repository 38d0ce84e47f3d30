"""Invented text in the place of text: of the same shape, and with nothing of its content.

Each character is replaced by one of its kind (letter, digit) and of its size in UTF-8, and ASCII punctuation stays.
The inventions depend on the order of the texts and on their shapes, and on nothing else.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_URL = r"(?P<scheme>[a-z][a-z0-9+.-]{0,15}://)(?P<authority>[^\s/?#\"'<>]*)(?P<rest>[^\s\"'<>]*)"
_TIME = (
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:(?P<sep>[Tt ])(?P<time>\d\d:\d\d(?::\d\d)?)(?P<fraction>\.\d+)?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?)?(?!\d)"
)
_PHONE = r"(?P<phone>\+?\d(?:[ ()./-]{0,3}\d){6,})"
_WORD = r"(?P<word>[A-Za-z]+)"
_SPECIAL = re.compile(
    f"(?P<uuid>{UUID.pattern})|{_URL}|(?<!\\d){_TIME}|{_PHONE}|{_WORD}|(?P<digits>[0-9]+)|(?P<other>[^\\x00-\\x7f]+)",
    re.IGNORECASE | re.ASCII,
)
_LETTERS_AND_DIGITS = re.compile(r"[A-Za-z0-9%]|[^\x00-\x7f]")
_OF_SIZE = {2: "é", 3: "語", 4: "🙂"}
_HALF_SURROGATE = "\ud800"
_ORIGIN = datetime(2025, 1, 1, 9, tzinfo=UTC)
_TRIES = 100


def _syllables(source: random.Random) -> str:
    pairs = (source.choice("bdfgklmnprstvz") + source.choice("aeiou") for _ in range(2039))
    return "".join(pairs)


class Invention:
    """Invents texts; the same id, name, phone number and instant are replaced alike each time.

    Args:
        keeps_ids: Whether ``identifier`` returns ids as they are.
    """

    def __init__(self, *, keeps_ids: bool = False) -> None:
        self._keeps_ids = keeps_ids
        self._random = random.Random(0)
        self._syllables = _syllables(self._random)
        self._digits = "".join(self._random.choices("0123456789", k=4093))
        self._letter_at = self._digit_at = self._booleans = 0
        self._ids: dict[str, str] = {}
        self._used: set[str] = set()
        self._phones: dict[str, int] = {}
        self._shift: timedelta | None = None

    def __repr__(self) -> str:
        return "<Invention>"

    def reserve(self, identifiers: Collection[str]) -> None:
        """Invent none of these ids."""
        self._used.update(text.lower() for text in identifiers)

    def boolean(self) -> str:
        """Return true and false in turn."""
        self._booleans += 1
        return "false" if self._booleans % 2 else "true"

    def number(self, token: str) -> str:
        """Replace the digits of a JSON number. Sign, point, exponent and a fraction of zeros stay, as spelled."""
        mantissa, mark, exponent = re.fullmatch(r"([^eE]*)([eE]?)(.*)", token).groups()  # type: ignore[union-attr]
        whole, point, fraction = mantissa.partition(".")
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        if len(digits) > 1 or point:
            # A number of several digits does not begin with 0, and 0.5 stays below 1.
            digits = digits if digits == "0" else self._nonzero() + self._take_digits(len(digits) - 1)
        else:
            digits = self._take_digits(1)
        fraction = fraction if not fraction.strip("0") else self._take_digits(len(fraction))
        return sign + digits + point + fraction + mark + exponent

    def text(self, text: str) -> str:
        """Replace a text that people wrote or said."""
        return _SPECIAL.sub(self._replace, text)

    def phone(self, text: str) -> str:
        """Replace a phone number; as far as its length allows, by one of +1 555 0100 to 0199."""
        digits = re.sub(r"[^0-9]", "", text)
        last = self._phones.setdefault(digits, len(self._phones) % 100)
        size, tail = len(digits), f"55501{last:02d}"
        head = max(0, size - len(tail))
        start = "1" + "5" * (head - 1) if head and ("+" in text or size in (8, 11)) else "5" * head
        invented = iter((start + tail)[-size:] if size else "")
        return re.sub(r"[0-9]", lambda _: next(invented), text)

    def identifier(self, text: str) -> str:
        """Replace an id or a name: two different ones stay different, in any case of their letters."""
        if self._keeps_ids:
            self._ids[text.lower()] = text
            self._used.add(text.lower())
            return text
        return self.name(text)

    def name(self, text: str) -> str:
        """Replace what an identifier is, even where ids are kept."""
        key = text.lower()
        if key not in self._ids:
            self._ids[key] = self._new_identifier(key)
        invented = self._ids[key]
        if len(invented) != len(text):
            return invented
        return "".join(new.upper() if old.isupper() else new for new, old in zip(invented, text, strict=True))

    def _new_identifier(self, text: str) -> str:
        invented = self._draw(text)
        tries = 1
        while invented in self._used:
            if tries == _TRIES:  # there are no more ids of this length
                invented += str(len(self._used))
                break
            invented = self._draw(text)
            tries += 1
        self._used.add(invented)
        return invented

    def _draw(self, text: str) -> str:
        is_hex = re.fullmatch(r"[0-9a-f-]{8,}", text) is not None
        invented = "".join(self._character(char, at, is_hex=is_hex) for at, char in enumerate(text))
        if UUID.fullmatch(text) is None:
            return invented
        return invented[:14] + text[14] + invented[15:19] + text[19] + invented[20:]  # with its version and variant

    def _character(self, char: str, position: int, *, is_hex: bool) -> str:
        if char.isascii() and char.isdigit():
            return self._random.choice("0123456789" if position else "123456789")
        if char.isascii() and char.isalpha():
            return self._random.choice("abcdef" if is_hex else "abcdefghijklmnopqrstuvwxyz")
        return _of_size(char)

    def _replace(self, match: re.Match[str]) -> str:
        if match.lastgroup == "word":
            return self._word(match[0])
        if digits := match["digits"]:
            return self._take_digits(len(digits))
        if match["uuid"]:
            return self._known_uuid(match[0])
        if match["scheme"]:
            return self._url(match["scheme"], match["authority"], match["rest"])
        if match["date"]:
            return self._time(match)
        if match["phone"]:
            return self.phone(match[0])
        return "".join(map(_of_size, match["other"]))

    def _word(self, word: str) -> str:
        letters = self._take_letters(len(word))
        if word.islower():
            return letters
        return "".join(new.upper() if old.isupper() else new for new, old in zip(letters, word, strict=True))

    def _url(self, scheme: str, authority: str, rest: str) -> str:
        """Keep the scheme if it is of the Web, and lead to a host below .test, which no resolver knows (RFC 6761)."""
        kept = scheme if scheme.lower() in ("http://", "https://") else self._opaque(scheme)
        size = len(authority) - len(".test")
        if size > 0:  # a label of a name has up to 63 letters
            letters = self._take_letters(size)
            host = re.sub(r"(.{60})(?=..)", lambda match: match[1][:-1] + ".", letters) + ".test"
        else:
            host = self._take_letters(len(authority))
        parts, at = [], 0
        for match in UUID.finditer(rest):
            parts += [self._opaque(rest[at : match.start()]), self._known_uuid(match[0])]
            at = match.end()
        return kept + host + "".join(parts) + self._opaque(rest[at:])

    def _known_uuid(self, text: str) -> str:
        if self._keeps_ids:
            return self._ids.get(text.lower()) or self._opaque(text)
        return self.name(text)

    def _opaque(self, text: str) -> str:
        """Replace letters and digits one by one."""
        return _LETTERS_AND_DIGITS.sub(self._single, text)

    def _single(self, match: re.Match[str]) -> str:
        char = match[0]
        if not char.isascii():
            return _of_size(char)
        if char.isdigit():
            return self._take_digits(1)
        letter = self._take_letters(1)
        return letter.upper() if char.isupper() else letter

    def _time(self, match: re.Match[str]) -> str:
        """Move an instant so that the first one is the morning of 1 January 2025. Distances in whole seconds stay."""
        zone, clock = match["zone"] or "", match["time"] or ""
        iso_zone = "+00:00" if zone in ("", "Z", "z") else zone
        try:
            instant = datetime.fromisoformat(f"{match['date']}T{clock or '00:00'}{iso_zone}").astimezone(UTC)
            if self._shift is None:
                self._shift = _ORIGIN - instant
            moved = instant + self._shift
        except (ValueError, OverflowError):
            return self._opaque(match[0])
        text = f"{moved:%Y-%m-%d}".zfill(10)
        if clock:
            text += (match["sep"] or "") + f"{moved:%H:%M:%S}"[: len(clock)]
        if fraction := match["fraction"]:
            text += "." + "0" * (len(fraction) - 1)
        return text + (re.sub(r"\d", "0", zone.replace("-", "+")) if zone else "")

    def _take_letters(self, size: int) -> str:
        return self._take(self._syllables, "_letter_at", size)

    def _take_digits(self, size: int) -> str:
        return self._take(self._digits, "_digit_at", size)

    def _nonzero(self) -> str:
        return self._take_digits(1).replace("0", "1")

    def _take(self, pool: str, cursor: str, size: int) -> str:
        """Take the next characters of a pool, which begins again at its end."""
        start = getattr(self, cursor)
        end = start + size
        setattr(self, cursor, end % len(pool))
        if end <= len(pool):
            return pool[start:end]
        repeats = size // len(pool) + 2
        return (pool * repeats)[start:end]


def _of_size(char: str) -> str:
    if char.isascii():
        return char
    if "\ud800" <= char <= "\udfff":
        return _HALF_SURROGATE
    return _OF_SIZE[len(char.encode())]
