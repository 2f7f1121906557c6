"""Errors of the API: every one is answered with a problem, and stands in the OpenAPI document."""

import re
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from reprise.api import examples, openapi
from reprise.api.sound_requests import position
from reprise.errors import RepriseError
from reprise.http.problems import Problem, invalid, problem_of, response
from reprise.schemas.problems import MEDIA_TYPE, FieldError, ProblemBody

MAX_NAMED_FIELDS: Final = 20
"""Inputs at fault that one answer names."""


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of error answers."""
    words = {
        400: "The request can be read in more than one way, or its signature is wrong.",
        401: "No valid token.",
        402: "Declined, or no payment method: nothing was charged.",
        403: "The token lacks Billing Access or the operator's scope.",
        404: "No such account, or not the caller's.",
        408: "The body was not sent in time.",
        409: "The account's state forbids it.",
        413: "The body is too large.",
        415: "The body is not said to be JSON.",
        422: "An input is wrong; `errors` names it. Nothing was recorded.",
        429: "Too many requests: of this caller, on this account or from this address. Nothing was changed.",
        501: "The Profile & Billing pages are not configured: REPRISE_PORTAL_SECRET is missing.",
        503: "Temporal, a worker or Stripe is out of reach; try again with the same idempotency key.",
    }
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    return {
        status: {
            "description": words[status],
            "content": {MEDIA_TYPE: {"schema": schema, "examples": examples.problems(status)}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, problem: Problem) -> JSONResponse:
        request.state.problem_code = problem.code  # for the line in the log: all that a refused command leaves (R17)
        return response(problem)

    @app.exception_handler(RepriseError)
    async def _error(request: Request, error: RepriseError) -> JSONResponse:
        return await _problem(request, problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        request.state.problem_code = "invalid_request"
        errors = [_field_error(each, error.body) for each in error.errors()[:MAX_NAMED_FIELDS]]
        named = ", ".join(sorted({each.field for each in errors}))
        return response(Problem(422, "invalid_request", f"Wrong input: {named}. Nothing was recorded.", errors=errors))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 400:  # a body that is no text at all
            return response(invalid("body", "is not JSON"))
        codes = {404: "not_found", 405: "method_not_allowed"}
        detail = f"{error.detail}. See /openapi.json for what there is."
        code = codes.get(error.status_code, "http_error")
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_methods(app, request.url.path))
            detail = f"There is no {request.method[:20]} at this path. It takes {headers['Allow']}."
        return response(Problem(error.status_code, code, detail, headers=headers))

    @app.exception_handler(Exception)
    async def _unexpected(_: Request, __: Exception) -> JSONResponse:
        return response(Problem(500, "internal_error", "Something went wrong here, and has been logged."))


def _methods(app: FastAPI, path: str) -> list[str]:
    """Return every method that a path has; the router names those of one of its routes alone."""
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return sorted(method.upper() for method in operations)
    return ["GET"]  # what is not in the document: the document itself


def _field_error(error: dict[str, Any], body: Any) -> FieldError:
    if error["type"] == "json_invalid" and isinstance(body, str):
        where = position(body, int(error["loc"][1]))
        return FieldError(field="body", message=f"is not JSON: {error['ctx']['error']} at {where}")
    return FieldError(field=_field(error["loc"]), message=_message(error))


def _field(location: tuple[int | str, ...]) -> str:
    if location == ("body",) or (len(location) == 2 and location[0] == "body" and isinstance(location[1], int)):
        return "body"
    return ".".join(str(part)[:100] for part in location[1:]) or "body"


def _message(error: dict[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


ANY_REQUEST = (400, 408, 413)
"""What any request can be answered with, before it is looked at."""


def document(app: FastAPI) -> None:
    """Put the problem's schema into the OpenAPI document, and what any request can be answered with."""

    def add(schema: dict[str, Any]) -> None:
        openapi.add_model(schema, ProblemBody)
        for unused in ("HTTPValidationError", "ValidationError"):
            schema["components"]["schemas"].pop(unused, None)
        for operation in openapi.operations(schema):
            always = (*ANY_REQUEST, 415) if "requestBody" in operation else ANY_REQUEST
            operation["responses"].update({str(at): said for at, said in responses(*always).items()})

    openapi.extend(app, add)
