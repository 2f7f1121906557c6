"""Editions of the rules (R28): by which one a run of an account decides.

A run decides by the edition that its input names, from its first event to its last, so that a change of rules never
makes a running history fail to replay. Only a new run takes the newest edition. What each decides otherwise is said
where it is decided, by the predicate `decides_by_edition_2` and its kind.
"""

from typing import Final

FIRST: Final = 1
"""Release 0.1.0, and every record that names no edition."""

NEWEST: Final = 2
"""What new runs decide by."""
