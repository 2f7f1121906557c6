"""The scopes that a token can have (R19): what each kind of caller may is in `reprise.api.permissions`."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """A scope, as tokens name it."""

    READ = "operator:read"
    SUPPORT = "operator:support"
    BILLING = "operator:billing"
    ADMIN = "operator:admin"
    OPERATOR = "operator"
    """All of the above."""

    BACKEND = "backend"
    """The product's backend: opens accounts, asks for access, hands users over."""

    BILLING_USER = "billing"
    """A person with Billing Access, to the accounts that the token names."""


OF_OPERATORS: Final = (Scope.READ, Scope.SUPPORT, Scope.BILLING, Scope.ADMIN)
"""What can be given to operators one by one. Each of them may read: an operator sees what they act on."""


def of_operators(scopes: Iterable[str]) -> frozenset[Scope]:
    """Return which of the operators' scopes a token's scopes come to."""
    given = frozenset(scopes)
    if Scope.OPERATOR in given:
        return frozenset(OF_OPERATORS)
    own = frozenset(each for each in OF_OPERATORS if each in given)
    return own | {Scope.READ} if own else own
