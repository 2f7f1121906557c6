"""The only way to a running account: commands, reads, the list, and what can go wrong. Nothing of HTTP stands here."""
