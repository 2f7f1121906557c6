"""Operations that revoke tokens."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from reprise.api.auth import Authorized
from reprise.api.problems import responses
from reprise.services import ServicesDep
from reprise.statemachine.terms import GivenInstant

_Id = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RevokeTokenBody(_Body):
    """One token."""

    jti: Annotated[_Id, Field(description="The token's id.", examples=["0b9e6c1e6f0c4c389d0a2f6d2a3c9b11"])]
    expires_at: Annotated[
        GivenInstant | None, Field(description="When it expires by itself: the revocation is forgotten then.")
    ] = None


class RevokeSubjectBody(_Body):
    """All tokens of somebody."""

    subject: Annotated[_Id, Field(description="Their `sub`.", examples=["user-7"])]
    not_before: Annotated[
        GivenInstant | None, Field(description="Tokens issued before are revoked; by default all until now.")
    ] = None


router = APIRouter(prefix="/v1", tags=["operators"])

_REVOKED = responses(401, 403, 422, 429, 503)


@router.post("/tokens/revoke", status_code=204, responses=_REVOKED)
async def revoke_token(body: RevokeTokenBody, services: ServicesDep, _: Authorized) -> None:
    """Revoke a token by its `jti`: no API process takes it any more, within five seconds."""
    await services.revocations.revoke_token(body.jti, body.expires_at)


@router.post("/subjects/revoke", status_code=204, responses=_REVOKED)
async def revoke_subject(body: RevokeSubjectBody, services: ServicesDep, _: Authorized) -> None:
    """Revoke all tokens of a `sub` that were issued until now, within five seconds; later ones are taken."""
    await services.revocations.revoke_subject(body.subject, body.not_before)
