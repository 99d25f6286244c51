"""Whether an address is this machine's own."""

from ipaddress import ip_address


def is_this_machine(host: str, /) -> bool:
    """Say whether what is sent to a host never leaves this machine: no wire to listen at, and no proxy to ask."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
