"""How an entry of a timeline came about: what must have happened to the account, by people, by Stripe or by the clock.

Not all that happens leaves an entry. A try that Stripe refuses for our fault is told once, a look that finds nothing is
not told; what a bank has advised is read from its charge. Where such a thing must have gone before, it is supplied
here, and nowhere more than the entry needs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.client import Sent
from tests.chaos.entries import Contradiction, told
from tests.chaos.evidence import Evidence
from tests.chaos.findings import instant
from tests.reference import rules
from tests.reference.account import ReferenceAccount
from tests.reference.months import Term
from tests.reference.standing import Entry, Found

Json = dict[str, Any]

OUTCOMES = frozenset(
    {
        "activated",
        "reactivated",
        "renewed",
        "past_due",
        "payment_declined",
        "payment_requires_action",
        "payment_stopped",
        "payment_processing",
        "payment_not_known",
    }
)
"""Entries of how an attempt turned out, if they bear its payment's key."""

UNNAMED = Sent("", "", "", {})
"""A command that came as a signal with no input: all its defaults."""


class Causes:
    """Lets happen to the reference what an entry must have come from."""

    def __init__(self, account: ReferenceAccount, evidence: Evidence, entries: Sequence[Json]) -> None:
        self._account = account
        self._evidence = evidence
        self._entries = entries
        self._sent = {each.key: each for each in evidence.commands}
        self._customers = 1
        self._other_method = False
        """Whether there may be another payment method than the one that was asked last."""

    # ------------------------------------------------------------------ what is not told

    def stops_silently(self, entry: Json, now: datetime) -> bool:
        """Let a try end that Stripe refused as it did those before, which was told once; say whether one did.

        Not if the entry, or one soon after it, is what came of it, and not once the refusals end the payment: that is
        told again.
        """
        payment = self._account.payment
        if payment is None or not self._account.is_collecting or payment.stopped_since is None:
            return False
        if payment.attempted > now or payment.attempted - payment.stopped_since >= self._patience:
            return False
        later = (each for each in self._entries[entry["sequence"] - 1 :] if self._is_outcome(each))
        outcome = next(later, None)
        if outcome is not None and instant(outcome["at"]) - payment.attempted < rules.STOPPED_RETRY:
            return False
        self._account.learn("stopped", payment.attempted, payment.key)
        return not self._account.is_collecting

    def may_have_stopped_silently(self) -> bool:
        """Say whether the try that the timeline leaves under way may have ended as those before, which is told once."""
        payment = self._account.payment
        return bool(self._account.is_collecting and payment and payment.stopped_since)

    @property
    def _patience(self) -> timedelta:
        return timedelta(days=self._account.stopped_days)

    def _is_outcome(self, entry: Json) -> bool:
        payment = self._account.payment
        is_one = entry["type"].removeprefix("account.") in OUTCOMES
        return bool(is_one and payment and entry["payment_key"] == payment.key)

    def sum_after(self, entry: Json) -> int:
        """Return what a month costs once carts or price are what an entry makes them."""
        account = self._account
        carts = entry["carts"] if entry["type"] == "account.carts_changed" else account.carts
        unit = entry["amount"] if entry["type"] == "account.plan_changed" else account.unit_amount
        return rules.amount_of(carts, unit)

    # ------------------------------------------------------------------ what is told

    def bring_about(self, entry: Json, now: datetime) -> None:
        """Let the reference tell this entry next, if the rules allow it now.

        Raises:
            Contradiction: Nobody asked for it.
            Forbidden: The rules forbid it.
        """
        what = entry["type"].removeprefix("account.")
        if self._of_an_earlier_payment(what, entry, now) or self._of_stripe(what, entry, now):
            return
        self._of_people(what, entry, now)

    def _of_an_earlier_payment(self, what: str, entry: Json, now: datetime) -> bool:
        """R22: an entry of a payment that was given up before, and goes first where another would have begun."""
        account, key = self._account, entry["payment_key"]
        if key is None or what not in OUTCOMES or self._is_awaited(what, key):
            return False
        found = self._found(key, "processing" if what == "payment_processing" else "paid", entry["charged"])
        if account.state == "past_due" and not account.is_collecting:
            account.learn("found", now, found)
        if account.timeline[-1].key == key and account.timeline[-1].at == now:
            return True
        if account.state == "disabled" and not account.is_collecting:
            account.reactivate(now)
        elif account.state == "past_due" and not account.is_collecting:
            self._try_again(now)
        if account.payment and account.is_collecting:
            account.learn("earlier", now, account.payment.key, found)
        return True

    def _is_awaited(self, what: str, key: str) -> bool:
        """Whether an entry is of the latest payment, and not of one that was over when somebody came back."""
        account, payment = self._account, self._account.payment
        if payment is None or key != payment.key:
            return False
        over = account.state == "disabled" and not (account.is_collecting or account.is_processing)
        if not over or what != "reactivated" or account.awaits_payer:
            return True
        # A hint may have found it paid, or somebody coming back, who began another payment for it: that took a number.
        later = [each["payment_key"] for each in self._entries if each["payment_key"]]
        return rules.payment_key(account.account_id, account.payments + 1) in later

    def _found(self, key: str, state: str, charged: int | None) -> Found:
        """Return what Stripe shows of a payment."""
        mine = [each for each in self._evidence.books.invoices if each["metadata"]["payment_key"] == key]
        if not mine:
            raise Contradiction(f"payment {key} has no invoice at Stripe")
        invoice = next((each for each in mine if each["status"] == "paid"), mine[-1])
        month = max(invoice["lines"]["data"], key=lambda line: int(line["quantity"]))
        start, end = (datetime.fromtimestamp(month["period"][name], UTC) for name in ("start", "end"))
        carts = int(month["quantity"])
        unit = int(month["amount"]) // max(carts, 1)
        return Found(key, state, invoice["total"], invoice["currency"], carts, unit, Term(start, end), charged)

    def _of_stripe(self, what: str, entry: Json, now: datetime) -> bool:
        """Let happen what Stripe, a bank, or time at Stripe has caused; say whether it is such an entry."""
        account, key, code = self._account, entry["payment_key"], entry["decline_code"]
        match what:
            case "activated" | "reactivated" | "renewed" if key:
                account.learn("paid", now, key, charged=entry["charged"])
            case "payment_received" if account.payment and key == account.payment.key:
                account.learn("paid", now, key, charged=entry["charged"])
            case "payment_received":
                account.learn("found", now, self._found(key, "paid", entry["charged"]))
            case "payment_processing":
                account.learn("processing", now, key)
            case "payment_not_known":
                account.learn("not_known", now, key)
            case "payment_declined" if entry["actor"]["kind"] == "timer":
                self._expired(key, now)
            case "payment_declined" if code == "invoice_voided":
                account.learn("observed", now, key, "void")
            case "past_due" | "payment_declined" | "payment_requires_action" | "payment_stopped":
                self._failed(what, key, code, now)
            case "customer_replaced":
                self._customers += 1
                self._other_method = True
                account.learn("observed", now, None, "unknown", customer=f"customer {self._customers}")
            case "customer_not_registered":
                self._not_registered(entry, now)
            case "payment_method_refused":
                account.learn("registered", now, str(account.customer), refused=code)
            case "email_refused":
                account.learn("registered", now, str(account.customer), email_refused=True)
            case "customer_not_erased" | "customer_erased":
                account.learn("erased", now, refused=what == "customer_not_erased")
            case "disabled" if entry["actor"]["kind"] == "timer" and account.payment and account.payment.do_not_ask:
                account.learn(
                    "observed", now, account.payment.key, "open"
                )  # after the last retry's instant: no other card
            case "void_owed":
                account.learn("voided", now, key, "open")
            case "payment_voided":
                account.learn("voided", now, key, "void")
            case "refunded" | "disputed":
                self._money_back(what, entry, now)
            case _:
                return False
        return True

    def _not_registered(self, entry: Json, now: datetime) -> None:
        """R8: told once; another reason is told as well."""
        same = [each for each in self._entries[: entry["sequence"] - 1] if each["type"] == entry["type"]]
        if same and same[-1]["reason"] != entry["reason"]:
            state = self._account.state
            self._account.timeline.append(Entry(entry["type"], now, "stripe", state, state))
        else:
            self._account.learn("not_registered", now)

    def _failed(self, what: str, key: str, code: str | None, now: datetime) -> None:
        account, payment = self._account, self._account.payment
        waits = payment and key == payment.key and not (account.is_collecting or account.is_processing)
        if payment and waits and (payment.stopped_since or self._other_method):
            # A try of which nothing tells: after a fault of ours, hourly; or since there may be another card by now.
            self._try_again(now)
        match what:
            case "payment_stopped":
                account.learn("stopped", now, key)
            case "payment_requires_action":
                account.learn("requires_action", now, key)
            case "past_due" if code is None:
                account.learn("requires_action", now, key)
            case _:
                account.learn("declined", now, key, str(code), advice=self._advice(key, str(code)))
        self._other_method = False

    def _try_again(self, now: datetime) -> None:
        payment = self._account.payment
        assert payment is not None
        payment.status, payment.next_attempt, payment.attempted = "collecting", None, now
        payment.attempt += 1

    def _advice(self, key: str, code: str) -> str | None:
        """Return what a payer's bank has advised when it declined."""
        mine = {each["id"] for each in self._evidence.books.invoices if each["metadata"]["payment_key"] == key}
        for charge in self._evidence.books.charges:
            outcome = charge["outcome"] or {}
            if charge["invoice"] in mine and code in {outcome.get("reason"), charge["failure_code"]}:
                advice: str | None = outcome.get("advice_code")
                return advice
        return None

    def _expired(self, key: str, now: datetime) -> None:
        """Let a payment end that its payer did not authenticate: after 23 hours (R10), or with the last retry (R9)."""
        payment = self._account.payment
        given_up = self._account.disabled_reason == "payment_failed"
        if payment and (given_up or (payment.expires and now >= payment.expires)):
            self._account.learn("voided", now, key, "void")

    def _money_back(self, what: str, entry: Json, now: datetime) -> None:
        status = (entry["reason"] or "").split(":")[0]
        self._account.learn(
            "refund_seen",
            now,
            f"{entry['invoice_id']} {entry['sequence']}",
            "refund" if what == "refunded" else "dispute",
            status,
            entry["amount"],
            entry["currency"],
            entry["payment_key"],
        )

    # ------------------------------------------------------------------ people

    def _of_people(self, what: str, entry: Json, now: datetime) -> None:
        account = self._account
        match what:
            case "payment_method_changed":
                self._other_method = True
                account.learn("method_changed", now, by="operator")
            case "email_changed":
                account.learn("email_changed", now, self._command(entry).body["email"], by="operator")
            case "carts_changed":
                account.set_carts(now, entry["carts"], by="operator")
            case "plan_changed":
                account.change_plan(now, entry["currency"], entry["amount"], by="operator")
            case "term_extended":
                account.extend_term(now, days=self._command(entry).body["days"])
            case "cancelled" | "payment_cancelled":
                account.cancel(now, by="operator")
            case "resumed" | "reactivated":
                account.reactivate(now, by="operator")
            case "enabled":
                account.enable(now)
            case "closed":
                account.close(now)
            case "cancellation_requested":
                account.cancellation_requested(now)
            case "disabled" if entry["actor"]["kind"] == "operator":
                self._disabled_by(self._command(entry), now)

    def _disabled_by(self, sent: Sent, now: datetime) -> None:
        if sent.verb == "disable":
            self._account.disable(now)
        else:
            self._account.cancel(now, sent.body.get("when", "term_end"), by="operator")

    def _command(self, entry: Json) -> Sent:
        """Return the command that an entry came from; a signal of the Temporal UI has no name on it."""
        if entry["actor"]["id"] is None:
            return UNNAMED
        sent = self._sent.get(entry["actor"]["id"])
        if sent is None:
            raise Contradiction(f"{told(entry)}: nobody asked for it")
        return sent
