"""What is sent: JSON of every shape, text of every kind, headers with anything in them."""

import base64
import json
from typing import Any

from hypothesis import strategies as st

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from(["", "0", "\x00", "\ud800", "\u202e", "<script>", "${7*7}", "%s%n", "'--", "../../etc/passwd"])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)

text_bytes = st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
raw = st.binary(max_size=200)

header_values = st.binary(max_size=60).map(
    lambda value: bytes(each for each in value if each >= 32 and each != 127).strip()
) | st.sampled_from([b"", b" ".strip(), b"*", b"a" * 4000, b"\xff\xfe", b"0", b"-1", b"1, 2", b'"', b"=?utf-8?q?=00?="])
"""What h11 lets a client send; anything else never leaves it."""

media_types = st.sampled_from(
    ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""]
) | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


def as_json(value: Any) -> bytes:
    """Return a value as JSON, with whatever Python takes for it: NaN, lone surrogates."""
    return json.dumps(value).encode()


bodies = (
    values.map(as_json)
    | raw
    | st.sampled_from([b"", b"{", b"[" * 5000, b'{"a": 1, "a": 2}', b"\xef\xbb\xbf{}", b"nul"])
)


def b64(data: bytes) -> bytes:
    """Return base64url as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")
