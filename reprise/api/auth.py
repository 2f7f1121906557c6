"""Who may (R19): what each operation asks of the caller's token."""

from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from reprise.accounts.errors import AccountNotFound
from reprise.http import audit
from reprise.http.problems import Problem
from reprise.http.tokens import REVOKED, SENT_TWICE, Caller, unauthorized
from reprise.services import services_of
from reprise.workflows.messages import ACCOUNT_ID

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


Authenticated = Annotated[Caller, Depends(authenticated)]

PathAccount = Annotated[str, Path(json_schema_extra={"pattern": ACCOUNT_ID, "examples": ["shop-42"]})]
"""An account's id in an address: one that no account can have is answered like one that none has (R19)."""


async def for_account(account_id: PathAccount, caller: Authenticated) -> Caller:
    """Let operators and users with Billing Access to this account through (R19)."""
    if caller.is_operator:
        return caller
    if account_id not in caller.accounts:
        raise operator_required() if caller.is_backend else AccountNotFound
    if "billing" not in caller.scopes:
        raise Problem(
            403,
            "billing_access_required",
            "You have no Billing Access to this account. Ask somebody who has it to grant it to you.",
        )
    return caller


async def for_access(account_id: PathAccount, caller: Authenticated) -> Caller:
    """Let the product's backend through as well: it asks whether an account may work (R16, R19)."""
    return caller if caller.is_backend else await for_account(account_id, caller)


async def operator(request: Request, caller: Authenticated) -> Caller:
    """Let operators through (R19); others are not even told whether an account exists."""
    return _among(request, caller, may=caller.is_operator)


async def backend(request: Request, caller: Authenticated) -> Caller:
    """Let operators and the product's backend through (R19)."""
    return _among(request, caller, may=caller.is_backend)


def _among(request: Request, caller: Caller, *, may: bool) -> Caller:
    if may:
        return caller
    account_id = request.path_params.get("account_id")
    if account_id is not None and account_id not in caller.accounts and not caller.is_backend:
        raise AccountNotFound
    raise operator_required()


def operator_required() -> Problem:
    """Return what is said to a caller who may not do what operators may."""
    return Problem(403, "operator_required", "Only the people who run the service may do this.")


BillingUser = Annotated[Caller, Depends(for_account)]
Reader = Annotated[Caller, Depends(for_access)]
Operator = Annotated[Caller, Depends(operator)]
Backend = Annotated[Caller, Depends(backend)]
