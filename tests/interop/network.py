"""An address that libwebrtc accepts: it passes the loopback interface over, so a machine with nothing else needs another."""

import os
import shutil
import socket
import sys

INSIDE = "DUOLOGUE_INTEROP_NAMESPACE"
# Two ends of one cable, both here; the route makes the address one that is used to reach others.
CABLE = """set -e
ip link set lo up
ip link add interop0 type veth peer name interop1
ip address add 10.99.0.1/24 dev interop0
ip link set interop0 up
ip link set interop1 up
ip route add default via 10.99.0.2
exec "$@"
"""


def address() -> str | None:
    """This machine's address towards others. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))  # RFC 5737: documentation only
        except OSError:
            return None
        found = probe.getsockname()[0]
    return None if found.startswith("127.") else found


def ensure_address() -> None:
    """Begins anew in a network namespace with an address of its own where this machine has none (root only)."""
    if address():
        return
    if INSIDE in os.environ or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        sys.exit("interop: this machine has no address but loopback, which libwebrtc does not use: connect it to a network, or run this as root with `unshare` and `ip` (packages util-linux, iproute2)")
    again = [sys.executable, *sys.argv]
    os.execve(
        shutil.which("unshare"), ["unshare", "--net", "sh", "-c", CABLE, "sh", *again], {**os.environ, INSIDE: "1"}
    )


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody uses at the moment."""
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
