"""The reflector's own server, with calls as long as a bench wants: `-m scripts.benchmarks.farend CONFIG`.

A check's voice lasts half a second to a minute, by its profile. Here its scripts' voice is said again and
again, 20 ms apart; core, sockets, log and everything else are the reflector's. It says on standard output, in
JSON a line: what a far caller must know, and, when SIGTERM ends it, what it counted.
"""

import asyncio
import gc
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from voipwatch import apps
from voipwatch.apps import load_profiles, neutral_ports
from voipwatch.model.flows import REPLICATES, FlowKind
from voipwatch.model.vocabulary import Media
from voipwatch.reflector import compiled
from voipwatch.reflector.batches import make_batches
from voipwatch.reflector.binding import Bound
from voipwatch.reflector.certificate import kept_certificate
from voipwatch.reflector.core import Identity, ReflectorCore
from voipwatch.reflector.core.limits import TICKETS_SITE_MAX
from voipwatch.reflector.core.proof import source_nonce
from voipwatch.reflector.core.scripts import ProfileScripts, Scripts
from voipwatch.reflector.server import Server
from voipwatch.reflector.state import DataFolder
from voipwatch.reflector.udp import BATCH_MAX, UdpSocket

GAP_US: Final = 20_000
SOURCE_TICKETS: Final = TICKETS_SITE_MAX
"""Of one source address: what its network may have unused."""
_IDENTITY: Final = Identity(b"bench" + bytes(27), bytes(32), bytes(16))


class Config(msgspec.Struct, frozen=True):
    """What the far end is asked to be."""

    bind: str
    calls: int
    """A multiple of four: a ticket plays one voice and its three controls, as a check does."""
    packets: int
    batches: bool = True
    compiled: bool = False


class CallGiven(msgspec.Struct, frozen=True):
    """One call that may be made."""

    number: int
    key: bytes
    flow: int
    source: str
    port: int
    nonce: bytes


class Given(msgspec.Struct, frozen=True):
    """Everything a caller needs."""

    salt: bytes
    calls: list[CallGiven]


class Counted(msgspec.Struct, frozen=True):
    """What the far end did in all."""

    datagrams_in: int
    datagrams_out: int
    garbage: int
    refused: int
    unsent: int
    cpu_s: float


class LongScripts:
    """The profiles' voice, as many packets of it as are asked for, 20 ms apart."""

    def __init__(self, packets: int) -> None:
        self._base: Scripts = ProfileScripts(load_profiles())
        self._packets = packets
        self._known: dict[int, apps.Script] = {}
        self.digest = self._base.digest

    @property
    def kinds(self) -> Sequence[FlowKind]:
        """The packaged ones."""
        return self._base.kinds

    @property
    def mutants(self) -> Sequence[FlowKind]:
        """None is played."""
        return ()

    def voice(self) -> list[int]:
        """The kinds of a SIP call's voice: the app's and its controls, none of which needs a set-up."""
        return [
            index
            for index, kind in enumerate(self.kinds)
            if kind.app == "sip" and kind.leg == "media" and kind.media is Media.VOICE
        ]

    def compile(self, flow: int, ticket_key: bytes) -> apps.Script:
        """The same for every ticket: its voice has one size, so that nothing of it is drawn."""
        if flow not in self._known:
            script = self._base.compile(flow, ticket_key)
            self._known[flow] = replace(script, up=self._long(script.up), down=self._long(script.down))
        return self._known[flow]

    def build(self, message: apps.Message, context: apps.BuildContext) -> bytes:
        """As ever."""
        return self._base.build(message, context)

    def _long(self, media: Sequence[apps.MediaPacket]) -> tuple[apps.MediaPacket, ...]:
        return tuple(
            msgspec.structs.replace(media[n % len(media)], offset_us=GAP_US * n, index=n)
            for n in range(self._packets)
        )


def give_calls(core: ReflectorCore, scripts: LongScripts, count: int, now: float) -> Given:
    """Tickets for `count` calls, four each, from loopback addresses in networks of their own."""
    given: list[CallGiven] = []
    voice = scripts.voice()
    for ticket_index in range(count // len(voice)):
        source = f"127.70.{ticket_index // SOURCE_TICKETS}.1"
        entropy = ticket_index.to_bytes(16, "big")
        [ticket] = core.issue_tickets(1, (source, 1), now, int(time.monotonic()), entropy).tickets
        nonce = source_nonce(_IDENTITY.nonce_secret, ticket.number, source)
        for kind in voice:
            flow = kind * REPLICATES
            port = scripts.compile(flow, ticket.key).port or neutral_ports[1]
            given.append(CallGiven(ticket.number, ticket.key, flow, source, port, nonce))
    return Given(core.offer.salt, given)


async def serve(config: Config) -> None:
    """Until SIGTERM."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    scripts = LongScripts(config.packets)
    own = [port for kind in scripts.voice() if (port := scripts.compile(kind * REPLICATES, b"").port)]
    ports = sorted({*own, neutral_ports[1]})
    core = ReflectorCore(
        _IDENTITY,
        load_profiles(),
        udp_ports=own,
        neutral_ports=neutral_ports,
        tcp_ports=(),
        version="bench",
        scripts=scripts,
    )
    if config.compiled:
        core.hasten(compiled.load().Hot)
    batches = make_batches(BATCH_MAX) if config.batches else None
    bound = Bound(udp=[UdpSocket.bind(config.bind, port, batches=batches) for port in ports])
    folder = DataFolder(None, lambda text: print(text, file=sys.stderr))
    server = Server(core, bound, certificate=kept_certificate(folder), folder=folder)
    server.start()
    _say(give_calls(core, scripts, config.calls, loop.time()))
    gc.collect()
    gc.freeze()
    before = _cpu_s()
    await stop.wait()
    cpu_s = _cpu_s() - before
    await server.stop()
    counters = core.counters
    _say(
        Counted(
            counters.datagrams_in,
            counters.datagrams_out,
            counters.garbage,
            counters.refused,
            counters.unsent,
            cpu_s,
        )
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(what: msgspec.Struct) -> None:
    sys.stdout.write(msgspec.json.encode(what).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(msgspec.json.decode(sys.argv[1], type=Config)))
