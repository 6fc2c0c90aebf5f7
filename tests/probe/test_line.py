"""What is told of the line, from hand-made kernel tables."""

from pathlib import Path as File

import pytest

from voipwatch.model.vocabulary import Failure
from voipwatch.probe import line
from voipwatch.probe.path import Path

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def route(interface: str, destination: str, mask: str, metric: int = 0, flags: str = "0001") -> str:
    return f"{interface}\t{destination}\t00000000\t{flags}\t0\t0\t{metric}\t{mask}\t0\t0\t0\n"


def machine(tmp_path: File, routes: str, **interfaces: dict[str, str]) -> tuple[File, File]:
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    proc.mkdir()
    (proc / "route").write_text(HEAD + routes)
    for name, files in interfaces.items():
        (sys / name).mkdir(parents=True)
        for file, content in files.items():
            (sys / name / file).write_text(content)
    return proc, sys


ETHERNET = {"type": "1\n", "uevent": "INTERFACE=eth0\n", "device": ""}
TUN = {"type": "65534\n", "uevent": "INTERFACE=tun0\n", "tun_flags": "0x1\n"}
WIREGUARD = {"type": "65534\n", "uevent": "DEVTYPE=wireguard\nINTERFACE=wg0\n"}
MODEM = {"type": "65534\n", "uevent": "INTERFACE=wwan0\n", "device": ""}
PPP = {"type": "512\n", "uevent": "INTERFACE=ppp0\n"}
GRE = {"type": "778\n", "uevent": "INTERFACE=gre1\n"}
VETH = {"type": "1\n", "uevent": "INTERFACE=veth0\n"}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (ETHERNET, False),
        (TUN, True),
        (WIREGUARD, True),
        (MODEM, False),
        (PPP, None),
        (GRE, True),
        (VETH, False),
        ({}, None),
    ],
)
def test_kinds_of_interfaces(tmp_path: File, files: dict[str, str], expected: bool | None) -> None:
    proc, sys = machine(tmp_path, route("dev0", "00000000", "00000000"), dev0=files)
    assert line.tunnel(Path("192.0.2.1"), proc=proc, sys=sys) is expected


def test_the_most_specific_route_counts(tmp_path: File) -> None:
    # 192.0.2.0/24 by the VPN, everything else by Ethernet; numbers are little-endian
    routes = route("eth0", "00000000", "00000000") + route("tun0", "000200C0", "00FFFFFF")
    proc, sys = machine(tmp_path, routes, eth0=ETHERNET, tun0=TUN)
    assert line.tunnel(Path("192.0.2.1"), proc=proc, sys=sys) is True
    assert line.tunnel(Path("198.51.100.1"), proc=proc, sys=sys) is False


def test_of_equal_routes_the_lower_metric_counts_and_dead_ones_do_not(tmp_path: File) -> None:
    routes = (
        route("gone0", "00000000", "00000000", metric=0, flags="0000")
        + route("tun0", "00000000", "00000000", metric=50)
        + route("eth0", "00000000", "00000000", metric=100)
    )
    proc, sys = machine(tmp_path, routes, eth0=ETHERNET, tun0=TUN)
    assert line.tunnel(Path("192.0.2.1"), proc=proc, sys=sys) is True


def test_ipv6_has_its_own_table(tmp_path: File) -> None:
    proc, sys = machine(tmp_path, "", tun0=TUN, eth0=ETHERNET)
    zero = "0" * 32
    rows = [
        f"{zero} 00 {zero} 00 {zero} 00000400 00000001 00000000 00000003 eth0",
        f"20010db8{'0' * 24} 20 {zero} 00 {zero} 00000400 00000001 00000000 00000001 tun0",
        f"{zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200 lo",
    ]
    (proc / "ipv6_route").write_text("\n".join(rows) + "\n")
    assert line.tunnel(Path("2001:db8::1"), proc=proc, sys=sys) is True
    assert line.tunnel(Path("2001:db9::1"), proc=proc, sys=sys) is False


@pytest.mark.parametrize("content", ["", "nonsense\nnonsense\n", HEAD + "eth0\tzz\n"])
def test_what_cannot_be_read_is_unknown(tmp_path: File, content: str) -> None:
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "route").write_text(content)
    assert line.tunnel(Path("192.0.2.1"), proc=proc, sys=tmp_path) is None
    assert line.tunnel(Path("2001:db8::1"), proc=proc, sys=tmp_path) is None


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("127.0.0.1", "none"),
        ("192.168.1.20", "private"),
        ("100.72.1.1", "cgnat"),
        ("8.8.8.8", "public"),
        ("fd00::1", "private"),
        ("fe80::1%eth0", "private"),
        ("2606:4700::1", "public"),
        (Failure.NETWORK_UNREACHABLE, None),
    ],
)
def test_the_local_hop_is_a_kind_and_never_an_address(
    monkeypatch: pytest.MonkeyPatch, ip: "str | Failure", kind: str | None
) -> None:
    monkeypatch.setattr(Path, "local_ip", lambda _: ip)
    assert line.local_hop(Path("192.0.2.1")) == kind


@pytest.mark.parametrize(
    ("local_hop", "observed", "nat"),
    [
        ("private", "public", "translated"),
        ("cgnat", "public", "translated"),
        ("private", "cgnat", "translated"),
        ("public", "public", "none"),
        ("none", "loopback", "none"),
        ("private", "private", None),
        (None, "public", None),
        ("private", None, None),
    ],
)
def test_a_translator_shows_by_the_kinds_of_address(
    local_hop: str | None, observed: str | None, nat: str | None
) -> None:
    assert line.translation(local_hop, observed) == nat


def test_an_interface_is_a_tunnel_or_not_or_unknown(tmp_path: File) -> None:
    for name, kind in (("tun0", "65534"), ("eth0", "1"), ("ppp0", "512")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "uevent").write_text("")
        (tmp_path / name / "type").write_text(kind)
    said = {name: line.is_tunnel_interface(name, sys=tmp_path) for name in ("tun0", "eth0", "ppp0", "gone0")}
    assert said == {"tun0": True, "eth0": False, "ppp0": None, "gone0": None}
