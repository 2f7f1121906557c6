"""R27: every button of the Temporal UI, pressed on accounts in every state and beside a payment; then `restore`.

Renewals after that, by the calendar and beside accounts that nobody has touched: `tests/workflows/test_restoring.py`.
"""

import asyncio
import contextlib
import json
import subprocess
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client

from reprise.cli.exit_codes import ExitCode
from reprise.errors import RepriseError
from reprise.schemas.accounts import AccountView
from reprise.statemachine.commands import (
    AnyCommand,
    Cancel,
    Close,
    Disable,
    OpenAccount,
    Reactivate,
    RestoreAccount,
    SetCarts,
    SetPaymentMethod,
)
from reprise.statemachine.timeline import Actor, ActorKind
from tests.api_side import Api, Json, new_account, token
from tests.buttons import Buttons
from tests.local.commands import run
from tests.stripe_side import StripeSide
from tests.waiting import until
from tests.workflows.dev_account import DevAccount
from tests.workflows.world import utc

PAY = r"/v1/invoices/[^/]+/pay"

BAD = "pm_card_chargeCustomerFail"


# ---------------------------------------------------------------------- accounts in every state


async def active(account: DevAccount) -> None:
    await account.open()


async def cancelled(account: DevAccount) -> None:
    await account.open()
    await account.do(Cancel())


async def past_due(account: DevAccount) -> None:
    await account.open()
    await account.card(BAD)
    await account.pass_time()


async def disabled(account: DevAccount) -> None:
    await account.open(paid_through=utc("2026-01-15T10:00"))


async def held(account: DevAccount) -> None:
    await account.open()
    await account.do(Disable(reason="a check"))


async def reactivated(account: DevAccount) -> None:
    await disabled(account)
    await account.do(Reactivate())


async def awaiting_authentication(account: DevAccount) -> None:
    await account.open(payment_method="pm_card_authenticationRequired")


async def clearing(account: DevAccount) -> None:
    await account.open(payment_method="pm_usBankAccount_processing")


async def closed(account: DevAccount) -> None:
    await account.open()
    await account.do(Close())
    await until(account.histories, lambda them: len(them) > 1, seconds=30)


Standing = Callable[[DevAccount], Awaitable[None]]

STANDINGS: dict[Standing, tuple[int, str, list[int]]] = {
    active: (33, "active", [7500, 7500]),
    cancelled: (33, "disabled", [7500]),
    past_due: (0, "past_due", [7500]),
    disabled: (0, "disabled", []),
    held: (0, "disabled", [7500]),
    reactivated: (0, "reactivated", [7500]),
    awaiting_authentication: (0, "disabled", []),
    clearing: (0, "disabled", []),
    closed: (0, "closed", [7500]),
}
"""Each standing; then, so many days later: the account's state, and what it was charged until then."""


def but_sequence(account: Json | AccountView) -> Json:
    seen = account.model_dump(mode="json") if isinstance(account, AccountView) else account
    return {name: value for name, value in seen.items() if name not in {"sequence", "restorable"}}


async def told(operator: Api, path: str, what: str) -> int:
    entries = (await operator.get(f"{path}/timeline?limit=100"))["timeline"]
    return [each["type"] for each in entries].count(f"account.{what}")


def _code(typed: "subprocess.CompletedProcess[str]") -> str:
    return str(json.loads(typed.stderr)["code"])


