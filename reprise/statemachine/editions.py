"""Editions of the rules (R28): by which one a run of an account decides.

A run decides by the edition that its input names, from its first event to its last, so that a change of rules never
makes a running history fail to replay. Only a new run takes the newest edition. What each decides otherwise is said
where it is decided, by the guard `by_edition_2` and comparisons with `SECOND`, and in one table in docs/rules.md.

Decisions are compared with the edition that brought them, never with `NEWEST`: a third edition would change the second.
"""

from typing import Final

FIRST: Final = 1
"""Release 0.1.0, and every record that names no edition."""

SECOND: Final = 2
"""Release 0.2.0: what trying the product against Stripe's own documents has taught."""

NEWEST: Final = SECOND
"""What new runs decide by."""
