"""Operations on accounts whose workflow was ended from outside, and the record that they are restored from (R27)."""

import hashlib
import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from reprise.accounts.records import AccountRecord
from reprise.api.auth import Authorized, PathAccount
from reprise.api.dependencies import AccountsDep, IdempotencyKeyDep
from reprise.api.problems import responses
from reprise.http.idempotency import ids_of
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import RestoreAccount

router = APIRouter(prefix="/v1/accounts", tags=["operators"])

PATH: Final = re.compile(r"/v1/accounts/[^/]+/restore")
"""Where a record comes in, which is larger than any command."""


class RestoreBody(BaseModel):
    """From what an account is restored; nothing: from its last record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_run_start: Annotated[
        bool,
        Field(
            strict=True,
            description="From what its last run began with, if the history cannot be replayed (`record_unreadable`).",
        ),
    ] = False
    record: Annotated[
        AccountRecord | None,
        Field(description="As `GET …/record` and exports have it: of an account that Temporal does not have any more."),
    ] = None


@router.get("/{account_id}/record", name="get_record", responses=responses(401, 403, 404, 409, 422, 429, 503))
async def record(
    account_id: PathAccount,
    accounts: AccountsDep,
    _: Authorized,
    *,
    from_run_start: Annotated[bool, Query(description="As the account stood when its last run began.")] = False,
) -> AccountRecord:
    """Return all of an account, with personal data, also of one whose workflow has ended: what `restore` takes."""
    return await accounts.record(account_id, from_run_start=from_run_start)


@router.post(
    "/{account_id}/restore",
    responses={
        202: {"model": AccountView, "description": "Started; no worker has taken it up yet. The account as it stands."},
        **responses(401, 403, 404, 409, 422, 429, 503),
    },
)
async def restore(
    account_id: PathAccount,
    accounts: AccountsDep,
    caller: Authorized,
    key: IdempotencyKeyDep,
    response: Response,
    body: RestoreBody | None = None,
) -> AccountView:
    """Take an account up again whose workflow was ended from outside (R27).

    It goes on in the same state, term and counters, by its deadlines; a payment under way goes on by its key, so that
    nothing is charged twice. An account whose workflow runs is refused (`account_running`), so is a closed one.
    """
    asked = body or RestoreBody()
    digest = None if asked.record is None else hashlib.sha256(asked.record.model_dump_json().encode()).hexdigest()
    command = RestoreAccount(
        actor=caller.actor(), from_run_start=asked.from_run_start, record=digest, **ids_of(key, user=None)
    )
    result = await accounts.restore(account_id, command, asked.record)
    if not result.finished:
        response.status_code = 202
    return result.account
