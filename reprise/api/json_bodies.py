"""JSON that every reader reads alike (RFC 7493): what the parser would pass over in silence is refused (R20)."""

import json
from typing import Any, NoReturn

from fastapi import Request

from reprise.errors import InvalidInput


async def sound_json(request: Request) -> None:
    """Refuse a body in another encoding than UTF-8, with a name twice in one object, or with NaN or Infinity in it.

    Of two values of one name, which one counts differs between readers: what a proxy has checked may not be what is
    done.

    Raises:
        Problem: 422.
    """
    body = await request.body()
    if not body or "json" not in request.headers.get("content-type", "").lower():
        return  # no operation reads any other
    try:
        json.loads(body.decode(), object_pairs_hook=_once_each, parse_constant=_no_number)
    except _Unsound as error:
        raise InvalidInput("body", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", "is not JSON in UTF-8") from error


class _Unsound(ValueError):  # noqa: N818 - the body is
    pass


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _Unsound("names a field twice")
    return made


def _no_number(constant: str) -> NoReturn:
    raise _Unsound(f"{constant} is no JSON")
