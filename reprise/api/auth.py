"""Who may (R19): what each operation asks of the caller's token."""

from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reprise.accounts.errors import AccountNotFound
from reprise.api.permissions import PERMISSIONS
from reprise.http import audit
from reprise.http.problems import Problem
from reprise.http.scopes import Scope
from reprise.http.tokens import REVOKED, SENT_TWICE, Caller, unauthorized
from reprise.services import services_of
from reprise.statemachine.account import ACCOUNT_ID

_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="`sub`, `scope`, `accounts`.")


async def authenticated(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller:
    """Return who is asking.

    Raises:
        Problem: 401: there is no valid token; 429: there were too many requests.
        Unavailable: That a token is not revoked cannot be known.
    """
    if credentials is None:
        raise unauthorized()
    audit.note(request, "unknown")
    services = services_of(request)
    try:
        if len(request.headers.getlist("authorization")) > 1:  # who could say which counts
            raise unauthorized(SENT_TWICE)
        caller = await services.verifier.caller(credentials.credentials)
    except Problem as problem:
        if problem.status == 401:
            await services.limits.wrong_token(request)
        raise
    audit.note(request, caller.kind, subject=caller.subject, token=caller.token_id)
    await services.limits.request(caller.subject, billing=not caller.is_backend)
    if await services.revocations.holds(caller.subject, caller.token_id, caller.issued_at):
        raise unauthorized(REVOKED)
    return caller


PathAccount = Annotated[str, Path(json_schema_extra={"pattern": ACCOUNT_ID, "examples": ["shop-42"]})]
"""An account's id in an address: one that no account can have is answered like one that none has (R19)."""


async def authorized(request: Request, caller: Annotated[Caller, Depends(authenticated)]) -> Caller:
    """Let through who may do the operation that is asked for (R19), as what they may.

    Raises:
        Problem: 403: their token lacks a scope, or Billing Access to their account.
        AccountNotFound: The account is not theirs; they are not told whether it exists.
    """
    permission = PERMISSIONS[request.scope["route"].name]
    if caller.may(permission.operator) or (permission.backend and Scope.BACKEND in caller.scopes):
        return caller
    account_id = request.path_params.get("account_id")
    owns = account_id is not None and account_id in caller.accounts
    if permission.owner and owns and Scope.BILLING_USER in caller.scopes:
        return caller.as_owner()
    if caller.is_operator:
        raise scope_required(permission.operator)
    if account_id is not None and not owns and not caller.is_backend:
        raise AccountNotFound
    if permission.owner and owns:
        raise Problem(
            403,
            "billing_access_required",
            "You have no Billing Access to this account. Ask somebody who has it to grant it to you.",
        )
    raise operator_required()


def operator_required() -> Problem:
    """Return what is said to a caller who may not do what operators may."""
    return Problem(403, "operator_required", "Only the people who run the service may do this.")


def scope_required(scope: Scope) -> Problem:
    """Return what is said to an operator whose token is for other things (RFC 6750, 3.1)."""
    detail = f"Your token has no scope for this: {scope} is needed. Ask for a token that has it."
    challenge = f'Bearer realm="reprise", error="insufficient_scope", scope="{scope}"'
    return Problem(403, "insufficient_scope", detail, headers={"WWW-Authenticate": challenge}, scope=scope)


Authorized = Annotated[Caller, Depends(authorized)]
