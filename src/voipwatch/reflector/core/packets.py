"""Compact columns of packets, and the window over what was received of one flow."""

from array import array
from dataclasses import dataclass, field
from typing import Final

from voipwatch.wire.farlog import FarColumns

WINDOW_BITS: Final = 64
_WINDOW: Final = (1 << WINDOW_BITS) - 1


@dataclass(slots=True)
class PacketLog:
    """Packets of one direction in the order seen: 18 bytes each."""

    seq: "array[int]" = field(default_factory=lambda: array("I"))
    t_us: "array[int]" = field(default_factory=lambda: array("Q"))
    size_bytes: "array[int]" = field(default_factory=lambda: array("H"))
    crc: "array[int]" = field(default_factory=lambda: array("I"))

    def add(self, seq: int, t_us: int, *, size_bytes: int, crc: int) -> None:
        """Append one packet; `size_bytes` is 1 to 65535, `seq` and `crc` fit 32 bits."""
        self.seq.append(seq)
        self.t_us.append(t_us)
        self.size_bytes.append(size_bytes)
        self.crc.append(crc)

    def strike(self, index: int) -> None:
        """The packet at `index` was not sent after all."""
        self.size_bytes[index] = 0

    def columns(self) -> FarColumns:
        """What the log shows: everything but struck packets."""
        kept = [i for i, size in enumerate(self.size_bytes) if size]
        if len(kept) == len(self.seq):
            return FarColumns(list(self.seq), list(self.t_us), list(self.size_bytes), list(self.crc))
        return FarColumns(
            seq=[self.seq[i] for i in kept],
            t_us=[self.t_us[i] for i in kept],
            size_bytes=[self.size_bytes[i] for i in kept],
            crc=[self.crc[i] for i in kept],
        )


@dataclass(slots=True)
class ReceiveWindow:
    """Which sequence numbers of a flow arrived: bounded by the script, and the last 64 as a bitmap."""

    limit: int
    """One more than the highest sequence number that the flow's script has."""
    seen: bytearray
    """One bit a sequence number."""
    highest_seq: int = -1
    count: int = 0
    bitmap: int = 0
    """Bit i: packet highest_seq - 1 - i arrived (the window of RFC 6347 section 4.1.2.6)."""
    highest_us: int = 0

    @classmethod
    def of(cls, seq_limit: int) -> "ReceiveWindow":
        """A window for sequence numbers 0 to seq_limit - 1."""
        return cls(seq_limit, bytearray((seq_limit + 7) // 8))

    def admits(self, seq: int) -> bool:
        """True when the flow's script can have a packet of this number."""
        return 0 <= seq < self.limit

    def receive(self, seq: int, t_us: int) -> bool:
        """True when the packet is new. `seq` must be admitted."""
        byte, bit = seq >> 3, 1 << (seq & 7)
        if self.seen[byte] & bit:
            return False
        self.seen[byte] |= bit
        self.count += 1
        if seq > self.highest_seq:
            shift = seq - self.highest_seq
            before = (self.bitmap << 1) | 1 if self.highest_seq >= 0 else 0
            self.bitmap = (before << (shift - 1)) & _WINDOW if shift <= WINDOW_BITS else 0
            self.highest_seq = seq
            self.highest_us = t_us
        elif self.highest_seq - seq <= WINDOW_BITS:
            self.bitmap |= 1 << (self.highest_seq - seq - 1)
        return True
