"""Ports of the embedded default: free ones found, taken ones refused in a sentence."""

import socket
from dataclasses import dataclass

HOST = "127.0.0.1"


class PortTaken(Exception):  # noqa: N818 - the name says what happened
    """A port that was asked for is taken; the message says which option to change."""


@dataclass(frozen=True)
class Ports:
    """Where the servers listen; 0 is any free port."""

    api: int = 8000
    temporal: int = 7233
    ui: int = 8233
    stripe: int = 12111

    def settled(self) -> "Ports":
        """Return the ports with free ones in place of 0.

        Raises:
            PortTaken: Something listens on one of them.
        """
        chosen: dict[str, int] = {}
        held: list[socket.socket] = []
        try:
            for name, port in vars(self).items():
                probe = socket.socket()
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                held.append(probe)
                try:
                    probe.bind((HOST, port))
                    probe.listen()
                except OSError as error:
                    message = f"Port {port} is taken. Choose another with --{name}-port, or 0 for any free one."
                    raise PortTaken(message) from error
                chosen[name] = probe.getsockname()[1]
        finally:
            for probe in held:
                probe.close()
        return Ports(**chosen)
