"""Check host names and addresses: whether they belong to this machine, and whether a Host header names this server."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit


def host_of(header: str) -> str:
    """Return the host name of a Host header, without port, brackets or trailing dot; empty if it is malformed."""
    try:
        return (urlsplit("//" + header).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def is_same_origin(origin: str, host: str) -> bool:
    """Return whether an Origin header belongs to the server that the Host header names; False if it is malformed."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Return whether a host name or address belongs to this machine: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Return whether this is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class KnownHosts:
    """The host names of a server. Any other Host header may come from a page on a domain that resolves to this server.

    Args:
        bind: the address that the server listens on.
        names: additional names (`OBSV_ALLOWED_HOSTS`).
    """

    def __init__(self, bind: str, names: Iterable[str] = ()) -> None:
        self.local = is_loopback(bind)
        self.names = {bind.lower(), *map(str.lower, names)} | (set() if self.local else {socket.gethostname().lower()})

    def __contains__(self, header: str) -> bool:
        """Return whether the Host header names this server."""
        host = host_of(header)
        if host in self.names or is_loopback(host):
            return bool(host)
        # An attacker's page has a name; an address in the header cannot result from DNS rebinding.
        return not self.local and is_address(host)
