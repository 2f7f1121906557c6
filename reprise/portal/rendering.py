"""Rendering: templates with what all pages share, and errors as pages."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from reprise.branding import Branding
from reprise.errors import RepriseError
from reprise.http.problems import Problem, bounded, problem_of
from reprise.portal.content import Content
from reprise.portal.dependencies import Visitor
from reprise.portal.localized import LocalFormat, locale_of
from reprise.portal.problems import PageProblem, title_of, told_of
from reprise.services import services_of
from reprise.sessions.hand_over import HandOver

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_HEADERS: Final = {
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
"""The address of a page, which names an account, is told to nobody."""

TEMPLATES = Environment(
    loader=PackageLoader("reprise.portal"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def headers(branding: Branding | None = None) -> dict[str, str]:
    """Return the headers of a page: no inline script or style, no foreign frame, no picture but the product's logo."""
    pictures = "'self'"
    if branding is not None and branding.logo_url is not None:
        parts = urlsplit(str(branding.logo_url))
        pictures += f" {parts.scheme}://{parts.netloc}"
    return {"Content-Security-Policy": _POLICY.format(pictures=pictures), **_HEADERS}


@dataclass(frozen=True)
class Frame:
    """What stands around a page: whose it is, in which words, where its links lead."""

    here: str
    local: LocalFormat
    branding: Branding = field(default_factory=Branding)
    session: HandOver | None = None
    forms_token: str | None = None
    base: str | None = None
    watched: str | None = None
    """An address that says whether anything has changed since; None where nothing is awaited."""

    @classmethod
    def of(cls, request: Request, who: Visitor, watched: str | None = None) -> "Frame":
        """Return the frame of an account's page for its visitor."""
        return cls(
            here=request.url.path,
            local=who.local,
            branding=who.branding,
            session=who.session,
            forms_token=who.forms_token,
            base=f"/portal/accounts/{who.account_id}",
            watched=watched,
        )

    def render(self, content: Content) -> HTMLResponse:
        """Return a page."""
        html = TEMPLATES.get_template(content.template).render(
            _=self.local.markup,
            brand=self.branding,
            here=self.here,
            base=self.base,
            session=self.session,
            account_id=self.session.account_id if self.session else None,
            forms_token=self.forms_token,
            watched=self.watched,
            **{"local": self.local, **content.values},
        )
        return HTMLResponse(html, content.status, headers(self.branding))


def frame_of(request: Request) -> Frame:
    """Return the frame of a page that is no account's: with the session that the request has, if it has one."""
    services, session = services_of(request), getattr(request.state, "session", None)
    branding = services.settings.branding
    return Frame(
        here=request.url.path,
        local=LocalFormat(locale_of(request.headers.get("accept-language", ""))),
        branding=session.branding.over(branding) if session else branding,
        session=session,
        forms_token=services.seal.forms_token(session.session) if session else None,
        base=f"/portal/accounts/{session.account_id}" if session else None,
    )


def message_page(
    request: Request, status: int, detail: str, title: str | None = None, *, code: str | None = None
) -> HTMLResponse:
    """Return a page that says one thing, and what to do: an error, or good-bye.

    Args:
        request: What was asked.
        status: The status of the answer.
        detail: What to say, in the reader's language.
        title: Its heading, likewise; by default that of the status.
        code: The problem's code.
    """
    frame = frame_of(request)
    known: HandOver | None = frame.session or getattr(request.state, "ended_session", None)
    product = services_of(request).settings.product_url
    back = (known.return_url if known else None) or (str(product) if product else None)
    values: dict[str, Any] = {
        "title": title or title_of(status, code, frame.local),
        "detail": bounded(detail),
        "no_access": code == "billing_access_required",
        "again": frame.here if _may_be_asked_again(request, status) else None,
        "back": back,
    }
    return frame.render(Content("message.html", values, status))


def _may_be_asked_again(request: Request, status: int) -> bool:
    """Say whether the same page may help later: an account's, and never a link that signs in."""
    return status in {429, 503} and request.method == "GET" and "account_id" in request.path_params


def install(app: FastAPI) -> None:
    """Answer every error of the pages with a page."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> HTMLResponse:
        request.state.problem_code = problem.code
        said = problem.detail
        if not isinstance(problem, PageProblem):
            said = told_of(problem.code, problem.detail, frame_of(request).local)
        answer = message_page(request, problem.status, said, code=problem.code)
        answer.headers.update(problem.headers)
        return answer

    @app.exception_handler(RepriseError)
    async def _error(request: Request, error: RepriseError) -> HTMLResponse:
        return await _problem(request, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, _: RequestValidationError) -> HTMLResponse:
        request.state.problem_code = "invalid_request"
        said = told_of("invalid_request", "", frame_of(request).local)
        return message_page(request, 422, said)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> HTMLResponse:
        said = frame_of(request).local.text("There is no such page here. Perhaps the address was cut short.")
        return message_page(request, error.status_code, said)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, _: Exception) -> HTMLResponse:
        said = frame_of(request).local.text("Something went wrong here, and has been logged. Try again.")
        return message_page(request, 500, said)