@pytest.mark.usefixtures("worker")
async def test_E23_R27_no_button_costs_an_account_anything(
    operator: Api, api_url: str, temporal: Client, stripe_side: StripeSide
) -> None:
    """In every state: what is known is told, whatever was pressed; restored, it is as before, and goes on.

    From the command line and over HTTP at once: one of them restores it, the other is told so.
    """
    environment = {"REPRISE_URL": api_url, "REPRISE_TOKEN": token(scope="operator")}

    async def press_all(standing: Standing) -> None:
        account = DevAccount(temporal, stripe_side)
        await standing(account)
        buttons, path, name = Buttons(temporal, account.account_id), f"/v1/accounts/{account.account_id}", standing
        before, access = await operator.get(path), await operator.get(f"{path}/access")
        known, final = but_sequence(before), before["state"] == "closed"

        await buttons.request_cancellation()
        await until(lambda: told(operator, path, "cancellation_requested"), lambda times: times == (not final))
        await buttons.reset(-1)
        await account.until(lambda it: but_sequence(it) == known)
        await buttons.pause()
        assert await operator.get(f"{path}/access") == access, name
        await buttons.unpause()
        await account.until(lambda it: but_sequence(it) == known)

        await buttons.terminate()
        ended = await operator.get(path)
        assert (but_sequence(ended), ended["restorable"]) == (known, not final), name
        assert await operator.get(f"{path}/access") == {**access, "restorable": not final}, name
        opening = await operator.ask("POST", "/v1/accounts", new_account(account_id=account.account_id))
        assert (opening.status_code, opening.json()["code"]) == (409, "account_exists"), name

        typed, asked = await asyncio.gather(
            asyncio.to_thread(run, "account", "restore", account.account_id, "--json", **environment),
            operator.ask("POST", f"{path}/restore"),
        )
        said = {(asked.status_code, asked.json().get("code", "")), (typed.returncode, typed.stderr and _code(typed))}
        if final:
            assert said == {(409, "account_closed"), (ExitCode.REFUSED, "account_closed")}
            return
        by_command_line = {(ExitCode.OK, ""), (409, "account_running")}
        assert said in (by_command_line, {(200, ""), (ExitCode.REFUSED, "account_running")}), name
        assert but_sequence(await operator.get(path)) == known, name
        assert await operator.get(f"{path}/access") == access, name
        assert await told(operator, path, "restored") == 1, name

        days, state, charged = STANDINGS[standing]
        if days:
            await account.pass_time(days=days)
        lived = await account.see()
        assert (lived.state, account.charged()) == (state, charged), name

    await asyncio.gather(*map(press_all, STANDINGS))


# ---------------------------------------------------------------------- with something under way


def opening(account: DevAccount) -> OpenAccount:
    return OpenAccount(**new_account(account_id=account.account_id), command_id="asked")


async def ask(account: DevAccount, command: OpenAccount | AnyCommand) -> AccountView:
    if isinstance(command, OpenAccount):
        return (await account.accounts.open(command)).account
    return await account.do(command)


async def restored(account: DevAccount) -> AccountView:
    command = RestoreAccount(actor=Actor(kind=ActorKind.OPERATOR, id="ada"), command_id=uuid.uuid4().hex)
    return (await account.accounts.restore(account.account_id, command)).account


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("what", ["first payment", "reactivation", "reset"])
async def test_R8_R27_a_payment_under_way_goes_on_by_its_key(
    temporal: Client, stripe_side: StripeSide, api_url: str, what: str, when: str
) -> None:
    """Ended before Stripe has taken the money, or after it and before that is known: one charge, and its own answer.

    It is restored from the command line.

    What comes meanwhile is not lost: a change of carts that waits is taken by the restored account.
    """
    account = DevAccount(temporal, stripe_side)
    buttons = Buttons(temporal, account.account_id)
    command: OpenAccount | AnyCommand = opening(account)
    if what != "first payment":
        await account.open(paid_through=utc("2026-01-15T10:00"))
        command = Reactivate(command_id="asked")
    pay = stripe_side.fault(method="POST", path=PAY, when=when, delay_seconds=30)
    asked = asyncio.create_task(ask(account, command))
    await stripe_side.hit(pay)
    key = (await account.until(lambda it: it.payment.status == "collecting")).payment.key
    await buttons.request_cancellation()
    await buttons.pause()
    await buttons.unpause()
    await account.accounts.signal(account.account_id, SetCarts(carts=4, command_id="meanwhile"))
    if what == "reset":
        await buttons.reset(-1)
    else:
        await buttons.terminate()
        with pytest.raises(RepriseError) as ended:
            await asked
        if what == "reactivation":
            assert ended.value.code == "account_stopped"
        account_as_it_was = await account.see()
        assert (account_as_it_was.payment.status, account_as_it_was.restorable) == ("collecting", True)
        environment = {"REPRISE_URL": api_url, "REPRISE_TOKEN": token(scope="operator")}
        typed = await asyncio.to_thread(run, "account", "restore", account.account_id, "--json", **environment)
        assert (typed.returncode, json.loads(typed.stdout)["payment"]["key"]) == (ExitCode.OK, key), typed.stderr
    stripe_side.let_go(pay)
    paid = await ask(account, command)
    assert (paid.in_service, paid.payment.status, paid.payment.key) == (True, "paid", key)
    assert (await account.until(lambda it: it.carts == 4)).state == paid.state
    assert account.charged() == [7500]
    assert len(stripe_side.invoices(account.account_id)) == 1
    await account.pass_time()
    await account.until(lambda it: it.term != paid.term)
    assert account.charged() == [7500, 10000]
    with contextlib.suppress(RepriseError):
        await asked


