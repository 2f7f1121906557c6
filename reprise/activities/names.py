"""Names of the activities, and what announcing is given: what workflow and activities share, free of any I/O."""

from typing import Annotated

from pydantic import Field, StrictInt

from reprise.schemas.announcements import EndpointTest, EndpointTests
from reprise.statemachine.frozen import Frozen
from reprise.statemachine.timeline import TimelineEntry

__all__ = [
    "ANNOUNCE", "ANNOUNCEMENTS_QUEUE", "CHANGE_EMAIL", "CHANGE_PAYMENT_METHOD", "COLLECT", "DELIVER_ANNOUNCEMENTS",
    "ERASE_CUSTOMER", "LIST_ENDPOINTS", "PRODUCT_UNAVAILABLE", "REGISTER_CUSTOMER", "RETRIEVE_INVOICE",
    "RETRIEVE_REFUND", "TEST_ENDPOINTS", "VOID_INVOICE", "AnnounceInput", "DeliverInput", "Delivered", "EndpointTest",
    "EndpointTestInput", "EndpointTests", "Endpoints",
]  # fmt: skip

REGISTER_CUSTOMER = "register_customer"
CHANGE_PAYMENT_METHOD = "change_payment_method"
CHANGE_EMAIL = "change_email"
COLLECT = "collect"
RETRIEVE_INVOICE = "look_at_invoice"
RETRIEVE_REFUND = "look_at_refund"
VOID_INVOICE = "void_invoice"
ERASE_CUSTOMER = "erase_customer"
ANNOUNCE = "announce"
DELIVER_ANNOUNCEMENTS = "deliver_announcements"
LIST_ENDPOINTS = "list_announcement_endpoints"
TEST_ENDPOINTS = "test_announcement_endpoints"

ANNOUNCEMENTS_QUEUE = "announcements"
"""The task queue of deliveries: an endpoint that hangs takes no slot from what asks Stripe (R18)."""

PRODUCT_UNAVAILABLE = "product_unavailable"
"""The type of the error of an endpoint that has not taken an announcement."""


class AnnounceInput(Frozen):
    """Which changes to tell the product, in their order: as a run of the first edition asks (R18)."""

    account_id: str
    entries: tuple[TimelineEntry, ...]


class DeliverInput(Frozen):
    """Which changes to tell one endpoint, in their order (R18).

    `patient`: it has not answered before; each try then waits for longer than the one before, for days.
    """

    account_id: str
    endpoint: str
    entries: tuple[TimelineEntry, ...]
    patient: bool = False


class Endpoints(Frozen):
    """The endpoints that a worker knows, by their names, in the order of its settings."""

    endpoints: tuple[str, ...]


class Delivered(Endpoints):
    """How many of the changes the endpoint has taken, the first ones; not `known`: this worker has no such endpoint."""

    taken: Annotated[StrictInt, Field(ge=0)]
    known: bool = True


class EndpointTestInput(Frozen):
    """Which endpoint to test; all of them without one."""

    endpoint: str | None = None
