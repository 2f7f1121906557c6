"""Errors as problem details (RFC 9457): a stable code, a sentence, and the fields at fault."""

from typing import Any

from fastapi.responses import JSONResponse

from reprise.accounts.errors import AccountNotFound, CommandRefused
from reprise.errors import InvalidInput, RepriseError, Unavailable
from reprise.reconciliation.client import ReconciliationNotFound
from reprise.schemas.problems import MEDIA_TYPE, FieldError, ProblemBody
from reprise.statemachine.refusals import RefusalCode

MAX_DETAIL_LENGTH = 500
"""Characters of one sentence: what was sent is never said back at length."""

_STATUS = {
    RefusalCode.INVALID_REQUEST: 422,
    RefusalCode.PAYMENT_DECLINED: 402,
    RefusalCode.TOO_MANY_COMMANDS: 429,
}


class Problem(Exception):  # noqa: N818 - the standard's own word
    """An answer that is an error."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extensions: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.extensions = extensions


def invalid(field: str, message: str) -> Problem:
    """Return a refusal of one input (R20)."""
    return Problem(422, "invalid_request", f"{field}: {message}", errors=[FieldError(field=field, message=message)])


def problem_of(error: RepriseError) -> Problem:
    """Return an error of Reprise's as the answer over HTTP that it is."""
    match error:
        case InvalidInput():
            return invalid(error.field, error.message)
        case Unavailable():
            return Problem(503, error.code, error.message, headers={"Retry-After": str(error.retry_after)})
        case AccountNotFound() | ReconciliationNotFound():
            return Problem(404, error.code, error.message)
        case CommandRefused():
            return _refused(error)
        case _:
            return Problem(409, error.code, error.message)


def _refused(error: CommandRefused) -> Problem:
    refusal = error.refusal
    if refusal.code is RefusalCode.INVALID_REQUEST:
        return invalid(refusal.field or "body", refusal.message)
    return Problem(
        _STATUS.get(refusal.code, 409),
        refusal.code.value,
        refusal.message,
        headers={"Retry-After": "60"} if refusal.code is RefusalCode.TOO_MANY_COMMANDS else None,
        quote=refusal.quote,
        decline_code=refusal.decline_code,
        account=error.account,
    )


def body_of(problem: Problem) -> dict[str, Any]:
    """Return what a problem says, as JSON."""
    errors = problem.extensions.get("errors")
    body = ProblemBody(
        title=problem.code.replace("_", " ").capitalize(),
        status=problem.status,
        detail=bounded(problem.detail),
        code=problem.code,
        **{
            **problem.extensions,
            "errors": errors and [FieldError(field=bounded(e.field), message=bounded(e.message)) for e in errors],
        },
    )
    # What the problem does not have is left out; of an account or a quote in it, everything is said.
    return {name: value for name, value in body.model_dump(mode="json").items() if value is not None}


def response(problem: Problem) -> JSONResponse:
    """Render a problem."""
    return JSONResponse(body_of(problem), problem.status, problem.headers, media_type=MEDIA_TYPE)


def bounded(sentence: str) -> str:
    """Return a sentence, cut where it is longer than anybody reads."""
    return sentence if len(sentence) <= MAX_DETAIL_LENGTH else f"{sentence[: MAX_DETAIL_LENGTH - 1]}…"
