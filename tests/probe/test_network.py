"""Networks told apart by what the system knows; files as Linux writes them, in folders of the test."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from voipwatch.model.vocabulary import Access
from voipwatch.probe.network import UNTOLD, Network, current_network, run_tool, ways_out

ROUTE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         AC:DE:48:00:11:22     *        wlan0
192.168.1.1      0x1         0x2         00:00:00:00:00:01     *        eth9
192.168.2.1      0x1         0x0         00:00:00:00:00:00     *        eth0
"""
ROUTE6 = (
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fe800000000000000000000000000001 00000400 00000003 00000000 00450003     eth6\n"
)


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Network]:
    proc, sys_net = tmp_path / "proc", tmp_path / "sys"
    proc.mkdir()
    (proc / "route").write_text(ROUTE)
    (proc / "arp").write_text(ARP)
    (proc / "ipv6_route").write_text(ROUTE6)
    for name, kind in (
        ("wlan0", "1"),
        ("eth0", "1"),
        ("eth6", "1"),
        ("wwan0", "65534"),
        ("tun0", "65534"),
        ("ppp0", "512"),
        ("veth1", "1"),
    ):
        (sys_net / name).mkdir(parents=True)
        (sys_net / name / "type").write_text(f"{kind}\n")
        (sys_net / name / "uevent").write_text(f"INTERFACE={name}\n")
    for name in ("wlan0", "eth0", "eth6", "wwan0"):
        (sys_net / name / "device").mkdir()
    (sys_net / "wlan0" / "wireless").mkdir()
    (sys_net / "wwan0" / "uevent").write_text("DEVTYPE=wwan\n")
    (sys_net / "tun0" / "tun_flags").write_text("0x1001\n")

    def look(*interfaces: str, run: Callable[[list[str]], str] = lambda _: "") -> Network:
        return current_network(proc=proc, sys_net=sys_net, ways=lambda: list(interfaces), run=run)

    return look


def mmcli(technologies: list[str] | str, code: str = "60401") -> Callable[[list[str]], str]:
    modem = {"modem": {"generic": {"access-technologies": technologies}, "3gpp": {"operator-code": code}}}
    return lambda arguments: json.dumps(modem) if arguments[0] == "mmcli" else ""


def test_a_network_is_its_routers_hardware_address(machine: Callable[..., Network]) -> None:
    found = machine("wlan0")
    assert found == Network("router ac:de:48:00:11:22", Access.WIFI, tunnel=False, connected=True)


def test_a_router_that_has_not_answered_tells_nothing(machine: Callable[..., Network]) -> None:
    assert machine("eth0") == Network(UNTOLD, Access.ETHERNET, tunnel=False, connected=True)


def test_without_ipv4_the_neighbour_table_is_asked(machine: Callable[..., Network]) -> None:
    asked = []

    def run(arguments: list[str]) -> str:
        asked.append(arguments)
        return "fe80::1 lladdr ac:de:48:00:11:33 router REACHABLE\n"

    assert machine("eth6", run=run).name == "router ac:de:48:00:11:33"
    assert asked == [["ip", "-6", "neigh", "show", "fe80::1", "dev", "eth6"]]
    assert machine("eth6", run=lambda _: "fe80::1 FAILED\n").name == UNTOLD


@pytest.mark.parametrize(
    ("told", "access"),
    [(["lte"], Access.G4), (["lte", "5gnr"], Access.G5), (["umts", "hsdpa"], Access.G3), ("lte", Access.G4),
     (["gprs"], Access.UNKNOWN), ("--", Access.UNKNOWN), ([], Access.UNKNOWN)],
)  # fmt: skip
def test_a_mobile_line_is_what_the_modem_says(
    machine: Callable[..., Network], told: list[str] | str, access: Access
) -> None:
    found = machine("wwan0", run=mmcli(told))
    assert (found.name, found.access, found.tunnel) == ("operator 60401", access, False)


def test_a_modem_is_not_asked_for_another_interface(machine: Callable[..., Network]) -> None:
    assert machine("wlan0", run=mmcli(["lte"])).access is Access.WIFI


@pytest.mark.parametrize(
    "answer", ["", "{", "[]", '{"modem": 3}', '{"modem":{"generic":null}}', "[" * 99_999]
)
def test_a_modem_manager_that_speaks_nonsense_tells_nothing(
    machine: Callable[..., Network], answer: str
) -> None:
    found = machine("wwan0", run=lambda _: answer)
    assert (found.name, found.access) == (UNTOLD, Access.UNKNOWN)


def test_a_tunnel_in_either_ip_version_is_a_tunnel(machine: Callable[..., Network]) -> None:
    assert machine("tun0").tunnel is True
    assert machine("wlan0", "tun0").tunnel is True
    assert machine("wlan0", "eth6").tunnel is False
    assert machine("ppp0").tunnel is None, "a DSL line or a VPN: it looks alike"
    assert machine("gone0").tunnel is None


def test_an_interface_without_hardware_is_no_cable(machine: Callable[..., Network]) -> None:
    assert machine("veth1").access is Access.UNKNOWN


def test_no_way_out_is_no_network(machine: Callable[..., Network]) -> None:
    assert machine() == Network(UNTOLD, Access.UNKNOWN, tunnel=None, connected=False)


def test_broken_tables_tell_nothing(tmp_path: Path) -> None:
    (tmp_path / "route").write_text("Iface\nwlan0\n\nwlan0 00000000 zz 3 0 0 m 00000000\n")
    (tmp_path / "arp").write_bytes(b"\xff\xfe\n\x00\n")
    (tmp_path / "ipv6_route").write_text("x y\n")
    found = current_network(proc=tmp_path, sys_net=tmp_path, ways=lambda: ["wlan0"], run=lambda _: "")
    assert found.name == UNTOLD


def test_this_machine_answers_without_a_packet() -> None:
    known = {name for _, name in socket.if_nameindex()}
    assert set(ways_out()) <= known
    assert isinstance(current_network().name, str)


def test_a_tool_that_is_missing_fails_or_hangs_says_nothing() -> None:
    assert run_tool(["voipwatch-no-such-tool"]) == ""
    assert run_tool(["false"]) == ""
    assert run_tool(["echo", "yes"]) == "yes\n"
