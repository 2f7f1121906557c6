"""What operators read of an account in the Temporal UI: made when somebody looks, not with each change of the account.

No history holds it and nothing is decided by it: workers that make it otherwise, or not at all, replay the same.
"""

import re
from typing import Any, Final, Protocol, runtime_checkable

from temporalio import workflow
from temporalio.worker import HandleQueryInput, Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

METADATA: Final = "__temporal_workflow_metadata"
"""The query by which Temporal's UI and CLI ask what a workflow says of itself; the SDK answers it."""

_FUNCTION: Final = "reprise_invoice_page"


@runtime_checkable
class HasCurrentDetails(Protocol):
    """A workflow that makes its details when it is asked."""

    def current_details(self) -> str:
        """Return the details, as Markdown."""


class CurrentDetails(Interceptor):
    """Answers with a workflow's details as they are, and lets the workflows of a worker know where invoices are seen.

    The address is this worker's own.
    """

    def __init__(self, invoice_pages: str) -> None:
        """Take the address that an invoice's id is appended to."""
        self._invoice_pages = invoice_pages

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[WorkflowInboundInterceptor]:
        """Hand the address over, and intercept queries."""
        input.unsafe_extern_functions[_FUNCTION] = self._page_of
        return _Inbound

    def _page_of(self, invoice_id: str) -> str:
        return f"{self._invoice_pages}{invoice_id}"


class _Inbound(WorkflowInboundInterceptor):
    async def handle_query(self, input: HandleQueryInput) -> Any:  # noqa: A002 - the SDK's name
        answer = await super().handle_query(input)
        if input.query == METADATA and isinstance(asked := workflow.instance(), HasCurrentDetails):
            answer.current_details = asked.current_details()
        return answer


def page_of(invoice_id: str) -> str | None:
    """Return where an invoice is seen; None where this worker does not know, and for what is no invoice's id."""
    page = workflow.extern_functions().get(_FUNCTION)
    return str(page(invoice_id)) if page and re.fullmatch(r"in_[A-Za-z0-9_]{1,250}", invoice_id) else None
