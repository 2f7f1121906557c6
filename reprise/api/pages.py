"""Pages of lists that Temporal's visibility store gives: its page tokens, as cursors."""

import base64
import binascii
import zlib
from typing import Annotated

from fastapi import Query

from reprise.errors import InvalidInput

Cursor = Annotated[str | None, Query(min_length=1, max_length=1000, description="`next_cursor` of the page before.")]


def cursor_of(token: bytes) -> str:
    """Return a page token of Temporal's with its checksum: Temporal is asked, and asked again, about any other."""
    return base64.urlsafe_b64encode(zlib.crc32(token).to_bytes(4) + token).decode()


def token_of(cursor: str | None) -> bytes | None:
    """Return the page token of a cursor; None for the first page.

    Raises:
        InvalidInput: It is not one that a list has given.
    """
    if cursor is None:
        return None
    try:
        given = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("cursor", "is not one that this list has given") from error
    if cursor_of(given[4:]) != cursor or not given[4:]:
        raise InvalidInput("cursor", "is not one that this list has given")
    return given[4:]
