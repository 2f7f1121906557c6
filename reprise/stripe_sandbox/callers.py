"""Who may call the sandbox: programs on this machine, and its own pages in a browser on this machine; no other page.

It holds other people's test data, and takes any test key, so what guards it is where a request comes from. A page
elsewhere that a developer has open reaches this machine in three ways, and each ends here: by a name of its own that it
points at 127.0.0.1 (DNS rebinding: the `Host` is not one of ours), by a request or a form across origins (`Origin` and
`Sec-Fetch-Site`, fetch.spec.whatwg.org), by a frame around one of our pages (`frame-ancestors`). Programs send none of
these headers, and need nothing more.
"""

import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""The names by which this machine calls itself."""

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer says of itself, unless it says something else: it is for the one who asked, and no part of a page
of others."""

FORMS: Final = re.compile(r"/_sandbox/(?:invoices|authenticate|portal)/[^/]+")
"""Where the pages' own forms are sent."""

_CONTROLS: Final = "/_sandbox/"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::\d{1,5})?")


class OwnCallersOnly:
    """Lets requests through that come from this machine's programs or from the sandbox's own pages."""

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = LOOPBACK | {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before anything reads it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if refused := self._why_not(scope["method"], scope["path"], Headers(scope=scope)):
            status, message = refused
            body = {"error": {"type": "invalid_request_error", "message": message}}
            await JSONResponse(body, status)(scope, receive, answer)
            return
        await self._app(scope, receive, answer)

    def _why_not(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        """Return the status and the sentence by which a request is refused; None if it is not."""
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        named = _HOST.fullmatch(host)
        if named is None or named[1] not in self._names:
            return 421, (
                "The Stripe sandbox answers to the names of this machine alone: use 127.0.0.1 or localhost, or start it"
                " with --allow-host for another one."
            )
        if not _is_of_this_origin(method, host, headers):
            return 403, "A page of another origin asks for this: only programs and the sandbox's own pages may."
        if method in _READING or not path.startswith(_CONTROLS):
            return None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if FORMS.fullmatch(path):
            if kind not in {"application/x-www-form-urlencoded", ""}:
                return 415, "This takes what its own form sends: application/x-www-form-urlencoded."
        elif kind != "application/json" and not (method == "DELETE" and not kind):
            return 415, "This changes the sandbox, and takes JSON alone: send Content-Type: application/json."
        return None


def _is_of_this_origin(method: str, host: str, headers: Headers) -> bool:
    """Say whether a request is a program's, or one of a page of this origin, or a link that somebody has followed."""
    for origin in headers.getlist("origin"):
        if origin.lower() not in {f"http://{host}", f"https://{host}"}:
            return False
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return True
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return followed and method in _READING
