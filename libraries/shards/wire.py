"""Messages between the run and its shards: JSON objects, one a line, over a pair of sockets."""

from __future__ import annotations

import json
import socket
from typing import Any

_READ_SIZE = 1 << 16

Message = dict[str, Any]


class Wire:
    """One end of the connection.

    Args:
        connection: A connected stream socket; it is this object's from then on.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._read = b""
        self.closed = False

    def fileno(self) -> int:
        """The descriptor, to be waited on."""
        return self._socket.fileno()

    def send(self, message: Message) -> bool:
        """Sends a message; False where nobody is there any more to take it."""
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True

    def arrived(self) -> list[Message]:
        """Waits until something arrives, and returns the messages that are whole; `closed` once the other end is."""
        try:
            data = self._socket.recv(_READ_SIZE)
        except OSError:
            data = b""
        self.closed = not data
        *lines, self._read = (self._read + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def receive(self) -> Message | None:
        """Waits for the next message of an end that sends one at a time; None where the other end is gone."""
        while True:
            messages = self.arrived()
            if messages:
                return messages[0]
            if self.closed:
                return None

    def close(self) -> None:
        """Closes this end, which the other one notices."""
        self._socket.close()
