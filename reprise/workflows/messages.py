"""The vocabulary of `AccountWorkflow`: what callers send it and what it answers.

Names, inputs and answers: callers know the workflow by these alone. Commands are in `statemachine/commands.py`.
"""

import json
from typing import Annotated, Final

from pydantic import Field

from reprise.schemas.accounts import AccountView
from reprise.statemachine import editions
from reprise.statemachine.account import Account
from reprise.statemachine.commands import AnyCommand, OpenAccount, RestoreAccount
from reprise.statemachine.effects import StripeEffect
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.quotes import Quote
from reprise.statemachine.refusals import RefusalCode, Refused
from reprise.statemachine.terms import Instant
from reprise.statemachine.timeline import TimelineEntry
from reprise.workflows.fingerprints import hashed

WORKFLOW = "AccountWorkflow"
PORTAL_SESSION = "PortalSession"
REVOCATION = "Revocation"
ENDPOINT_CHECK = "AnnouncementEndpointCheck"
TASK_QUEUE = "accounts"

OPENED_BY = "opened_by"
"""The name under which a run's memo keeps the command id of its opening."""

OPENING = "opening"
"""The name under which it keeps that opening's fingerprint, by which a repeat is known for good (R14)."""

OVER_HTTP: Final = {
    "set_carts": "carts",
    "set_email": "email",
    "set_payment_method": "payment-method",
    "extend_term": "extend",
    "change_plan": "plan",
}
"""Commands that have another name over HTTP: they are taken under both, as an update and as a signal."""

_PREFIX = "account-"


def workflow_id(account_id: str) -> str:
    """Return the id of an account's workflow."""
    return f"{_PREFIX}{account_id}"


def account_id_of(workflow: str) -> str:
    """Return the account that a workflow id belongs to."""
    return workflow.removeprefix(_PREFIX)


def portal_session_id(session: str) -> str:
    """Return the id of a portal session's workflow."""
    return f"portal-session-{session}"


def revocation_id(kind: str, *whose: str) -> str:
    """Return the id of a revocation's workflow: it tells neither whose nor which token it is."""
    return f"revoked-{kind}-{hashed(json.dumps(whose))}"


class Refusal(Frozen):
    """A refusal as a value: code, a sentence, and what belongs to the code."""

    code: RefusalCode
    message: str
    field: str | None = None
    quote: Quote | None = None
    decline_code: str | None = None

    @classmethod
    def of(cls, refused: Refused) -> "Refusal":
        """Return the core's refusal as a value."""
        return cls(code=refused.code, message=refused.message, field=refused.field, quote=refused.quote)


class Answer(Frozen):
    """What a command came to: the account as it stood then, or why it was refused.

    `fingerprint` is that of the command that was answered: a caller whose own differs has reused its key (R14).
    """

    account: AccountView
    fingerprint: str
    refusal: Refusal | None = None


class AnsweredCommand(Frozen):
    """The answer given to a command id, remembered over continue-as-new (R14)."""

    command_id: str
    answer: Answer


class PaymentHint(Frozen):
    """Stripe says that something happened (R15): a reason to poll Stripe, never believed.

    `payment_key` and `refund_id` (a refund's or a dispute's id) say what to retrieve; without either, at the account's
    payment in general.
    """

    event_id: str | None = None
    event_type: str | None = None
    payment_key: Annotated[str | None, Field(max_length=100)] = None
    refund_id: Annotated[str | None, Field(max_length=255)] = None


class HeldHints(Frozen):
    """Hints that a run hands to the next: what is still to be retrieved, and how often that was done today (R15)."""

    hints: tuple[PaymentHint, ...] = ()
    looks: int = 0
    since: Instant | None = None


class EndpointPosition(Frozen):
    """How far one endpoint has come, as a run hands it to the next: the first change that it has not taken (R18).

    Before `not_before`, a try of the run before may still be under way. `failing_since`: it did not answer several
    tries; `unknown_since`: workers do not know it any more.
    """

    endpoint: str
    next_sequence: int
    not_before: Instant | None = None
    failing_since: Instant | None = None
    last_error: Annotated[str | None, Field(max_length=300)] = None
    unknown_since: Instant | None = None


class ResendAnnouncements(Frozen):
    """Tell the product again (R18): from an entry on, or at once what waits; one endpoint, or all of them."""

    endpoint: Annotated[str | None, Field(max_length=32)] = None
    from_sequence: Annotated[int | None, Field(ge=1)] = None


class PendingCommand(Frozen):
    """A command that is not answered yet: `taken`, it waits for its effects; else for its turn (R14)."""

    command: Annotated[OpenAccount | AnyCommand, Field(discriminator="name")]
    command_id: str | None
    taken: bool
    refusal: Refusal | None = None


class PendingEffect(Frozen):
    """An effect that is not known to be done, and the command that waits for it."""

    effect: Annotated[StripeEffect, Field(discriminator="kind")]
    command_id: str | None = None


class Restoration(Frozen):
    """How an account is taken up again whose workflow was ended from outside (R27).

    `how` says from what, for the timeline; `older`: the record may lack what happened last.
    """

    command: RestoreAccount
    how: str
    older: bool = False


class AccountRun(Frozen):
    """The input of one run of the workflow: an account to open, or one to take up where the last run left it.

    `edition` names the rules by which the run decides (R28); a caller who names none is of release 0.1.0. `outbox` is
    what some endpoint has not taken, `endpoints` how far each has come; before `announce_after`, a try of a run of the
    first edition may still be telling the product (R18). A run hands on neither commands
    nor effects to the next, which begins when nothing is under way; one that was ended from outside leaves them (R27).
    """

    edition: int = editions.FIRST
    opening: OpenAccount | None = None
    account: Account | None = None
    answered: tuple[AnsweredCommand, ...] = ()
    announce: bool = False
    outbox: tuple[TimelineEntry, ...] = ()
    announce_after: Instant | None = None
    endpoints: tuple[EndpointPosition, ...] = ()
    held: HeldHints = HeldHints()
    commands: tuple[PendingCommand, ...] = ()
    effects: tuple[PendingEffect, ...] = ()
    restoration: Restoration | None = None


class PortalSessionRun(Frozen):
    """The input of a portal session: whose it is, and how many seconds it lasts."""

    account_id: str
    user_id: str
    seconds: float


class RevocationRun(Frozen):
    """The input of a revocation: how many seconds it lasts; without them, for good."""

    seconds: float | None = None


class Announcements(Frozen):
    """Whether changes are announced to the product from now on (R18)."""

    enabled: bool


class AskedAt(Frozen):
    """The instant that a quote is asked for: a query has no clock of its own."""

    now: Instant


class QuoteAnswer(Frozen):
    """What coming back costs (R7), or why it is refused."""

    quote: Quote | None = None
    refusal: Refusal | None = None
