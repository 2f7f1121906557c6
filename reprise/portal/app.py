"""The pages as one application, mounted beside the API."""

import re
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from reprise.branding import on_dark
from reprise.http import audit
from reprise.http.problems import Problem
from reprise.portal import actions, pages, rendering
from reprise.portal.dependencies import COOKIE, SignedInDep, check_form, set_cookie
from reprise.portal.gallery import routes as gallery
from reprise.services import ServicesDep
from reprise.sessions.portal_sessions import link_is_spent

STATIC = FilePath(__file__).parent / "static"


class _Static(StaticFiles):
    """Files that browsers keep, and ask about: they change with a release, and their names do not."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        answer = super().file_response(*args, **kwargs)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


def create_portal(*, with_gallery: bool = False) -> FastAPI:
    """Return the application; `web.py` puts the services into its `state` when it starts.

    Args:
        with_gallery: Whether to serve `/portal/_gallery`, for who works on the pages.
    """
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    rendering.install(app)
    app.include_router(pages.router)
    app.include_router(actions.router)
    app.mount("/static", _Static(directory=STATIC))
    app.get("/sign-in/{link}")(sign_in)
    app.get("/accent/{color}.css")(accent)
    app.get("/")(home)
    app.post("/sign-out")(sign_out)
    if with_gallery:
        app.include_router(gallery.router)
    return app


async def accent(color: Annotated[str, Path(pattern="^[0-9a-f]{6}$")]) -> Response:
    """Return the product's colour as a style sheet: the pages' policy takes no inline styles."""
    style = f":root {{ --accent: #{color}; --accent-hover: #{color}; }}\n" + (
        f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {on_dark('#' + color)};"
        f" --accent-hover: {on_dark('#' + color)}; }} }}\n"
    )
    return Response(style, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


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
    answer = RedirectResponse(f"/portal/accounts/{session.account_id}", 303, headers=rendering.headers())
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
    local = rendering.frame_of(request).local
    where = urlsplit(session.return_url).hostname if session.return_url else None
    detail = (
        local.text(
            "You can close this page. To come back, open Profile & Billing from the settings of %(shop)s.", shop=where
        )
        if where
        else local.text("You can close this page. To come back, open Profile & Billing from the settings of your shop.")
    )
    request.state.ended_session = session
    answer = rendering.message_page(request, 200, detail, local.text("You are signed out"))
    answer.delete_cookie(COOKIE, path="/portal", httponly=True, samesite="lax")
    return answer
