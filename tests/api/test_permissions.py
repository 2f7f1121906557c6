"""R19: every operation, asked by every kind of token: by the table of the code, and by what is written out here."""

from typing import Any, NamedTuple

import jwt
import pytest
from typer.testing import CliRunner

from reprise.api.permissions import PERMISSIONS, Permission, name_of
from reprise.cli.main import app as cli
from reprise.http.scopes import OF_OPERATORS, Scope
from reprise.web import create_app
from tests.api_side import SECRET, Api, Callers, api_settings, new_account
from tests.stripe_side import StripeSide


class Operation(NamedTuple):
    """One operation, and the letters of those who may: r, s, b, a are operators' scopes, O the owner, B the backend."""

    who: str
    method: str
    path: str
    body: Any = None


NO_BODY = "no body"
"""The operation takes none: its idempotency key is refused instead."""

UNTIL = {"until": "2000-01-01T00:00:00Z"}
OPERATIONS = {
    "open_account": Operation("aB", "POST", "/v1/accounts", {"account_id": "count"}),
    "list_accounts": Operation("rsba", "GET", "/v1/accounts"),
    "count_accounts": Operation("rsba", "GET", "/v1/accounts/count"),
    "get_account": Operation("rsbaO", "GET", ""),
    "get_access": Operation("rsbaOB", "GET", "/access"),
    "get_reactivation_quote": Operation("rsbaO", "GET", "/reactivation-quote"),
    "list_timeline": Operation("rsbaO", "GET", "/timeline"),
    "list_invoices": Operation("rsbaO", "GET", "/invoices"),
    "cancel": Operation("sO", "POST", "/cancel", {"when": "never"}),
    "reactivate": Operation("sO", "POST", "/reactivate", {"expected_amount": -1}),
    "set_email": Operation("sO", "PUT", "/email", {"email": "none"}),
    "extend_term": Operation("s", "POST", "/extend", UNTIL),
    "create_billing_portal_session": Operation("sO", "POST", "/billing-portal", {"return_url": "none"}),
    "revoke_portal_sessions": Operation("sB", "POST", "/portal-sessions/revoke", {"user": 1}),
    "set_carts": Operation("bO", "PUT", "/carts", {"carts": -1}),
    "get_payment_method": Operation("rsbaO", "GET", "/payment-method"),
    "set_payment_method": Operation("bO", "PUT", "/payment-method", {"payment_method": "none"}),
    "change_plan": Operation("b", "POST", "/plan", {"plan": 1}),
    "disable": Operation("b", "POST", "/disable", {"reason": 1}),
    "enable": Operation("b", "POST", "/enable", NO_BODY),
    "close": Operation("a", "POST", "/close", NO_BODY),
    "restore": Operation("a", "POST", "/restore", {"from_run_start": 1}),
    "get_record": Operation("a", "GET", "/record"),
    "begin_reconciliation": Operation("a", "POST", "/v1/reconciliations", {"days": 0}),
    "get_reconciliation": Operation("rsba", "GET", "/v1/reconciliations/of-nobody"),
    "create_portal_session": Operation("aB", "POST", "/portal-sessions", {"user": 1}),
    "list_pending_announcements": Operation("rsba", "GET", "/v1/announcements/pending"),
    "get_announcements": Operation("rsba", "GET", "/announcements"),
    "set_announcements": Operation("a", "PUT", "/announcements", {"enabled": 1}),
    "set_announcements_of_all": Operation("a", "PUT", "/v1/announcements", {"enabled": 1}),
    "resend_announcements": Operation("s", "POST", "/announcements/resend", {"from_sequence": 0}),
    "test_announcements": Operation("s", "POST", "/v1/announcements/test", {"endpoint": "?"}),
    "revoke_token": Operation("a", "POST", "/v1/tokens/revoke", {"jti": 1}),
    "revoke_subject": Operation("a", "POST", "/v1/subjects/revoke", {"subject": 1}),
}
"""Every operation with a request that changes nothing: commands have a body that is refused, if its sender is not."""

SCOPES = {
    "r": "operator:read",
    "s": "operator:support",
    "b": "operator:billing",
    "a": "operator:admin",
    "B": "backend",
    "O": "billing",
}


def letters(permission: Permission) -> str:
    """The same of the code's table: whoever has any operator's scope may read."""
    own = {Scope.READ: "rsba", Scope.SUPPORT: "s", Scope.BILLING: "b", Scope.ADMIN: "a"}[permission.operator]
    return own + "O" * permission.owner + "B" * permission.backend


def test_R19_the_table_is_what_is_written_here() -> None:
    """Operation by operation; the scopes' names are those that tokens carry."""
    assert {name: letters(each) for name, each in PERMISSIONS.items()} == {
        name: each.who for name, each in OPERATIONS.items()
    }
    assert [each.value for each in OF_OPERATORS] == [SCOPES[each] for each in "rsba"]


