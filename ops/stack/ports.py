"""Looks at the ports before anything is started: a taken one is named, never quietly replaced."""

from __future__ import annotations

import socket

import psutil

from ops.errors import OpsError


def check_free(ports: dict[str, tuple[int, str]]) -> None:
    """`ports` maps what needs a port to the port and the setting that changes it.

    Raises OpsError naming the first one that is taken or asked for twice, who holds it where that can be seen, and the
    setting.
    """
    seen: dict[int, str] = {}
    for what, (port, setting) in ports.items():
        if port in seen:
            raise OpsError(f"Port {port} is asked for twice, by {seen[port]} and {what}: set {setting} to another one")
        seen[port] = what
        if not is_free(port):
            raise OpsError(f"Port {port} for {what} is taken{holder(port)}: free it, or set {setting} to another one")


def is_free(port: int) -> bool:
    """Whether a server can listen on the port of the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a port in TIME_WAIT is free, one that somebody listens on is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """ " by name (process 123)" where the system tells us, else nothing."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass
    return ""
