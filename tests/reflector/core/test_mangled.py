"""Real profiles, and boxes that rewrite what passes: the core answers or does not, and never raises."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reflector.core.support import AWAY, HOME, IDENTITY, WALL_S
from voipwatch.apps import BuildContext, Script, build, load_profiles, neutral_ports, tcp_ports, udp_ports
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import ProfileScripts, ReflectorCore
from voipwatch.wire.derive import flow_secret, packet_entropy
from voipwatch.wire.token import TokenKeys, encode_up

PROFILES: Final = load_profiles()
SCRIPTS: Final = ProfileScripts(PROFILES)
KINDS: Final = range(len(SCRIPTS.kinds))


def new_core() -> ReflectorCore:
    return ReflectorCore(
        IDENTITY,
        PROFILES,
        udp_ports=udp_ports(PROFILES),
        neutral_ports=neutral_ports,
        tcp_ports=tcp_ports(PROFILES),
        version="1",
        scripts=SCRIPTS,
    )


class NearEnd:
    """Builds every uplink packet of a flow as the probe does."""

    def __init__(self, core: ReflectorCore, kind: int) -> None:
        batch = core.issue_tickets(1, HOME, 0.0, WALL_S, bytes(32))
        ticket = batch.tickets[0]
        self.keys = TokenKeys(ticket.number, ticket.key, batch.offer.salt)
        self.flow = kind * REPLICATES
        self.script: Script = SCRIPTS.compile(self.flow, ticket.key)
        self.port = self.script.port or neutral_ports[0]

    def sends(self) -> list[tuple[int, bytes]]:
        """The far port and the bytes of the first try of every round, then of the first media packet."""
        rounds = [(64 * n, step.request, step.request.size) for n, step in enumerate(self.script.rounds)]
        media = [(1024, packet.message, packet.size) for packet in self.script.up[:1]]
        return [
            (self.script.port_at(seq, self.port), self._build(seq, message, size))
            for seq, message, size in (*rounds, *media)
        ]

    def packets(self) -> list[bytes]:
        """The bytes alone."""
        return [data for _, data in self.sends()]

    def _build(self, seq: int, message: object, size: int) -> bytes:
        room = message.room(size)  # type: ignore[attr-defined]  # an apps.Message, kept short here
        context = BuildContext(
            flow_secret=flow_secret(self.keys.key, self.flow),
            entropy=packet_entropy(self.keys.key, "u", self.flow, seq),
            token=encode_up(self.keys, self.flow, seq, room=room),
            size=size,
        )
        return build(message, context)  # type: ignore[arg-type]  # the same


def test_every_kind_of_flow_is_served_from_set_up_to_media() -> None:
    for kind in KINDS:
        core = new_core()
        near = NearEnd(core, kind)
        sent = 0
        for n, (port, data) in enumerate(near.sends()):
            core.receive_datagrams([(HOME, port, data)], 1.0 + n)
            sent += len(core.datagrams_to_send(1.5 + n))
        assert (core.counters.garbage, core.counters.refused, core.counters.unbuilt) == (0, 0, 0), kind
        expected = sum(len(step.replies) for step in near.script.rounds)
        assert sent >= expected + bool(near.script.down), SCRIPTS.kinds[kind]


EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 1500), st.integers(1, 255)),
        st.tuples(st.just("cut"), st.integers(0, 1500), st.integers(0, 200)),
        st.tuples(st.just("put"), st.integers(0, 1500), st.binary(max_size=30)),
    ),
    max_size=6,
)


def edited(data: bytes, edits: list[tuple[str, int, int | bytes]]) -> bytes:
    for what, at, by in edits:
        place = at % (len(data) + 1)
        if isinstance(by, bytes):
            data = data[:place] + by + data[place:]
        elif what == "cut":
            data = data[:place] + data[place + by :]
        elif place < len(data):
            data = data[:place] + bytes([data[place] ^ by]) + data[place + 1 :]
    return data


@settings(max_examples=200)
@given(kind=st.sampled_from(KINDS), edits=EDITS, which=st.integers(0, 5), tail=st.booleans())
def test_a_rewritten_packet_never_breaks_the_core(
    kind: int, edits: list[tuple[str, int, int | bytes]], which: int, tail: bool
) -> None:
    core = new_core()
    near = NearEnd(core, kind)
    packets = near.packets()
    data = edited(packets[which % len(packets)], edits)
    if tail:  # a valid token at the end of anything is authenticated whatever stands before it
        data += encode_up(near.keys, near.flow, 64 * (which % 4))
    core.receive_datagrams([(HOME, near.port, data), (AWAY, near.port, data)], 1.0)
    for _, _, answer in core.datagrams_to_send(9.0):
        assert 0 < len(answer) < 2000