def test_R19_every_operation_asks_and_stands_in_the_table(stripe_process: StripeSide) -> None:
    """Nothing under /v1 but Stripe's webhooks is done for nobody; the reference says which scopes it takes."""
    document = create_app(api_settings(stripe_process)).openapi()["paths"]
    operations = {name_of(each): each for path in document for each in document[path].values() if "/v1/" in path}
    assert operations.keys() - PERMISSIONS.keys() == {"stripe_webhook"}
    assert PERMISSIONS.keys() - operations.keys() == set()
    assert operations["cancel"]["description"].endswith("Scopes: `operator:support`, `billing` for this account.")
    assert [each["description"].count("Scopes: ") for each in operations.values()].count(1) == len(PERMISSIONS)
    assert operations["stripe_webhook"].get("security") is None


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("scope", [*SCOPES.values(), "operator", "", "operator:all operators read"])
async def test_R19_every_operation_by_every_scope(operator: Api, caller: Callers, scope: str) -> None:
    """Who may not is told so before their body is read: 403, with the scope that an operator lacks; others, less."""
    made = new_account()
    assert (await operator.ask("POST", "/v1/accounts", made)).status_code == 201
    asker = caller(made["account_id"], scope=scope)
    is_operator = scope.startswith("operator") and " " not in scope
    for name, (who, method, path, body) in OPERATIONS.items():
        where = path if path.startswith("/v1") else f"/v1/accounts/{made['account_id']}{path}"
        key = {"Idempotency_Key": "not one"} if body == NO_BODY else {}
        answer = await asker.ask(method, where, None if key else body, **key)
        may = any(SCOPES[each] == scope for each in who) or (scope == "operator" and who not in {"O", "B"})
        said = answer.json().get("code")
        if may:
            expected = {200, 404, 409} if body is None else {422}  # there is no quote in service
            assert answer.status_code in expected, (name, answer.text)
        elif is_operator:
            assert (answer.status_code, said) == (403, "insufficient_scope"), (name, answer.text)
            needed = answer.json()["scope"]
            assert needed == SCOPES[who[0]]
            assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["www-authenticate"]
        else:
            expected_code = "billing_access_required" if "O" in who else "operator_required"
            assert (answer.status_code, said) == (403, expected_code), (name, answer.text)
    assert (await operator.get(f"/v1/accounts/{made['account_id']}"))["sequence"] == 2


@pytest.mark.usefixtures("worker")
async def test_R19_operators_with_a_part_of_the_scopes_are_named_and_users_see_support(
    operator: Api, caller: Callers
) -> None:
    """Support extends and cannot disable; billing disables; the timeline names both to operators, nobody to users."""
    made = new_account(paid_through="2099-01-01T00:00:00Z")
    await operator.ask("POST", "/v1/accounts", made)
    path = f"/v1/accounts/{made['account_id']}"
    grace, alan = caller(scope="operator:support", sub="grace"), caller(scope="operator:billing", sub="alan")
    assert (await grace.ask("POST", f"{path}/extend", {"days": 1})).status_code == 200
    assert (await grace.ask("POST", f"{path}/disable", {"reason": "x"})).status_code == 403
    assert (await alan.ask("POST", f"{path}/disable", {"reason": "chargeback, ticket 7"})).status_code == 200
    told = (await grace.get(f"{path}/timeline"))["timeline"][:2]
    assert [(each["actor"]["id"], each["reason"]) for each in told] == [
        ("alan", "chargeback, ticket 7"),
        ("grace", None),
    ]
    seen = (await caller(made["account_id"], sub="user-7").get(f"{path}/timeline"))["timeline"][:2]
    assert [(each["actor"], each["reason"]) for each in seen] == [({"kind": "operator", "id": "Support"}, None)] * 2


@pytest.mark.usefixtures("worker")
async def test_R19_an_operator_who_is_a_billing_user_as_well(operator: Api, caller: Callers) -> None:
    """What their scope does not give, their Billing Access does, on that account alone; the entry is a user's."""
    mine, other = new_account(), new_account()
    for each in (mine, other):
        await operator.ask("POST", "/v1/accounts", each)
    both = caller(mine["account_id"], scope="operator:read billing", sub="ada")
    assert (await both.ask("POST", f"/v1/accounts/{other['account_id']}/cancel")).json()["code"] == "insufficient_scope"
    assert (await both.ask("POST", f"/v1/accounts/{mine['account_id']}/cancel")).status_code == 200
    entry = (await operator.get(f"/v1/accounts/{mine['account_id']}/timeline"))["timeline"][0]
    assert entry["actor"] == {"kind": "user", "id": "ada"}


@pytest.mark.usefixtures("worker")
async def test_R25_importing_takes_the_admin_scope(caller: Callers) -> None:
    """A customer of another account would bring that one's cards along: neither the backend nor support may."""
    made = new_account(paid_through="2099-01-01T00:00:00Z", anchor="2027-01-01T00:00:00Z")
    refused = await caller(scope="operator:support backend").ask("POST", "/v1/accounts", made)
    assert (refused.status_code, refused.json()["scope"]) == (403, "operator:admin")
    assert (await caller(scope="operator:admin").ask("POST", "/v1/accounts", made)).status_code == 201


def test_R19_tokens_of_a_part_of_the_scopes(monkeypatch: pytest.MonkeyPatch) -> None:
    """`reprise token --scope`, as often as there are scopes; by short and by long names; what is none is named."""
    monkeypatch.setenv("REPRISE_JWT_SECRET", SECRET)
    made = CliRunner().invoke(cli, ["token", "--scope", "support", "--scope", "operator:billing", "--sub", "grace"])
    claims = jwt.decode(made.stdout.strip(), SECRET, algorithms=["HS256"])
    assert (claims["scope"], claims["sub"]) == ("operator:support operator:billing", "grace")
    wrong = CliRunner().invoke(cli, ["token", "--scope", "everything"])
    assert wrong.exit_code == 2
    assert "read, support, billing, admin" in " ".join(wrong.output.split())