@pytest.mark.usefixtures("worker")
async def test_R8_R27_a_renewal_and_a_void_under_way_are_taken_up(temporal: Client, stripe_side: StripeSide) -> None:
    """One account is being renewed, another one's invoice voided, as their workflows end: both are done, each once."""
    renewing, leaving = (DevAccount(temporal, stripe_side) for _ in range(2))
    await leaving.open(payment_method="pm_card_authenticationRequired")
    void = stripe_side.hold(method="POST", path=r"/v1/invoices/[^/]+/void")
    calling_off = asyncio.create_task(leaving.do(Cancel(command_id="asked")))
    await stripe_side.hit(void)
    now = datetime.now(UTC).replace(microsecond=0)
    await renewing.open(paid_through=now + timedelta(seconds=2), anchor=now + timedelta(seconds=2))
    pay = stripe_side.fault(method="POST", path=PAY, when="after", delay_seconds=30)
    await stripe_side.hit(pay)
    for each in (leaving, renewing):
        await Buttons(temporal, each.account_id).terminate()
    with pytest.raises(RepriseError):
        await calling_off
    for fault in (void, pay):
        stripe_side.let_go(fault)
    await asyncio.gather(restored(leaving), restored(renewing))
    called_off = await leaving.do(Cancel(command_id="asked"))
    assert called_off.payment.decline_code == "cancelled"
    assert [each["status"] for each in stripe_side.invoices(leaving.account_id)] == ["void"]
    renewed = await renewing.until(lambda it: it.payment.status == "paid")
    assert renewed.term is not None
    assert (renewed.state, renewed.term.start) == ("active", now + timedelta(seconds=2))
    assert (leaving.charged(), renewing.charged()) == ([], [7500])


@pytest.mark.usefixtures("worker")
async def test_R14_R27_a_change_of_card_under_way_is_done_and_answered(
    temporal: Client, stripe_side: StripeSide
) -> None:
    """Stripe is being asked as the workflow ends; the restored account asks once more, for the same command."""
    account = DevAccount(temporal, stripe_side)
    await account.open()
    attach = stripe_side.hold(method="POST", path=r"/v1/payment_methods/[^/]+/attach")
    command = SetPaymentMethod(payment_method="pm_card_mastercard", command_id="asked")
    asked = asyncio.create_task(account.do(command))
    await stripe_side.hit(attach)
    await Buttons(temporal, account.account_id).terminate()
    with pytest.raises(RepriseError):
        await asked
    stripe_side.let_go(attach)
    assert (await restored(account)).sequence == 3, "opened, activated, restored: not yet changed"
    await account.do(command)
    entries = await account.accounts.timeline(account.account_id)
    assert [each.type for each in entries[2:]] == ["account.restored", "account.payment_method_changed"]
