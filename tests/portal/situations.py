"""Situations for tests of words and pages: the gallery's made-up accounts, and views that a test writes by hand."""

from datetime import UTC, datetime
from typing import Any

from babel import Locale

from reprise.portal.content import Content
from reprise.portal.gallery import standings
from reprise.portal.gallery.standings import VISA, Life, situation_of
from reprise.portal.localized import LocalFormat
from reprise.portal.rendering import Frame
from reprise.portal.situation import AtStripe, Situation
from reprise.sessions.hand_over import HandOver, PortalUser
from reprise.stripe_api.billing_details import BillingDetails

__all__ = ["DE", "EN", "VISA", "Life", "rendered", "seen", "situation_of", "standings", "utc"]

EN, DE = LocalFormat(Locale("en")), LocalFormat(Locale("de"))


def utc(text: str) -> datetime:
    """`2027-01-31T10:00` as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seen(life: Life, **details: Any) -> Situation:
    """How a life stands, with other details at Stripe than its own."""
    own = life.situation
    return Situation(own.record, own.now, AtStripe(BillingDetails(**details), own.stripe.paid_with))


def rendered(content: Content, local: LocalFormat = EN, **frame: Any) -> str:
    """Return a page as a signed-in owner gets it, its narrow spaces made plain."""
    user = PortalUser(id="user-7", name="Ada", billing_access=True)
    session = HandOver(session="s", account_id="shop-42", user=user, expires=0)
    given = {"here": "/b", "local": local, "session": session, "forms_token": "token", "base": "/b", **frame}
    html = Frame(**given).render(content).body
    return bytes(html).decode().replace("\u202f", " ").replace("\xa0", " ")
