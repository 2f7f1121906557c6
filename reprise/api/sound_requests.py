"""Requests that every reader reads alike: what parsers would pass over in silence is refused (R20).

JSON as RFC 7493 wants it, said to be JSON; and no query parameter that the operation does not have.
"""

import json
from email.message import Message
from typing import Any, NoReturn

from fastapi import Request

from reprise.errors import InvalidInput
from reprise.http.problems import Problem

NOT_UTF_8 = "is not JSON in UTF-8"


async def sound_request(request: Request) -> None:
    """Refuse a request that could mean something else than it says.

    A body that is not said to be JSON (a form of another site could send one: CSRF), or is in another encoding than
    UTF-8, or has a name twice in one object, or NaN or Infinity: of two values of one name, which one counts differs
    between readers, and what a proxy has checked may not be what is done. A query parameter that the operation does
    not have, or that is given twice.

    Raises:
        Problem: 415.
        InvalidInput: 422.
    """
    _check_query(request)
    body = await request.body()
    if not body or request.scope["route"].body_field is None:
        return  # nothing is read from it
    if not _says_json(request.headers.get("content-type", "")):
        raise unsupported_media_type(request.headers.get("content-type"))
    try:
        json.loads(body.decode(), object_pairs_hook=_once_each, parse_constant=_no_number)
    except _Unsound as error:
        raise InvalidInput("body", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput("body", NOT_UTF_8) from error


def position(document: str, offset: int) -> str:
    """Return where in a document an offset is, as editors count: `line 2, column 5`."""
    before = document[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - before.rfind(chr(10))}"


def unsupported_media_type(given: str | None) -> Problem:
    """Return what is said of a body that is not said to be JSON."""
    said = f"it says {given[:60]!r}" if given else "it says nothing"
    detail = f"Send the body as JSON, with the header Content-Type: application/json ({said}). Nothing was recorded."
    return Problem(415, "unsupported_media_type", detail, headers={"Accept": "application/json"})


def _says_json(content_type: str) -> bool:
    """Say whether FastAPI reads a body of this type as JSON (0.165, `get_request_handler`)."""
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


def _check_query(request: Request) -> None:
    given = request.query_params
    if not given:
        return
    path = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    declared = path.get(request.method.lower(), {}).get("parameters", ())
    known = [each["name"] for each in declared if each["in"] == "query"]
    for name in given:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise InvalidInput(name[:100], f"is no query parameter of this operation: {has}")
        if len(given.getlist(name)) > 1:
            raise InvalidInput(name, "is given more than once")


class _Unsound(ValueError):  # noqa: N818 - the body is
    pass


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Unsound(f"names a field twice: {twice[:60]!a}")
    return made


def _no_number(constant: str) -> NoReturn:
    raise _Unsound(f"{constant} is no JSON")
