"""A private profile at a reflector: read strictly, played for its ticket alone, never kept, never many."""

import pytest

from tests.apps.imported.support import call, drafted
from voipwatch.apps import load_profiles
from voipwatch.apps.kinds import kind_table
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import Identity, ProfileScripts, ReflectorCore
from voipwatch.reflector.core.limits import PRIVATE_LIVE_MAX, PRIVATE_SITE_MAX
from voipwatch.reflector.core.private import (
    PROFILE_BYTES_MAX,
    PrivateScripts,
    RefusedProfileError,
    read_private,
)

TEXT = drafted(call()).text
WALL_S = 1_800_000_000


def core() -> ReflectorCore:
    identity = Identity(private_key=bytes(range(32)), master=bytes(32), salt=bytes(16))
    return ReflectorCore(
        identity, load_profiles(), udp_ports=[3478], neutral_ports=[40_003], tcp_ports=[443], version="test"
    )


def test_a_profile_is_read_as_its_owner_reads_it() -> None:
    assert read_private(TEXT).digest == drafted(call()).profile.digest


STREAM = (
    '[[legs.voice.streams]]\nname = "s{0}"\nmessage = "rtp-up-1"\ndirection = "up"\n'
    "rhythms = [{{ spacing_ms = [5], sizes = [80] }}]\n"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing"),
        ("x = [", "not TOML"),
        ("a = " + "[" * 5000, "not TOML|too deep|more tables"),
        ("#" + "x" * PROFILE_BYTES_MAX, "bytes"),
        ("#" + "\u20ac" * (PROFILE_BYTES_MAX // 2), "bytes"),
        ("a = '\ud800'", "TOML|id|missing"),
        (TEXT.replace('id = "private"', 'id = "whatsapp"', 1), "private profile is called private"),
        (TEXT.replace("type = 0x0001", "type = 0x9999", 1), "whole number"),
        (TEXT + "\n[[mutants]]" * 600, "more tables"),
        (TEXT.replace("sizes = [", "sizes = [" + "80," * 17_000, 1), "more tables"),
        (
            TEXT.replace("[messages.", "".join(STREAM.format(n) for n in range(6)) + "\n[messages.", 1),
            "packets a second",
        ),
    ],
)
def test_a_hostile_profile_is_refused_with_its_first_problem(text: str, reason: str) -> None:
    with pytest.raises(RefusedProfileError, match=reason) as caught:
        read_private(text)
    assert len(str(caught.value)) <= 300


def test_the_packaged_kinds_keep_their_numbers_and_the_private_ones_follow() -> None:
    packaged, profile = load_profiles(), read_private(TEXT)
    base = ProfileScripts(packaged)
    scripts = PrivateScripts(base, packaged, profile)
    both = packaged.with_private(profile)
    assert tuple(scripts.kinds) == kind_table(both)
    assert tuple(scripts.kinds[: len(base.kinds)]) == tuple(base.kinds)
    assert scripts.digest == both.digest != packaged.digest == both.packaged_digest
    flow = (len(scripts.kinds) - 1) * REPLICATES
    assert scripts.compile(flow, bytes(32)) == ProfileScripts(both).compile(flow, bytes(32))
    assert scripts.compile(REPLICATES, bytes(32)) == base.compile(REPLICATES, bytes(32))


def test_it_is_of_its_ticket_alone_and_goes_with_it() -> None:
    far, profile = core(), read_private(TEXT)
    with_it = far.issue_tickets(4, ("198.51.100.7", 1), 0.0, WALL_S, bytes(32), private=profile)
    without = far.issue_tickets(1, ("198.51.100.7", 1), 0.0, WALL_S, bytes(range(32)))
    assert len(with_it.tickets) == 1
    assert with_it.offer.profiles_digest == load_profiles().with_private(profile).digest
    assert without.offer.profiles_digest == load_profiles().digest == far.offer.profiles_digest
    kept = core()
    assert (
        kept.import_state(far.export_state(), 0.0, WALL_S) == 1
    )  # the one without: a profile is never on disk


def test_few_at_once_for_a_site_and_in_all() -> None:
    far, profile = core(), read_private(TEXT)
    numbers = [
        far.issue_tickets(1, ("198.51.100.7", 1), 0.0, WALL_S, bytes([n]) * 16, private=profile)
        .tickets[0]
        .number
        for n in range(PRIVATE_SITE_MAX + 2)
    ]
    live = {number for number in numbers if far._tickets.get(number) is not None}
    assert live == set(numbers[-PRIVATE_SITE_MAX:])
    for n in range(PRIVATE_LIVE_MAX - PRIVATE_SITE_MAX):
        far.issue_tickets(1, (f"203.0.{n}.7", 1), 0.0, WALL_S, bytes([n]) * 16, private=profile)
    with pytest.raises(RefusedProfileError, match="at once"):
        far.issue_tickets(1, ("192.0.2.7", 1), 0.0, WALL_S, bytes(16), private=profile)
    assert far.issue_tickets(1, ("192.0.2.7", 1), 0.0, WALL_S, bytes(16)).tickets
