"""Names of the activities, and what announcing is given: what workflow and activities share, free of any I/O."""

from pydantic import BaseModel, ConfigDict

from reprise.statemachine.timeline import TimelineEntry

REGISTER_CUSTOMER = "register_customer"
CHANGE_PAYMENT_METHOD = "change_payment_method"
CHANGE_EMAIL = "change_email"
COLLECT = "collect"
RETRIEVE_INVOICE = "look_at_invoice"
RETRIEVE_REFUND = "look_at_refund"
VOID_INVOICE = "void_invoice"
ERASE_CUSTOMER = "erase_customer"
ANNOUNCE = "announce"


class AnnounceInput(BaseModel):
    """Which changes to tell the product, in their order (R18)."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    entries: tuple[TimelineEntry, ...]
