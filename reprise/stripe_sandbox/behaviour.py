"""How a payment method behaves when it is charged: as its test id says, or as one has told it since."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reprise.stripe_sandbox.banks import FAILURES, TEST_BANK_ACCOUNTS
from reprise.stripe_sandbox.cards import TEST_CARDS
from reprise.stripe_sandbox.declines import DECLINE_CODES
from reprise.stripe_sandbox.store import Object, Store


def _documented(code: str) -> str:
    if code not in DECLINE_CODES:
        raise ValueError(f"Stripe documents no decline code {code!r} (docs.stripe.com/declines/codes)")
    return code


class Behaviour(BaseModel):
    """What a card does from now on. Without fields: what its test id says.

    Stripe has no attachable test card for most declines, since real cards go bad only after they were attached.
    """

    model_config = ConfigDict(extra="forbid")

    decline_code: Annotated[
        Annotated[str, AfterValidator(_documented)] | None,
        Field(description="`authentication_required`: a soft decline; the payer can pay on the hosted page."),
    ] = None
    advice_code: Literal["confirm_card_data", "do_not_try_again", "try_again_later"] | None = None
    authentication: Annotated[
        Literal["never", "always"] | None, Field(description="`always`: the payer must authenticate each payment.")
    ] = None
    succeeds: Annotated[bool, Field(description="The card pays, whatever its test id says.")] = False
    failure: Annotated[
        Literal[FAILURES] | None,  # type: ignore[valid-type] # one list of codes
        Field(description="For bank accounts: with which code debits fail."),
    ] = None


class Conduct(BaseModel):
    """What one charge meets."""

    decline: str | None = None
    advice: str | None = None
    authenticate: bool = False
    failure: str | None = None
    settles: bool = True
    disputed: bool = False


def conduct(store: Store, method: Object) -> Conduct:
    """Return how a payment method behaves now: its own behaviour, else its customer's, else its test id's."""
    told = _told(method) or _told(store.get("customer", method["customer"] or "") or {})
    test_id = method["_sandbox"]["test_id"]
    if test_id in TEST_BANK_ACCOUNTS:
        account = TEST_BANK_ACCOUNTS[test_id]
        failure = account.failure if told is None else told.failure
        return Conduct(failure=failure, settles=account.settles or told is not None, disputed=account.disputed)
    card = TEST_CARDS[test_id]
    if told is None:
        return Conduct(decline=card.decline, authenticate=card.authentication == "always", disputed=card.disputed)
    if told.succeeds:
        return Conduct()
    return Conduct(
        decline=told.decline_code,
        advice=told.advice_code,
        authenticate=told.authentication == "always",
        disputed=card.disputed,
    )


def tell(store: Store, document: Object, behaviour: Behaviour) -> Object:
    """Keep how a payment method, or every one of a customer, present and future, behaves from now on."""
    given = behaviour.model_dump(exclude_defaults=True)
    own = {key: value for key, value in (document.get("_sandbox") or {}).items() if key != "behaviour"}
    return store.put({**document, "_sandbox": {**own, **({"behaviour": given} if given else {})}})


def _told(document: Object) -> Behaviour | None:
    given = (document.get("_sandbox") or {}).get("behaviour")
    return Behaviour.model_validate(given) if given else None
