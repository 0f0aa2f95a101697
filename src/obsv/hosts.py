"""Host names and addresses: which are this machine's own, and whether a Host header names this server."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit


def host_of(header: str) -> str:
    """Host name of a Host header, without port, brackets or trailing dot; empty when it cannot be read."""
    try:
        return (urlsplit("//" + header).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def is_same_origin(origin: str, host: str) -> bool:
    """Whether an Origin header is that of a page of the server that the Host header names; False if it is malformed."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower()
    except ValueError:
        return False


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class KnownHosts:
    """The names that a server is known by. A Host header with another is a page's on a domain that points here.

    Args:
        bind: the address that the server listens on.
        names: further names (`OBSV_ALLOWED_HOSTS`).
    """

    def __init__(self, bind: str, names: Iterable[str] = ()) -> None:
        self.local = is_loopback(bind)
        self.names = {bind.lower(), *map(str.lower, names)} | (set() if self.local else {socket.gethostname().lower()})

    def __contains__(self, header: str) -> bool:
        """Whether the Host header names this server."""
        host = host_of(header)
        if host in self.names or is_loopback(host):
            return bool(host)
        # An attacker's page has a name; an address in the header cannot come from rebinding.
        return not self.local and is_address(host)
