"""Accounts on their way in and out: files of rows, checked by the core, opened or written over the HTTP API (R25)."""
