"""The activities of a reconciliation: a page looked at; the report told to whoever watches logs and metrics."""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, NamedTuple, TypeVar

import stripe
import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from reprise.accounts import listing
from reprise.accounts.client import Accounts
from reprise.accounts.description import AccountDescription
from reprise.accounts.errors import AccountNotFound, RecordUnreadable
from reprise.accounts.records import AccountRecord
from reprise.activities.attempts import unavailable
from reprise.errors import RepriseError, Unavailable
from reprise.reconciliation import comparing
from reprise.reconciliation.messages import RECONCILE_PAGE, TELL_RECONCILIATION, PageInput, PageResult, Phase
from reprise.schemas.reconciliations import Finding, FindingKind, ReconciliationReport
from reprise.statemachine.account import Account, AccountState
from reprise.stripe_api.errors import is_transient, message_of
from reprise.stripe_api.facts import CustomerFact, InvoiceFact, RefundFact, SubscriptionFact
from reprise.stripe_api.reconciling import FactPage, StripeFacts
from reprise.workflows.hints import CUSTOMER_DELETED
from reprise.workflows.messages import PaymentHint

log = structlog.get_logger()

ACCOUNTS_PER_PAGE: Final = 50
"""How many accounts one page holds: what is looked at again when a worker dies."""

AT_ONCE: Final = 8
"""How many accounts of a page are looked at at the same time."""

PATIENCE: Final = 3
"""How often an account that does not answer is asked, before that is what differs."""

REMEMBERED: Final = 100_000
"""Of how many accounts it is remembered which life and customer they have: Stripe's lists need not ask them again."""

Fact = TypeVar("Fact")


class _Known(NamedTuple):
    """What was read of an account: enough to pass over an invoice or customer of its own. What differs is read anew."""

    life: str | None
    customer_id: str | None


