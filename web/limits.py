"""Limits: how often a member, and a network, may ask for something within a minute.

The counts are in the memory of this process. They slow floods down; nothing depends on them that
has to hold for certain, as the limits on guesses at passwords do, which are rows of the database.
"""

import ipaddress
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from web.routes import Request

# So many members of one network may use what each of them may.
MEMBERS_OF_A_NETWORK = 10
# Counts of members and networks without recent requests are dropped beyond this number.
MOST_COUNTS = 20_000


class Kind(StrEnum):
    """What is counted, each by itself."""

    SEARCH = "search"
    WRITE = "write"
    # Pages behind the links of guests and of invitations, whatever the secret in the address.
    LINK = "link"
    # Pages for people who are not signed in, such as the form for signing in.
    VISIT = "visit"


@dataclass(frozen=True)
class Limit:
    """A number of requests within some seconds."""

    count: int
    seconds: float = 60.0


# A name is searched for with every letter that is typed, so searches are many.
LIMITS = {
    Kind.SEARCH: Limit(120),
    Kind.WRITE: Limit(120),
    Kind.LINK: Limit(60),
    Kind.VISIT: Limit(300),
}


class Limiter:
    """Counts requests by their kind and by who sent them."""

    def __init__(self) -> None:
        self._times: dict[tuple[Kind, str], deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, kind: Kind, subject: str, times: int = 1) -> float:
        """Count a request; the seconds until it is allowed, 0 if it is allowed now.

        A request that is not allowed is not counted, so that waiting is enough. `times` multiplies
        the limit, for a subject who stands for several.
        """
        limit, moment = LIMITS[kind], time.monotonic()
        with self._lock:
            counted = self._times.setdefault((kind, subject), deque())
            while counted and counted[0] <= moment - limit.seconds:
                counted.popleft()
            if len(counted) >= limit.count * times:
                return counted[0] + limit.seconds - moment
            counted.append(moment)
            if len(self._times) > MOST_COUNTS:
                self._drop_old(moment)
        return 0.0

    def _drop_old(self, moment: float) -> None:
        old = [
            key
            for key, counted in self._times.items()
            if not counted or counted[-1] <= moment - LIMITS[key[0]].seconds
        ]
        for key in old:
            del self._times[key]


def network_of(request: Request) -> str:
    """The network of a request's client: its IPv4 address, or the /64 of its IPv6 address."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:60]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
