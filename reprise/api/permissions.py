"""Which operation asks for what (R19): one table, by the operations' names, that `auth` lets callers through by."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI

from reprise.api import openapi
from reprise.http.scopes import Scope


@dataclass(frozen=True)
class Permission:
    """Who may do one operation."""

    operator: Scope
    """Which scope an operator needs; `operator` has all of them."""
    owner: bool = False
    """Whether a user with Billing Access may, on their own account."""
    backend: bool = False
    """Whether the product's backend may."""


PERMISSIONS: Final[Mapping[str, Permission]] = {
    "open_account": Permission(Scope.ADMIN, backend=True),
    "list_accounts": Permission(Scope.READ),
    "count_accounts": Permission(Scope.READ),
    "get_account": Permission(Scope.READ, owner=True),
    "get_access": Permission(Scope.READ, owner=True, backend=True),
    "get_reactivation_quote": Permission(Scope.READ, owner=True),
    "list_timeline": Permission(Scope.READ, owner=True),
    "list_invoices": Permission(Scope.READ, owner=True),
    "get_payment_method": Permission(Scope.READ, owner=True),
    "cancel": Permission(Scope.SUPPORT, owner=True),
    "reactivate": Permission(Scope.SUPPORT, owner=True),
    "set_email": Permission(Scope.SUPPORT, owner=True),
    "extend_term": Permission(Scope.SUPPORT),
    "create_billing_portal_session": Permission(Scope.SUPPORT, owner=True),
    "revoke_portal_sessions": Permission(Scope.SUPPORT, backend=True),
    "set_carts": Permission(Scope.BILLING, owner=True),
    "set_payment_method": Permission(Scope.BILLING, owner=True),
    "change_plan": Permission(Scope.BILLING),
    "disable": Permission(Scope.BILLING),
    "enable": Permission(Scope.BILLING),
    "close": Permission(Scope.ADMIN),
    "get_record": Permission(Scope.ADMIN),
    "restore": Permission(Scope.ADMIN),
    "list_pending_announcements": Permission(Scope.READ),
    "get_announcements": Permission(Scope.READ),
    "set_announcements": Permission(Scope.ADMIN),
    "set_announcements_of_all": Permission(Scope.ADMIN),
    "resend_announcements": Permission(Scope.SUPPORT),
    "test_announcements": Permission(Scope.SUPPORT),
    "begin_reconciliation": Permission(Scope.ADMIN),
    "get_reconciliation": Permission(Scope.READ),
    "create_portal_session": Permission(Scope.ADMIN, backend=True),  # its link acts as the user
    "revoke_token": Permission(Scope.ADMIN),
    "revoke_subject": Permission(Scope.ADMIN),
}
"""Every operation that asks who is calling; one that is not here lets nobody through, and fails a test."""

IMPORT: Final = Scope.ADMIN
"""What an opening asks for that brings a customer along from elsewhere (R25)."""


def tags_of(operation: str) -> list[str | Any]:
    """Return under what an operation stands in the reference."""
    return ["billing" if PERMISSIONS[operation].owner else "operators"]


def document(app: FastAPI) -> None:
    """Say of each operation in the OpenAPI document who may do it."""

    def add(schema: dict[str, Any]) -> None:
        for operation in openapi.operations(schema):
            if permission := PERMISSIONS.get(name_of(operation)):
                operation["description"] += f"\n\nScopes: {', '.join(_said(permission))}."

    openapi.extend(app, add)


def name_of(operation: Mapping[str, Any]) -> str:
    """Return the name of an operation of the OpenAPI document: its id."""
    return str(operation["operationId"])


def _said(permission: Permission) -> Iterator[str]:
    yield f"`{permission.operator}`"
    if permission.owner:
        yield f"`{Scope.BILLING_USER}` for this account"
    if permission.backend:
        yield f"`{Scope.BACKEND}`"
