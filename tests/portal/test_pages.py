"""What pages offer: by what may be done, without a server (R3, R14)."""

import pytest
from babel import Locale

from reprise.portal import words
from reprise.portal.localized import LocalFormat
from reprise.portal.rendering import TEMPLATES
from reprise.workflows.messages import AccountView
from tests.portal.test_words import view

EN = LocalFormat(Locale("en"))


def subscription(account: AccountView) -> str:
    return TEMPLATES.get_template("subscription.html").render(
        account=account, local=EN, standing=words.standing(account, EN), notice=None, base="/b", here="/b",
        session=None, account_id="shop-1", forms_token="", key="", key_of_email="",
    )  # fmt: skip


@pytest.mark.parametrize("status", ["collecting", "processing"])
@pytest.mark.parametrize("state", ["active", "past_due"])
def test_R14_cancelling_is_not_offered_while_money_may_be_moving(state: str, status: str) -> None:
    """It would be refused; the page says when it can be done."""
    shown = subscription(view(state, payment={"status": status, "amount": 7500}))
    assert "You can cancel as soon as it is known how it turned out." in shown
    assert 'href="/b/cancel"' not in shown


@pytest.mark.parametrize(
    ("state", "reason", "offered"),
    [
        ("active", None, "/b/cancel"),
        ("past_due", None, "/b/cancel"),
        ("cancelled", None, "/b/resume"),
        ("disabled", "payment_failed", "/b/reactivate"),
    ],
)
def test_R3_R4_R6_what_can_be_done_is_offered(state: str, reason: str | None, offered: str) -> None:
    """One way out of each state."""
    assert offered in subscription(view(state, disabled_reason=reason))


def test_R13_what_only_support_can_do_is_not_offered() -> None:
    """Neither coming back nor leaving."""
    shown = subscription(view("disabled", disabled_reason="operator"))
    assert "contact support to come back" in shown
    assert "/b/reactivate" not in shown
