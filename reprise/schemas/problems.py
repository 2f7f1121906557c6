"""Errors as problem details (RFC 9457): a stable code, a sentence, and the fields at fault."""

from pydantic import BaseModel, ConfigDict, Field

from reprise.schemas.accounts import AccountView
from reprise.schemas.problem_codes import CODES
from reprise.statemachine.quotes import Quote

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One input at fault."""

    field: str = Field(examples=["plan.unit_amount"])
    message: str


class ProblemBody(BaseModel):
    """What every error answer holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Already in service",
                    "status": 409,
                    "detail": "This account is in service: there is nothing to bring back.",
                    "code": "already_in_service",
                }
            ]
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = Field(
        description="Stable; programs decide by it. A later release may bring others.",
        examples=["already_in_service"],
        json_schema_extra={"enum": list(CODES)},
    )
    errors: list[FieldError] | None = None
    quote: Quote | None = Field(default=None, description="With `quote_changed`: what it costs now.")
    decline_code: str | None = Field(default=None, description="With `payment_declined`: why, in Stripe's words.")
    scope: str | None = Field(default=None, description="With `insufficient_scope`: the one that the token lacks.")
    account: AccountView | None = Field(default=None, description="The account as it stands, where that helps.")
