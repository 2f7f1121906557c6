"""R17: what histories hold by name: the activities, where deliveries wait, and what they are given."""

import pytest
from pydantic import ValidationError
from temporalio import activity

from reprise.activities import names
from reprise.activities.announcements import ProductAnnouncements
from reprise.activities.payments import StripePayments


def test_R17_activities_keep_their_names() -> None:
    """A workflow that runs asks for them by these."""
    methods = [each for act in (StripePayments, ProductAnnouncements) for each in vars(act).values() if callable(each)]
    found = [activity._Definition.from_callable(each) for each in methods]
    assert {each.name for each in found if each} == {
        "register_customer", "change_payment_method", "change_email", "erase_customer", "collect", "look_at_invoice",
        "void_invoice", "look_at_refund", "announce", "deliver_announcements", "list_announcement_endpoints",
        "test_announcement_endpoints",
    }  # fmt: skip
    assert (names.ANNOUNCEMENTS_QUEUE, names.PRODUCT_UNAVAILABLE) == ("announcements", "product_unavailable")


def test_R18_what_announcing_is_given_is_as_it_was_sent() -> None:
    """What a history lacks is what it meant; a count is one; nobody changes a value."""
    asked = names.DeliverInput(account_id="shop", endpoint="main", entries=())
    assert not asked.patient
    delivered = names.Delivered(endpoints=("main",), taken=0)
    assert delivered.known
    for taken in (-1, "1"):
        with pytest.raises(ValidationError):
            names.Delivered.model_validate({"endpoints": ("main",), "taken": taken})
    with pytest.raises(ValidationError, match="frozen"):
        delivered.taken = 1  # type: ignore[misc] # that is the point
