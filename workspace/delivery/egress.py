"""The guard for where the server itself may connect: public addresses, and those that the settings
list.

A name is resolved once, and the address that was vetted is dialled: a name that resolves to another
address a moment later leads nowhere (DNS rebinding). Callers do not follow redirects.
"""

import ipaddress
import socket
from collections.abc import Iterator, Sequence

import httpx2

from workspace.errors import DealkinError, Invalid
from workspace.settings import Settings
from workspace.told import Code, refusal

SECONDS = 10.0
# Bytes of an answer: documents about keys and tokens are small.
LARGEST_ANSWER = 1_000_000
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


class Unreachable(DealkinError):
    """The server may not connect there, or nobody answers as expected."""


def internal_networks(settings: Settings) -> Networks:
    """The internal addresses that an administrator allows, by DEALKIN_INTERNAL_ADDRESSES."""
    listed = filter(None, map(str.strip, (settings.internal_addresses or "").split(",")))
    try:
        return [ipaddress.ip_network(each, strict=False) for each in listed]
    except ValueError as wrong:
        raise DealkinError(f"DEALKIN_INTERNAL_ADDRESSES: {wrong}.") from None


def vetted_address(host: str, port: int, allowed: Networks) -> str:
    """The address to dial for a host: every one that its name has is public or allowed."""
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise refusal(Unreachable, Code.HOST_UNKNOWN, host=host) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in resolved]
    for address in addresses:
        if not may_connect(address, allowed):
            raise refusal(Unreachable, Code.HOST_INTERNAL, host=host)
    if not addresses:
        raise refusal(Unreachable, Code.HOST_UNKNOWN, host=host)
    return str(addresses[0])


def may_connect(address: Address, allowed: Networks) -> bool:
    """Whether an address is public, with the one that it carries inside, or is allowed."""
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return all(each.is_global and not each.is_multicast for each in _with_carried(address))


def _with_carried(address: Address) -> Iterator[Address]:
    """An address, and the IPv4 addresses to which it leads through a gateway."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    for carried in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())):
        if carried is not None:
            yield carried


class Guarded(httpx2.HTTPTransport):
    """A transport that dials vetted addresses alone; TLS still checks the name."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(trust_env=False)
        self._allowed = internal_networks(settings)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        host, scheme = request.url.host, request.url.scheme
        port = request.url.port or (443 if scheme == "https" else 80)
        address = vetted_address(host, port, self._allowed)
        if scheme != "https" and not any(
            ipaddress.ip_address(address) in network for network in self._allowed
        ):
            raise refusal(Unreachable, Code.HOST_UNSAFE, host=host)
        # The header Host was set from the address with the name.
        request.url = request.url.copy_with(host=address)
        request.extensions = {**request.extensions, "sni_hostname": host}
        # A small answer may be huge once it is unpacked.
        request.headers["Accept-Encoding"] = "identity"
        response = super().handle_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            response.close()
            raise refusal(Unreachable, Code.ANSWER_PACKED, host=host)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=_Limited(response.stream),
            extensions=response.extensions,
        )


class _Limited(httpx2.SyncByteStream):
    """The body of an answer, up to the largest one."""

    def __init__(self, stream: object) -> None:
        self._stream: httpx2.SyncByteStream = stream  # type: ignore[assignment]

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._stream:
            size += len(part)
            if size > LARGEST_ANSWER:
                raise refusal(Unreachable, Code.ANSWER_LARGE)
            yield part

    def close(self) -> None:
        self._stream.close()


def require_address(url: str, field: str) -> None:
    """Refuse an address that is no plain http or https URL, before it is stored."""
    try:
        parts = httpx2.URL(url)
    except httpx2.InvalidURL:
        parts = httpx2.URL("")
    if parts.scheme not in ("http", "https") or not parts.host or parts.userinfo:
        raise Invalid("This address cannot be used.", {field: "Such as https://id.example.com."})