class ReconciliationActivities:
    """Looks at accounts and at Stripe, for the worker. It changes neither; `repair` makes accounts look (R15)."""

    def __init__(self, accounts: Accounts, facts: StripeFacts) -> None:
        self._accounts = accounts
        self._facts = facts
        self._known: OrderedDict[str, _Known] = OrderedDict()

    # ------------------------------------------------------------------ the two activities

    @activity.defn(name=RECONCILE_PAGE)
    async def reconcile_page(self, asked: PageInput) -> PageResult:
        """Look at one page, and return what differs on it.

        Raises:
            ApplicationError: `stripe_unavailable`, `engine_unavailable` (retried); `stripe_refused` (retried as well:
                a key is mended, and the reconciliation goes on).
        """
        try:
            found = await self._page(asked)
        except stripe.StripeError as error:
            if is_transient(error):
                raise unavailable(error) from error
            raise ApplicationError(f"Stripe refused: {message_of(error)}", type="stripe_refused") from error
        except Unavailable as error:
            raise ApplicationError(error.message, type=error.code) from error
        if not asked.repair:
            return found
        hinted = tuple([await self._hinted(each, asked.reconciliation) for each in found.findings])
        return found.model_copy(update={"findings": hinted})

    @activity.defn(name=TELL_RECONCILIATION)
    async def tell_reconciliation(self, report: ReconciliationReport) -> None:
        """Set the metric to what was found, and write a line: an error where anything differs."""
        gauge = activity.metric_meter().create_gauge(
            "reprise_reconciliation_findings", "Differences between accounts and Stripe that the last one has found."
        )
        for kind, count in report.counts.items():
            gauge.set(count, {"kind": kind})
        found = {kind: count for kind, count in report.counts.items() if count}
        tell = log.error if found else log.info
        tell("reconciliation finished", accounts=report.accounts, objects=report.objects, found=found)

    async def _page(self, asked: PageInput) -> PageResult:
        cursor, since = asked.place.cursor, asked.since
        match asked.place.phase:
            case Phase.ACCOUNTS:
                return await self._accounts_page(asked)
            case Phase.CUSTOMERS:
                return await _objects(await self._facts.customers(since, cursor), self._customer)
            case Phase.INVOICES:
                return await _objects(await self._facts.invoices(since, cursor), self._stray_invoice)
            case Phase.SUBSCRIPTIONS:
                return await _objects(await self._facts.subscriptions(cursor), self._subscription)
            case Phase.REFUNDS:
                return await _objects(await self._facts.refunds(since, cursor), self._refund)
            case Phase.DISPUTES:
                return await _objects(await self._facts.disputes(since, cursor), self._refund)

    # ------------------------------------------------------------------ the accounts

    async def _accounts_page(self, asked: PageInput) -> PageResult:
        token = None if asked.place.cursor is None else base64.b64decode(asked.place.cursor)
        page = await listing.page(self._accounts, listing.AccountFilter(), ACCOUNTS_PER_PAGE, token)
        turn = asyncio.Semaphore(AT_ONCE)

        async def look(of: AccountDescription) -> list[Finding]:
            async with turn:
                found = await self._account(of, asked)
                activity.heartbeat()
                return found

        found = await asyncio.gather(*(look(each) for each in page.accounts))
        following = page.next_page_token
        return PageResult(
            cursor=None if following is None else base64.b64encode(following).decode(),
            accounts=len(page.accounts),
            findings=tuple(finding for each in found for finding in each),
        )

    async def _account(self, of: AccountDescription, asked: PageInput) -> list[Finding]:
        """Look at one account; what differs is looked at once more, and what differs no more was only under way."""
        first = await self._compared(of, asked)
        if not first:
            return []
        again = await self._compared(of, asked)
        seen = {(each.kind, each.subject) for each in first}
        return [each for each in again if (each.kind, each.subject) in seen]

    async def _compared(self, of: AccountDescription, asked: PageInput) -> list[Finding]:
        record = await self._record(of.account_id)
        if record is None:
            return []
        if isinstance(record, Finding):
            return [record]
        account = _account_of(record)
        if account.state is AccountState.NEW:
            return []
        beside = comparing.looked_at_beside(account, asked.since)
        at_stripe = await self._facts.of_account(account.account_id, account.customer_id, asked.since, beside)
        found = comparing.of_account(account, at_stripe, record.recorded_at)
        return found if of.is_running else [*found, *comparing.stopped(account, of.stopped_how)]

    async def _record(self, account_id: str) -> AccountRecord | Finding | None:
        """Return an account's record; None where there is no such account; a finding where it does not answer."""
        for attempt in range(PATIENCE):
            try:
                record = await self._accounts.record(account_id)
            except AccountNotFound:
                return None
            except (Unavailable, RecordUnreadable) as error:
                if attempt < PATIENCE - 1 and isinstance(error, Unavailable):
                    continue
                return Finding(
                    kind=FindingKind.UNANSWERED_ACCOUNT,
                    account_id=account_id,
                    subject=account_id,
                    detail=f"The account's workflow does not answer: {error.message}",
                )
            account = _account_of(record)
            self._known[account_id] = _Known(account.life, account.customer_id)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
            return record
        raise AssertionError("the loop returns")

    # ------------------------------------------------------------------ Stripe's lists

    async def _customer(self, customer: CustomerFact) -> list[Finding]:
        if customer.account_id is None or self._is_known(customer.account_id, customer.life, customer.customer_id):
            return []
        return await self._about(customer.account_id, lambda account: comparing.of_customer(customer, account))

    async def _subscription(self, subscription: SubscriptionFact) -> list[Finding]:
        account_id = subscription.customer.account_id
        return await self._about(account_id, lambda account: comparing.of_subscription(subscription, account))

    async def _refund(self, refund: RefundFact) -> list[Finding]:
        account_id = refund.invoice.account_id if refund.invoice else None
        return await self._about(account_id, lambda account: comparing.of_refund(refund, account))

    async def _stray_invoice(self, invoice: InvoiceFact) -> list[Finding]:
        if self._is_known(invoice.account_id, invoice.life, invoice.customer_id):
            return []  # its account has been held against its customer's invoices
        record = await self._record(invoice.account_id)
        if isinstance(record, AccountRecord):
            account = _account_of(record)
            if (account.life, account.customer_id) == (invoice.life, invoice.customer_id):
                return []
        return await self._about(invoice.account_id, lambda account: comparing.of_stray_invoice(invoice, account))

    def _is_known(self, account_id: str, life: str | None, customer_id: str) -> bool:
        return self._known.get(account_id) == _Known(life, customer_id)

    async def _about(
        self, account_id: str | None, compare: Callable[[Account | None], Iterable[Finding]]
    ) -> list[Finding]:
        """Hold an object of Stripe's against the account that it names, as that stands now."""
        if account_id is None:
            return []
        record = await self._record(account_id)
        if isinstance(record, Finding):
            return []  # told where the accounts were looked at
        return list(compare(_account_of(record) if record else None))

    # ------------------------------------------------------------------ repairing

    async def _hinted(self, finding: Finding, reconciliation: str) -> Finding:
        """Make an account look at Stripe where that can settle a difference: it decides by its rules what follows."""
        hint = hint_of(finding, reconciliation)
        if hint is None or finding.account_id is None:
            return finding
        try:
            await self._accounts.hint(finding.account_id, hint)
        except RepriseError as error:
            log.warning("an account could not be hinted", account=finding.account_id, why=error.message)
            return finding
        return finding.model_copy(update={"hinted": True})


def hint_of(finding: Finding, reconciliation: str) -> PaymentHint | None:
    """Return what makes an account look at what differs; None where looking changes nothing.

    The account takes it like a webhook of Stripe's: what it then sees, it decides by, and tells in its timeline (R15).
    """
    match finding.kind:
        case FindingKind.UNKNOWN_PAYMENT | FindingKind.VOID_OWED | FindingKind.OPEN_INVOICE:
            return PaymentHint(event_id=reconciliation, event_type="reconciliation", payment_key=finding.payment_key)
        case FindingKind.MISSING_CUSTOMER:
            return PaymentHint(event_id=reconciliation, event_type=CUSTOMER_DELETED)
        case FindingKind.UNTOLD_REFUND:
            return PaymentHint(event_id=reconciliation, event_type="reconciliation", refund_id=finding.subject)
        case _:
            return None


async def _objects(page: FactPage[Fact], look: Callable[[Fact], Awaitable[list[Finding]]]) -> PageResult:
    found: list[Finding] = []
    for each in page.facts:
        found += await look(each)
        activity.heartbeat()
    return PageResult(cursor=page.cursor, objects=len(page.facts), findings=tuple(found))


def _account_of(record: AccountRecord) -> Account:
    account = record.run.account
    assert account is not None, "a record is of an account that was opened"
    return account
