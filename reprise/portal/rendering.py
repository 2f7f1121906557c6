"""Rendering: templates with what all pages share, and errors as pages."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from reprise.errors import RepriseError
from reprise.http.problems import Problem, bounded, problem_of
from reprise.portal.dependencies import Visitor
from reprise.services import services_of
from reprise.sessions.hand_over import HandOver

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""No inline script, no foreign frame; the address of a page, which names an account, is told to nobody."""

TEMPLATES = Environment(
    loader=PackageLoader("reprise.portal"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_TITLES = {
    401: "Please sign in again",
    403: "Not allowed",
    404: "Not found",
    410: "This link has been used",
    413: "Too large",
    422: "That did not work",
    425: "Not used yet",
    429: "Too many requests",
    503: "Not available right now",
}

_SAID = {
    "account_closed": "This account is closed for good.",
    "account_stopped": (
        "Your account can be seen, but not changed right now. Nothing was changed, and nothing is charged meanwhile."
        " Please contact support."
    ),
    "account_not_found": "You are not signed in to this account. Open Profile & Billing from your shop again.",
    "customer_gone": (
        "Your billing information has to be set up anew, which your next payment does. Please contact support to"
        " add a card before."
    ),
    "disabled_by_operator": "We took this account out of service. Please contact support.",
    "engine_unavailable": (
        "Your account cannot be reached right now. Nothing is lost. If you pressed a button, go back and press it"
        " again: what it does is done once."
    ),
    "payment_in_progress": (
        "A payment is under way, and nothing was changed. Wait until it is done, then try again. A bank transfer takes"
        " a few days."
    ),
}
"""What the API tells programs, said to people."""


def page(request: Request, who: Visitor, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page of an account for its visitor."""
    html = TEMPLATES.get_template(template).render(
        account_id=who.account_id,
        base=f"/portal/accounts/{who.account_id}",
        here=request.url.path,
        session=who.session,
        forms_token=who.forms_token,
        local=who.local,
        **values,
    )
    return HTMLResponse(html, status, HEADERS)


def message_page(
    request: Request, status: int, detail: str, title: str | None = None, *, code: str | None = None
) -> HTMLResponse:
    """Return a page that says one thing: an error, or good-bye."""
    session: HandOver | None = getattr(request.state, "session", None)
    no_access = code == "billing_access_required"
    html = TEMPLATES.get_template("message.html").render(
        title=title or ("No Billing Access" if no_access else _TITLES.get(status, "Something went wrong")),
        detail=bounded(detail),
        session=session,
        account_id=session.account_id if session else None,
        forms_token=services_of(request).seal.forms_token(session.session) if session else None,
        base=f"/portal/accounts/{session.account_id}" if session else None,
        here=request.url.path,
        no_access=no_access,
    )
    return HTMLResponse(html, status, HEADERS)


def install(app: FastAPI) -> None:
    """Answer every error of the pages with a page."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> HTMLResponse:
        request.state.problem_code = problem.code
        answer = message_page(request, problem.status, _SAID.get(problem.code, problem.detail), code=problem.code)
        answer.headers.update(problem.headers)
        return answer

    @app.exception_handler(RepriseError)
    async def _error(request: Request, error: RepriseError) -> HTMLResponse:
        return await _problem(request, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, _: RequestValidationError) -> HTMLResponse:
        request.state.problem_code = "invalid_request"
        return message_page(request, 422, "Something in the form was missing or wrong. Nothing was changed.")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> HTMLResponse:
        return message_page(request, error.status_code, "There is no such page here.")

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, _: Exception) -> HTMLResponse:
        return message_page(request, 500, "Something went wrong here, and has been logged. Try again.")
