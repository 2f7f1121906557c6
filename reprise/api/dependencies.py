"""What operations ask of a request besides who sends it: its services, its idempotency key, how it is answered."""

import re
from typing import Annotated, Any

import stripe
from fastapi import Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from reprise.accounts.client import Accounts
from reprise.accounts.sending import CommandResult
from reprise.errors import InvalidInput
from reprise.http.idempotency import ids_of
from reprise.http.tokens import Caller
from reprise.services import Services, ServicesDep
from reprise.statemachine.commands import AnyCommand
from reprise.stripe_api.billing_details import BillingDetailsReader

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def accounts_of(services: ServicesDep) -> Accounts:
    """Return the way to the accounts."""
    return services.accounts


async def stripe_of(services: ServicesDep) -> stripe.StripeClient:
    """Return the Stripe client of this process."""
    return services.stripe


async def billing_details_of(services: ServicesDep) -> BillingDetailsReader:
    """Return the reader of customers' payment methods."""
    return services.billing_details


AccountsDep = Annotated[Accounts, Depends(accounts_of)]
StripeDep = Annotated[stripe.StripeClient, Depends(stripe_of)]
BillingDetailsDep = Annotated[BillingDetailsReader, Depends(billing_details_of)]


async def idempotency_key(
    request: Request,
    idempotency_key: Annotated[
        Annotated[str, Field(min_length=1, max_length=255, json_schema_extra={"pattern": f"^{_KEY.pattern}$"})] | None,
        Header(
            description="Repeats of a request with the same key get the first answer (R14).",
            examples=["0b9e6c1e-6f0c-4c38-9d0a-2f6d2a3c9b11"],
        ),
    ] = None,
) -> str | None:
    """Return the request's idempotency key."""
    if idempotency_key is None:
        return None
    if len(request.headers.getlist("idempotency-key")) > 1 or not _KEY.fullmatch(idempotency_key):
        raise InvalidInput("Idempotency-Key", "must be 1 to 255 visible ASCII characters, and be given once")
    return idempotency_key


async def wants_no_answer(
    prefer: Annotated[
        str | None, Header(description="`respond-async`: do not wait for the answer.", max_length=100)
    ] = None,
) -> bool:
    """Say whether the caller prefers not to wait."""
    wanted = (each.partition(";")[0].strip().lower() for each in (prefer or "").split(","))
    return "respond-async" in wanted


IdempotencyKeyDep = Annotated[str | None, Depends(idempotency_key)]
NoAnswerDep = Annotated[bool, Depends(wants_no_answer)]


class Sending:
    """How one request's command goes out: under its idempotency key, waited for or not."""

    def __init__(self, services: Services, key: str | None, response: Response, *, no_answer: bool) -> None:
        self._services = services
        self.key = key
        self.response = response
        self._no_answer = no_answer

    async def __call__(
        self, account_id: str, caller: Caller, command: type[AnyCommand], **fields: Any
    ) -> CommandResult:
        """Send a command to an account, on behalf of a caller."""
        accounts = self._services.accounts
        user = None if caller.is_backend else caller.subject
        if user is not None:
            await self._services.limits.command(account_id)
        try:
            asked = command(actor=caller.actor(), **ids_of(self.key, user=user), **fields)
        except ValidationError as error:  # what only the whole shows: each field by itself was taken
            raise RequestValidationError(
                [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]
            ) from error
        if self._no_answer:
            await accounts.signal(account_id, asked)
            self.response.headers["Preference-Applied"] = "respond-async"
            result = CommandResult(await accounts.account(account_id), finished=False)
        else:
            result = await accounts.command(account_id, asked)
        if not result.finished:
            self.response.status_code = 202
        return result


async def sending(services: ServicesDep, key: IdempotencyKeyDep, no_answer: NoAnswerDep, response: Response) -> Sending:
    """Return how this request's command goes out."""
    return Sending(services, key, response, no_answer=no_answer)


SendDep = Annotated[Sending, Depends(sending)]
