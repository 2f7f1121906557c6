"""Who is signed in, and who is no more: one-time links, sessions on the pages, revoked tokens (R19)."""
