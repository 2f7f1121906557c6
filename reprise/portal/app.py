"""The pages as one application, mounted beside the API."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from reprise.http import audit
from reprise.http.problems import Problem
from reprise.portal import actions, pages, rendering
from reprise.portal.dependencies import COOKIE, SignedInDep, check_form, set_cookie
from reprise.services import ServicesDep
from reprise.sessions.portal_sessions import link_is_spent

STATIC = Path(__file__).parent / "static"


class _Static(StaticFiles):
    """Files that browsers keep, and ask about: they change with a release, and their names do not."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def create_portal() -> FastAPI:
    """Return the application; `web.py` puts the services into its `state` when it starts."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    rendering.install(app)
    app.include_router(pages.router)
    app.include_router(actions.router)
    app.mount("/static", _Static(directory=STATIC))
    app.get("/sign-in/{link}")(sign_in)
    app.get("/")(home)
    app.post("/sign-out")(sign_out)
    return app


def is_prefetch(request: Request) -> bool:
    """Say whether a browser asks ahead, before anybody has followed the link.

    `Sec-Purpose` (fetch.spec.whatwg.org, 4.7; "prefetch", also when it prerenders), and what older browsers send.
    """
    said = (request.headers.get(name, "") for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"))
    return any(re.search("prefetch|prerender|preview", each.lower()) for each in said)


def asked_ahead() -> Problem:
    """Return what is said to a browser that asks ahead: not a success, so that it asks again when it is meant."""
    return Problem(425, "asked_ahead", "This link signs in when it is followed, and not before. It is not used yet.")


async def sign_in(link: str, request: Request, services: ServicesDep) -> Response:
    """Turn a one-time link into a session."""
    if is_prefetch(request):
        raise asked_ahead()
    audit.note(request, "unknown")
    await services.limits.sign_in(request)
    opened = services.seal.link_opened(link)
    if opened is None:
        raise link_is_spent()
    audit.note(request, "portal", subject=opened.user.id, account=opened.account_id)
    session = await services.sessions.begin(opened)
    answer = RedirectResponse(f"/portal/accounts/{session.account_id}", 303, headers=rendering.HEADERS)
    set_cookie(request, answer, session)
    return answer


async def home(session: SignedInDep) -> Response:
    """Lead to the account that the session is for."""
    return RedirectResponse(f"/portal/accounts/{session.account_id}", 303)


async def sign_out(request: Request, session: SignedInDep, services: ServicesDep) -> HTMLResponse:
    """End the session, at once and in every browser that may hold a copy of its cookie."""
    await check_form(request, services.seal, session)
    await services.sessions.end(session.session)
    request.state.session = None
    where = f" of {urlsplit(session.return_url).hostname}" if session.return_url else ""
    detail = (
        f"You can close this page. To come back, open Profile & Billing from the settings{where or ' of your shop'}."
    )
    answer = rendering.message_page(request, 200, detail, "You are signed out")
    answer.delete_cookie(COOKIE, path="/portal", httponly=True, samesite="lax")
    return answer
