"""The providers of the kernel's network: resolvers, and servers that speak TCP, TLS and STUN.

A process of its own in the namespace that holds the internet, started by `netns`. It shakes hands and says
nothing more, as the probe never asks for more.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from struct import pack

import msgspec

from voipwatch.lab.policy.names import DNS_PORT, dns_answer, dns_name
from voipwatch.lab.provider_hosts import ProviderOrder
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunClass, decode_stun, message_type
from voipwatch.wire.stun_build import build_stun

DATAGRAM_BYTES_MAX = 2048
TYPE_A = 1
Answer = Callable[[bytes], bytes | None]


def resolve(names: Mapping[str, str], query: bytes) -> bytes | None:
    """A resolver's answer: the name's IPv4 address, no other record of it, or that there is no such name."""
    name = dns_name(query)
    if name is None:
        return None
    if name in names and int.from_bytes(query[-4:-2]) != TYPE_A:
        return query[:2] + pack("!5H", 0x8180, 1, 0, 0, 0) + query[12:]
    return dns_answer(query, (names[name],) if name in names else ())


def bind(request: bytes) -> bytes | None:
    """A STUN server's answer to a Binding request."""
    try:
        message = decode_stun(request)
    except WireError:
        return None
    return build_stun(message_type(1, StunClass.SUCCESS), message.transaction_id)


def _serve_datagrams(ip: str, port: int, answer: Answer) -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((ip, port))

    def readable() -> None:
        with suppress(OSError):  # an ICMP error about an answer that nobody waited for
            data, source = sock.recvfrom(DATAGRAM_BYTES_MAX)
            said = answer(data)
            if said is not None:
                sock.sendto(said, source)

    asyncio.get_running_loop().add_reader(sock.fileno(), readable)


async def _hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the other end goes."""
    with suppress(OSError):
        await reader.read()
    writer.close()


async def serve(order: ProviderOrder) -> None:
    """Everything that the order names, for ever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(order.certificate)
    for ip, names in order.resolvers.items():
        _serve_datagrams(ip, DNS_PORT, partial(resolve, names))
    for listener in order.listeners:
        if listener.transport == "stun":
            _serve_datagrams(listener.ip, listener.port, bind)
        else:
            tls = context if listener.transport == "tls" else None
            await asyncio.start_server(_hold, listener.ip, listener.port, ssl=tls)
    print("ready", flush=True)  # noqa: T201 -- the parent waits for it
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """`python -m voipwatch.lab.provider_server`."""
    asyncio.run(serve(msgspec.json.decode(sys.stdin.readline(), type=ProviderOrder)))


if __name__ == "__main__":
    main()
