"""Where operators see an invoice at Stripe: an address of this worker's, for what the Temporal UI shows.

No history holds it and nothing is decided by it: workers that are told other addresses, or none, replay the same.
"""

import re
from typing import Final

from temporalio import workflow
from temporalio.worker import Interceptor, WorkflowInterceptorClassInput

_FUNCTION: Final = "reprise_invoice_page"


class InvoicePages(Interceptor):
    """Lets the workflows of a worker know where invoices are seen."""

    def __init__(self, address: str) -> None:
        """Take the address that an invoice's id is appended to."""
        self._address = address

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> None:  # noqa: A002 - the SDK's name
        """Hand the address over, and intercept nothing."""
        input.unsafe_extern_functions[_FUNCTION] = self._page_of

    def _page_of(self, invoice_id: str) -> str:
        return f"{self._address}{invoice_id}"


def page_of(invoice_id: str) -> str | None:
    """Return where an invoice is seen; None where this worker does not know, and for what is no invoice's id."""
    page = workflow.extern_functions().get(_FUNCTION)
    return str(page(invoice_id)) if page and re.fullmatch(r"in_[A-Za-z0-9_]{1,250}", invoice_id) else None
