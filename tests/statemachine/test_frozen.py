"""Values share what pydantic notes about them, and nothing of it shows."""

import pytest
from pydantic import ValidationError

from reprise.statemachine.frozen import Frozen


class _Value(Frozen):
    name: str
    count: int = 0
    left: str | None = None


def test_values_that_were_given_the_same_fields_share_one_set() -> None:
    """However they were made."""
    made = [
        _Value(name="a", count=1),
        _Value(count=2, name="b"),
        _Value.model_validate_json('{"name": "c", "count": 3}'),
        _Value(name="d").model_copy(update={"count": 4}),
        _Value(name="e").model_copy(update={"count": 4}, deep=True),
    ]
    assert {id(each.model_fields_set) for each in made} == {id(made[0].model_fields_set)}
    assert made[0].model_fields_set == {"name", "count"}
    assert [(each.name, each.count) for each in made] == [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 4)]


def test_what_a_copy_is_given_is_not_said_of_others() -> None:
    """The set of what was copied stays what it was, and so does what is written out by it."""
    first, second = _Value(name="a"), _Value(name="a")
    copied = first.model_copy(update={"left": None})
    assert copied.model_dump(exclude_unset=True) == {"name": "a", "left": None}
    assert first.model_dump(exclude_unset=True) == second.model_dump(exclude_unset=True) == {"name": "a"}
    assert first.model_copy().model_fields_set is first.model_fields_set
    assert copied == first


def test_a_value_does_not_change() -> None:
    """Whoever wants another makes a copy."""
    value = _Value(name="a")
    with pytest.raises(ValidationError, match="frozen"):
        value.count = 1  # type: ignore[misc]
