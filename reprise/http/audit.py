"""The audit: one line in the log for each request that brought a token or a session, taken or refused.

It names nobody: a caller is a pseudonym, the same in every line, that whoever knows the id can compute.
"""

import hashlib
import re
from typing import Any, Literal

import structlog
from fastapi import Request
from starlette.types import Scope

from reprise.statemachine.account import ACCOUNT_ID

log = structlog.get_logger()

Kind = Literal["operator", "backend", "billing", "portal", "unknown"]

_PLAIN = re.compile(r"[A-Za-z0-9._~-]{1,64}")


def pseudonym(subject: str) -> str:
    """Return what stands for a caller in logs: the first 16 hexadecimal digits of the SHA-256 of their id."""
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def note(
    request: Request,
    kind: Kind,
    *,
    subject: str | None = None,
    token: str | None = None,
    account: str | None = None,
) -> None:
    """Note who a request comes from, for its line.

    Args:
        request: The request.
        kind: As what they ask; `unknown`: their token or session is not believed.
        subject: Their id.
        token: The `jti` of their token, by which it can be revoked.
        account: The account asked about; by default the one in the address.
    """
    about = _sound(account if account is not None else request.path_params.get("account_id"))
    _bind(about)
    request.scope.setdefault("state", {})["audit"] = {
        "kind": kind,
        "caller": None if subject is None else pseudonym(subject),
        "token": token if token is not None and _PLAIN.fullmatch(token) else None,
        "account": about,
    }


def note_account(request: Request, account: str) -> None:
    """Note which account a request is about, where its address does not say it."""
    _bind(account)
    noted = request.scope.get("state", {}).get("audit")
    if noted is not None:
        noted["account"] = account


def _sound(account: object) -> str | None:
    """Return an account's id, if it can be one: nothing else that was sent gets into a line."""
    return account if isinstance(account, str) and re.fullmatch(ACCOUNT_ID, account) else None


def _bind(account: str | None) -> None:
    if account is not None:
        structlog.contextvars.bind_contextvars(account=account)


def write(scope: Scope, **facts: Any) -> None:
    """Write the line of a request that was noted: who, which account, and the facts (what, outcome, request id)."""
    noted = scope.get("state", {}).get("audit")
    if noted is not None:
        log.info("audit", **noted, **facts)
