"""Which worker gets a datagram or a connection: one filter in the kernel for all sockets of a port.

Sockets that share a port by SO_REUSEPORT are a group. Left to itself the kernel deals by a hash of both
addresses and ports, so that the flows of one caller would lie with all workers. A filter (classic BPF,
SO_ATTACH_REUSEPORT_CBPF of socket(7), Linux 4.5) deals by the caller's /24 or /48 instead: the core counts by
these prefixes or by longer ones, so that a prefix is counted in one place.

The filter is for speed. What it deals wrongly, as of a caller whose UDP leaves by another address than his
TCP, workers hand on to each other (`peers`).
"""

import ctypes
import socket
from ipaddress import ip_address
from struct import Struct
from typing import Final, NamedTuple

SO_ATTACH_REUSEPORT_CBPF: Final = 51
"""asm-generic/socket.h; Python has no name for it."""
NET: Final = 0xFFF00000
"""SKF_NET_OFF of linux/filter.h: offsets from here on are into the network header."""
GOLDEN: Final = 0x9E3779B1
"""2^32 by the golden ratio: multiplicative hashing (Knuth, The Art of Computer Programming 3, 6.4)."""

# linux/bpf_common.h: class, size or operation, and mode or source, added up
LD_BYTE: Final = 0x30
LD_WORD: Final = 0x20
A_TO_X: Final = 0x07
JUMP: Final = 0x05
IF_EQUAL: Final = 0x15
SHIFT_RIGHT: Final = 0x74
MULTIPLY: Final = 0x24
XOR_X: Final = 0xAC
MODULO: Final = 0x94
RETURN_A: Final = 0x16

_INSTRUCTION: Final = Struct("=HBBI")
_PROGRAM: Final = Struct("@HP")
"""`sock_fprog` of linux/filter.h: how many instructions, and where."""


class Instruction(NamedTuple):
    """`sock_filter` of linux/filter.h."""

    code: int
    k: int = 0
    true: int = 0
    """How many instructions to skip where the comparison holds."""
    false: int = 0


def steering_program(workers: int) -> list[Instruction]:
    """Returns a worker, 0 to `workers` - 1, by the source of an IPv4 or IPv6 packet."""
    return [
        Instruction(LD_BYTE, NET),
        Instruction(SHIFT_RIGHT, 4),
        Instruction(IF_EQUAL, 6, true=3),  # the version
        Instruction(LD_WORD, NET + 12),
        Instruction(SHIFT_RIGHT, 8),
        Instruction(JUMP, 5),
        Instruction(LD_WORD, NET + 12),  # IPv6: the source begins at 8
        Instruction(SHIFT_RIGHT, 16),
        Instruction(A_TO_X),
        Instruction(LD_WORD, NET + 8),
        Instruction(XOR_X),
        Instruction(MULTIPLY, GOLDEN),
        Instruction(SHIFT_RIGHT, 16),
        Instruction(MODULO, workers),
        Instruction(RETURN_A),
    ]


def worker_of(ip: str, workers: int) -> int:
    """What the program returns for a packet from `ip`. Raises ValueError for what is no address."""
    address = ip_address(ip.partition("%")[0])
    value = int(address)
    prefix = value >> 8 if address.version == 4 else value >> 96 ^ (value >> 80 & 0xFFFF)
    return ((prefix * GOLDEN & 0xFFFFFFFF) >> 16) % workers


def share_port(sock: socket.socket) -> None:
    """Let it be one of several on its port; to be called before it is bound. Raises OSError."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def steer(sock: socket.socket, workers: int) -> None:
    """Attach the filter to the group of a bound socket. Raises OSError where the kernel has none.

    Sockets of a group are numbered in the order in which they were bound or, for TCP, began to listen.
    """
    program = steering_program(workers)
    code = b"".join(_INSTRUCTION.pack(each.code, each.true, each.false, each.k) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))  # to live until the call is over
    pointer = _PROGRAM.pack(len(program), ctypes.addressof(buffer))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, pointer)
