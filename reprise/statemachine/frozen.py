"""The base of the core's values: frozen, and small, since a worker keeps thousands of accounts in memory."""

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict

_SETS: Final[dict[frozenset[str], set[str]]] = {}


class Frozen(BaseModel):
    """A value that never changes.

    Pydantic notes for each model which of its fields were given, in a set that can take as much memory as their values.
    Here all models that were given the same fields share one set.
    """

    model_config = ConfigDict(frozen=True)

    def model_post_init(self, _context: Any, /) -> None:
        """Share the set of a new model."""
        _share_set(self)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; pydantic copies the set, too, before it adds the names of `update` to it."""
        copied = super().model_copy(update=update, deep=deep)
        _share_set(copied)
        return copied


def _share_set(model: Frozen) -> None:
    given = model.__pydantic_fields_set__
    object.__setattr__(model, "__pydantic_fields_set__", _SETS.setdefault(frozenset(given), given))
