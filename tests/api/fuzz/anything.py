"""What is sent: JSON of every shape, text of every kind, headers with anything in them; drawn from a seeded source."""

import base64
import json
from collections.abc import Sequence
from random import Random
from typing import Any

ODD = [
    *"0 <script> ${7*7} %s%n '-- ../../etc/passwd NaN null true -1 1e999 2027-01-31T10:00:00Z ² ٣ ß é".split(),
    *("", " ", "\x00", "\ud800", "\u202e", "\x1b[2J", "\r\n", "e\u0301", "\U0001f600", "a" * 300),
]

NUMBERS = [0, 1, -1, 2, 255, 10_000, 2**31, 2**53, 2**63, 2**70, -(2**63), 0.5, 1e308, -0.0, float("nan"), float("inf")]


def text(rng: Random, most: int = 40) -> str:
    """Return a text: odd in itself, or any characters."""
    if rng.random() < 0.4:
        return rng.choice(ODD)
    span = rng.choice([0x7F, 0x7F, 0xFF, 0xFFFF, 0x10FFFF])
    return "".join(chr(rng.randrange(span + 1)) for _ in range(rng.randrange(most)))


def raw(rng: Random, most: int = 120) -> bytes:
    """Return any bytes: a text's, or others."""
    return encoded(text(rng, most)) if rng.random() < 0.5 else rng.randbytes(rng.randrange(most))


def encoded(value: str) -> bytes:
    """Return a text as bytes, lone surrogates too."""
    return value.encode("utf-8", "surrogatepass")


def value(rng: Random, depth: int = 0) -> Any:
    """Return a value of JSON, of any type."""
    kind = rng.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        return {text(rng, 12): value(rng, depth + 1) for _ in range(rng.randrange(4))}
    scalars: list[Any] = [None, rng.random() < 0.5, rng.choice(NUMBERS), rng.randrange(-(10**6), 10**6), text(rng)]
    return scalars[min(kind, 4)]


def some(rng: Random, names: Sequence[str], likely: Sequence[Any], most: int = 6) -> dict[str, Any]:
    """Return an object with some of these fields, of a likely value or any other."""
    chosen = rng.sample(names, min(rng.randrange(most + 1), len(names)))
    return {name: rng.choice(likely) if likely and rng.random() < 0.5 else value(rng) for name in chosen}


def header(rng: Random) -> bytes:
    """Return what a client can put into a header: h11 lets nothing else out."""
    odd = [b"", b"*", b"a" * 4000, b"\xff\xfe", b"0", b"-1", b"1, 2", b'"', b"=?utf-8?q?=00?=", b"application/json"]
    chosen = rng.choice(odd) if rng.random() < 0.4 else raw(rng, 60)
    return bytes(each for each in chosen if each >= 32 and each != 127).strip()


def media_type(rng: Random) -> bytes:
    """Return what a body is said to be."""
    usual = [
        b"application/json",
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
    ]
    return rng.choice(usual) if rng.random() < 0.8 else header(rng)


def body(rng: Random) -> bytes:
    """Return a body: JSON, or none."""
    odd = [b"", b"{", b"[" * 5000, b'{"a": 1, "a": 2}', b"\xef\xbb\xbf{}", b"nul", b"{}", b"[]", b"null"]
    return rng.choice([as_json(value(rng)), raw(rng), rng.choice(odd)])


def as_json(document: Any) -> bytes:
    """Return a value as JSON, with whatever Python takes for it: NaN, lone surrogates."""
    return json.dumps(document).encode()


def b64(data: bytes) -> bytes:
    """Return base64url as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
