"""A port for a server of a test."""

import socket


def free_port():
    """Return a port of this machine that nobody listens on just now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
