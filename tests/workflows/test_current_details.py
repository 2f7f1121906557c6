"""R17: what the Temporal UI shows of an account is what it is when somebody looks."""

from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from reprise.statemachine.commands import Cancel, SetCarts
from reprise.workflows.current_details import METADATA, page_of
from reprise.workflows.details import details
from reprise.workflows.messages import AccountRun
from tests.workflows.inside import KNOWS_INVOICES, Stage
from tests.workflows.world import World


async def metadata(handle: WorkflowHandle[Any, Any]) -> WorkflowMetadata:
    """What a workflow says of itself to the UI."""
    said: WorkflowMetadata = await handle.query(METADATA, result_type=WorkflowMetadata)
    return said


async def test_R17_the_details_are_those_of_the_account_as_it_stands(world: World) -> None:
    """With its invoice's page, and beside what it can be sent; after a change, others; once it has ended, its last."""
    await world.open()
    before = await metadata(world.handle)
    assert "· 3 carts ×" in before.current_details
    assert f"[invoice at Stripe]({world.stripe.url}/_sandbox/invoices/in_" in before.current_details
    assert {"set_carts", "cancel"} <= {each.name for each in before.definition.update_definitions}
    await world.do(SetCarts(carts=5))
    await world.do(Cancel())
    record = await world.handle.query("record", result_type=AccountRun)
    after = (await metadata(world.handle)).current_details
    assert record.account is not None
    assert after == details(record.account, await world.now(), lambda it: f"{world.stripe.url}/_sandbox/invoices/{it}")
    await world.handle.terminate()
    assert (await metadata(world.handle)).current_details == after


async def test_R17_a_workflow_without_details_says_what_the_sdk_says(on: Stage) -> None:
    """Though its worker makes those of accounts."""

    async def look() -> None:
        return

    handle = await on.begin(look, queue=KNOWS_INVOICES)
    await on.end(handle)
    said = await metadata(handle)
    assert (said.definition.type, said.current_details) == ("Inside", "")


async def test_R17_where_an_invoice_is_seen(on: Stage) -> None:
    """A worker that was told no address knows none; what is no invoice's id makes no address."""

    async def look() -> None:
        assert page_of("in_1") is None

    async def look_here() -> None:
        assert page_of(f"in_{'x' * 250}") == f"https://stripe.example/invoices/in_{'x' * 250}"
        assert [page_of(each) for each in (f"in_{'x' * 251}", "in_", "in_a b", "xin_1", "pm_1")] == [None] * 5

    await on.run(look)
    await on.run(look_here, queue=KNOWS_INVOICES)
