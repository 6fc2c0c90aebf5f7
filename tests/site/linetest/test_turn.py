"""The relay: its configuration, credentials by a second method, a coturn that relays to one peer only."""

import asyncio
import base64
import hashlib
import hmac
import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import aioice.turn
import pytest
from aioice.stun import TransactionFailed

from tests.site.linetest.served import free_port
from tests.support.environment import require
from voipwatch.lab.support import WAYS, kernel_support
from voipwatch.site.linetest import turn
from voipwatch.site.linetest.far_end import TESTS_MAX
from voipwatch.site.linetest.messages import RELAYED, Arm
from voipwatch.site.linetest.turn import (
    TurnError,
    TurnOptions,
    TurnServer,
    addresses,
    configuration,
    credential,
    is_installed,
    open_port,
)

SECRET = "0123456789abcdef"
RELAYING = "tests.site.linetest.relaying"
ADDRESSES = "ip link set lo up; for n in 7 8 9; do ip address add 192.0.2.$n/32 dev lo; done"
OPTIONS = TurnOptions(
    address="192.0.2.7",
    far_end="192.0.2.7",
    name="turn.example",
    certificate=Path("c.pem"),
    key=Path("k.pem"),
)


def test_a_credential_is_its_expiry_and_its_hmac() -> None:
    user, password = credential(SECRET, 1_000.9, "visitor")
    assert user == "1300:visitor"
    assert base64.b64decode(password) == hmac.digest(SECRET.encode(), user.encode(), hashlib.sha1)


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_port_that_a_reflector_holds_at_every_address_is_not_the_relays(kind: socket.SocketKind) -> None:
    with socket.socket(type=kind) as taken:
        taken.bind(("0.0.0.0", 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        assert open_port("127.0.0.1", port) in turn.OTHER_PORTS
    assert open_port("127.0.0.1", port) == port
    with pytest.raises(TurnError, match="not this machine's"):
        open_port("192.0.2.1", port)


@pytest.mark.parametrize("processes", [1, 8, 40])
def test_all_tests_that_may_run_at_once_find_room_and_one_network_does_not_fill_it(processes: int) -> None:
    options = replace(OPTIONS, processes=processes)
    said = dict(line.partition("=")[::2] for line in configuration(options, SECRET).splitlines())
    assert int(said["total-quota"]) >= processes * TESTS_MAX * 2 * len(RELAYED)
    assert processes * 2 * len(RELAYED) <= int(said["user-quota"]) <= int(said["total-quota"]) / 2
    assert int(said["max-port"]) - int(said["min-port"]) > int(said["total-quota"])
    assert int(said["max-port"]) <= 65_535


async def allocations(
    server: TurnServer, port: int, visitor: str, most: int
) -> list[aioice.turn.TurnTransport]:
    """As many as coturn gives a visitor, who asks for a new credential each time."""
    held: list[aioice.turn.TurnTransport] = []
    while len(held) < most:
        _, user, password = server.offers(visitor)
        try:
            transport, _ = await aioice.turn.create_turn_endpoint(
                asyncio.DatagramProtocol, server_addr=("127.0.0.1", port), username=user, password=password
            )
        except TransactionFailed as error:
            if error.response.attributes["ERROR-CODE"][0] == 486:
                return held
            raise
        held.append(transport)
    return held


def test_whoever_asks_for_credentials_again_and_again_takes_no_more_than_his_share() -> None:
    """A real coturn; each credential has another second in it."""
    require(is_installed(), "no coturn: apt-get install coturn")
    seconds = count(int(datetime.now(tz=UTC).timestamp()))
    port = free_port()
    options = TurnOptions(address="127.0.0.1", far_end="127.0.0.1", port=port)

    async def fill(server: TurnServer) -> tuple[int, int]:
        greedy = await allocations(server, port, "greedy", 200)
        others = await allocations(server, port, "another", 2 * len(RELAYED))
        for transport in greedy + others:
            transport.close()
        await asyncio.sleep(0)
        return len(greedy), len(others)

    with TurnServer(options, SECRET, lambda: float(next(seconds))) as server:
        assert asyncio.run(fill(server)) == (options.caller_allocations, 2 * len(RELAYED))


def test_one_peer_is_allowed_and_everybody_else_denied() -> None:
    lines = configuration(OPTIONS, SECRET).splitlines()
    assert [line for line in lines if line.startswith("allowed-peer-ip=")] == ["allowed-peer-ip=192.0.2.7"]
    assert [line.partition("=")[2] for line in lines if line.startswith("denied-peer-ip=")] == list(
        turn.EVERYBODY
    )
    assert {"no-tcp-relay", "no-multicast-peers", "no-cli", "use-auth-secret"} <= set(lines)
    assert "log-file=/dev/null" in lines


def test_behind_nat_the_far_end_is_allowed_by_both_addresses() -> None:
    options = TurnOptions(address="10.0.0.4", far_end="10.0.0.4", public="198.51.100.1")
    lines = configuration(options, SECRET).splitlines()
    assert [line for line in lines if line.startswith("allowed-peer-ip=")] == [
        "allowed-peer-ip=10.0.0.4",
        "allowed-peer-ip=198.51.100.1",
    ]
    assert "external-ip=198.51.100.1/10.0.0.4" in lines
    assert addresses(options) == {
        Arm.TURN_UDP: "turn:198.51.100.1:3478?transport=udp",
        Arm.TURN_TCP: "turn:198.51.100.1:3478?transport=tcp",
    }


def test_tls_by_name_and_by_address_only_where_the_certificate_is_for_them() -> None:
    assert addresses(OPTIONS)[Arm.TURN_TLS] == "turns:turn.example:443?transport=tcp"
    assert addresses(OPTIONS)[Arm.TURN_TLS_AGAIN] == addresses(OPTIONS)[Arm.TURN_TLS]
    assert Arm.TURN_TLS_IP not in addresses(OPTIONS)


@pytest.mark.parametrize("bad", ["", "all", "192.0.2.7\nallowed-peer-ip=0.0.0.0"])
def test_what_is_no_address_reaches_no_file(bad: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        configuration(TurnOptions(address="192.0.2.7", far_end=bad), SECRET)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        TurnServer(OPTIONS, "short", lambda: 0.0)


def test_where_coturn_is_missing_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "which", lambda _: None)
    assert not is_installed()
    with pytest.raises(TurnError, match="install it"):
        TurnServer(OPTIONS, SECRET, lambda: 0.0).__enter__()


@pytest.mark.parametrize(("address", "busy"), [("198.51.100.77", False), ("127.0.0.1", True)])
def test_a_port_that_cannot_be_had_is_said_and_nothing_is_left(address: str, busy: bool) -> None:
    require(is_installed(), "no coturn: apt-get install coturn")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = TurnServer(TurnOptions(address=address, far_end=address, port=port), SECRET, lambda: 0.0)
        with pytest.raises(TurnError, match="in use" if busy else "assign requested address"):
            server.__enter__()
    assert server.pid is None


class Collects(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.got.put_nowait(data)


async def relays(server: tuple[str, int], user: str, password: str, peer: str) -> bool:
    """Whether what is sent by the relay reaches a socket at `peer`."""
    loop = asyncio.get_running_loop()
    listening, there = await loop.create_datagram_endpoint(Collects, local_addr=(peer, 0))
    transport = None
    try:
        transport, _ = await aioice.turn.create_turn_endpoint(
            asyncio.DatagramProtocol, server_addr=server, username=user, password=password
        )
        transport.sendto(b"hello", listening.get_extra_info("sockname"))
        async with asyncio.timeout(2):
            return await there.got.get() == b"hello"
    except TimeoutError:
        return False
    finally:
        if transport is not None:
            transport.close()
        listening.close()
        await asyncio.sleep(0)


@pytest.mark.kernel
def test_a_real_coturn_relays_to_the_far_end_and_to_nobody_else() -> None:
    """In a namespace of its own, with three addresses on its loopback device."""
    require(is_installed(), "no coturn: apt-get install coturn")
    require(kernel_support().available, "no network namespaces")
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [*WAYS[kernel_support().how], "sh", "-c", f'{ADDRESSES}; exec "{sys.executable}" -m {RELAYING}'],
        capture_output=True, text=True, timeout=40, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])},
    )  # fmt: skip
    assert done.stdout.split() == ["True", "False", "False", "False", "refused"], done.stderr
