"""The gallery: every standing of an account on every page, for who works on the pages. No account is real."""
