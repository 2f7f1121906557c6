class LocalError(Exception):
    """Something that stops a local command; the message is a sentence for the person who ran it."""
