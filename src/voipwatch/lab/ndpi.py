"""nDPI as a box has it: asked packet by packet what it takes each flow for.

The only file of the package that knows nfstream, whose C engine carries nDPI 5.0 (`nfstream/engine`; its C
side is `lib_engine.c`). nfstream reads captures and says a flow's name when the flow is over: too late for a
censor, so that its meter is called here for one packet at a time.

One classifier is one box. Flows are keyed by five-tuple. nDPI's caches carry a STUN flow's name to the next
flow of either end's address and port (confidence 5). A provider's relays have addresses of their own; here
every app's far end is one reflector, on whose ports one app's name would pass to another app. So a box has
its caches off, and each flow is judged by its own packets, unless it asks for them.
"""

import ctypes
import weakref
from importlib.util import find_spec
from typing import Any, Final

from voipwatch.lab.policy.packet import Packet
from voipwatch.lab.policy.state import FLOW_IDLE_S, FlowKey
from voipwatch.lab.policy.verdict import Classifier
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.udp import build_udp_packet

DISSECTIONS: Final = 20
"""Packets of a flow that are looked at: nfstream's own default."""
FLOWS_MAX: Final = 8_192
"""A flow holds a kilobyte or two of C memory."""
EPOCH_MS: Final = 1_452_168_000_000
"""Added to a world's time: nDPI takes an instant of 0 for none."""
CACHES: Final = ("stun", "msteams", "signal", "bittorrent", "ookla", "mining", "tls_cert")
"""nDPI's `lru.NAME.size` (doc/configuration_parameters.md); 0 turns one off."""
NEVER_MS: Final = 1 << 62
NO_NAME: Final = "Unknown"
UDP_NUMBER: Final = 17


class NdpiMissingError(RuntimeError):
    """nDPI cannot be had; the message says why."""


def is_installed() -> bool:
    """True if nfstream can be had."""
    return find_spec("nfstream") is not None


def open_classifier(caches: bool) -> Classifier:
    """A box of its own. Raises NdpiMissingError without nfstream."""
    return NdpiClassifier(caches=caches)


class NdpiClassifier:
    """Names flows. Feed it every packet of UDP once, in order of time.

    Raises:
        NdpiMissingError: nfstream is not installed, or its engine and its nDPI do not fit together.
    """

    def __init__(self, *, caches: bool = False) -> None:
        if not is_installed():
            raise NdpiMissingError("nfstream is not installed: the extra `lab` has it")
        from nfstream.engine import create_engine  # noqa: PLC0415 -- an extra, and slow

        self._ffi, self._lib = create_engine()
        self._dissector = self._open(caches=caches)
        self._flows: dict[FlowKey, tuple[Any, float]] = {}
        self._now_ms = 0
        weakref.finalize(self, _release, self._lib, self._dissector, self._flows)

    def _open(self, *, caches: bool) -> Any:  # noqa: ANN401 -- a C structure
        """As nfstream's `setup_dissector`, with the caches' sizes set while nDPI still takes them."""
        checker = self._ffi.new("struct dissector_checker *")
        for field, kind in (("flow_size", ""), ("flow_tcp_size", "tcp_"), ("flow_udp_size", "udp_")):
            setattr(checker, field, self._ffi.sizeof(f"struct ndpi_flow_{kind}struct"))
        dissector = self._lib.dissector_init(checker)
        if dissector == self._ffi.NULL:
            raise NdpiMissingError("nfstream's engine and its nDPI do not fit together")
        if not caches:
            import _lib_engine  # noqa: PLC0415 -- nfstream's library, which exports all of nDPI's functions

            configure = ctypes.CDLL(_lib_engine.__file__).ndpi_set_config
            box = ctypes.c_void_p(int(self._ffi.cast("uintptr_t", dissector)))
            for name in CACHES:
                if configure(box, None, f"lru.{name}.size".encode(), b"0") != 0:
                    raise NdpiMissingError(f"this nDPI has no cache called {name}")
        self._lib.dissector_configure(dissector)
        return dissector

    @property
    def version(self) -> str:
        """NDPI's own, as `5.0.0-1-375f99e`."""
        return str(self._ffi.string(self._lib.engine_lib_ndpi_version()).decode())

    def __call__(self, key: FlowKey, packet: Packet, now: float) -> tuple[str, int]:
        """The flow's name so far and nDPI's confidence in it; an empty name while it has none."""
        self._now_ms = max(self._now_ms, round(now * 1000))  # nDPI's clock never goes back
        flow, seen_at = self._flows.get(key, (None, now))
        if flow is not None and now - seen_at > FLOW_IDLE_S:
            self._forget(key)
            flow = None
        if flow is None:
            flow = self._begin(packet)
        elif not flow.detection_completed:
            made = self._packet(packet)
            self._lib.meter_update_flow(
                flow, made[0], NEVER_MS, NEVER_MS, 0, 0, 0, DISSECTIONS, self._dissector, 1
            )
        self._flows[key] = (flow, now)
        name = str(self._ffi.string(flow.application_name).decode("ascii", "replace"))
        return ("", 0) if name == NO_NAME else (name, int(flow.confidence))

    def _begin(self, packet: Packet) -> Any:  # noqa: ANN401 -- a C structure
        if len(self._flows) >= FLOWS_MAX:
            self._forget(next(iter(self._flows)))
        made = self._packet(packet)
        flow = self._lib.meter_initialize_flow(made[0], 0, 0, 0, DISSECTIONS, self._dissector, 1)
        if flow == self._ffi.NULL:
            raise MemoryError("nDPI has no memory for another flow")
        return flow

    def _packet(self, packet: Packet) -> tuple[Any, ...]:
        """The packet as nfstream's reader hands it to the meter, and what must live as long as it.

        The addresses stay in the packet itself, where nDPI reads them: the meter's own are for its tables.
        """
        ends = (TransportAddress(packet.src, packet.sport), TransportAddress(packet.dst, packet.dport))
        raw = build_udp_packet(*ends, payload=packet.payload)
        content = self._ffi.from_buffer("uint8_t[]", raw)
        made = self._ffi.new("struct nf_packet *")
        made.time = EPOCH_MS + self._now_ms
        made.protocol, made.src_port, made.dst_port = UDP_NUMBER, packet.sport, packet.dport
        made.ip_version = raw[0] >> 4
        made.raw_size = made.ip_size = made.ip_content_len = len(raw)
        made.payload_size = len(packet.payload)
        made.transport_size = made.payload_size + 8
        made.ip_content = content
        return made, content, raw

    def _forget(self, key: FlowKey) -> None:
        flow, _ = self._flows.pop(key)
        self._lib.meter_free_flow(flow, DISSECTIONS, 0, 1)


def _release(lib: Any, dissector: Any, flows: dict[FlowKey, tuple[Any, float]]) -> None:  # noqa: ANN401 -- C
    """Gives back what C holds, flows first."""
    for flow, _ in flows.values():
        lib.meter_free_flow(flow, DISSECTIONS, 0, 1)
    flows.clear()
    lib.dissector_cleanup(dissector)
