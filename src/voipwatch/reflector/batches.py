"""Many datagrams by one call of the kernel: recvmmsg(2) and sendmmsg(2), where Linux has them.

`UdpSocket` (udp) says what a datagram is to the core and does the same by one call each; what happens here
must not differ from it in a byte (tests run both). The layout is that of 64-bit little-endian Linux,
<sys/socket.h>; elsewhere, and where numpy is missing, `make_batches` gives None and plain calls are used.
"""

import ctypes
import errno
import platform
import socket
import struct
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]

Ancillary = list[tuple[int, int, bytes]]
RawAddress = tuple[str, int] | tuple[str, int, int, int]

NAME_BYTES: Final = 28
"""sockaddr_in6, the longest of ours."""
CONTROL_BYTES: Final = 64
SLOT_BYTES: Final = 65_535 + 641
"""Of one datagram received, the longest there is; no multiple of a page, lest all slots share cache lines."""
SEND_BYTES_MAX: Final = 1 << 18
"""Payload of one sendmmsg; a longer datagram than that does not exist."""
_CMSG: Final = struct.Struct("=QII")
_NAME4: Final = struct.Struct("=H2s4s8x")
_NAME6: Final = struct.Struct("=H2s4s16sI")
_MACHINES: Final = ("x86_64", "aarch64", "riscv64")


class Batches:
    """The buffers of up to `size` datagrams each way, shared by all sockets of a process; one thread's."""

    def __init__(self, libc: ctypes.CDLL, size: int) -> None:
        """`libc` has both calls. Raises ImportError without numpy, AttributeError without the calls."""
        import numpy  # noqa: PLC0415, ICN001 -- the reflector runs without it, by plain calls

        self.size: Final = size
        self._receive, self._send = libc.recvmmsg, libc.sendmmsg
        self._receive.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p]
        self._send.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int]
        header = numpy.dtype([  # struct mmsghdr
            ("name", "<u8"), ("name_bytes", "<u4"), ("_a", "<u4"), ("parts", "<u8"), ("part_count", "<u8"),
            ("control", "<u8"), ("control_bytes", "<u8"), ("flags", "<u4"), ("_b", "<u4"),
            ("bytes", "<u4"), ("_c", "<u4"),
        ])  # fmt: skip
        part = numpy.dtype([("base", "<u8"), ("bytes", "<u8")])  # struct iovec
        self._steps = numpy.arange(size, dtype=numpy.uint64)
        self._in, self._out = numpy.zeros(size, header), numpy.zeros(size, header)
        self._in_parts, self._out_parts = numpy.zeros(size, part), numpy.zeros(size, part)
        self._in_data = numpy.zeros(size * SLOT_BYTES, numpy.uint8)
        self._out_data = numpy.zeros(SEND_BYTES_MAX, numpy.uint8)
        self._in_names, self._out_names = (numpy.zeros(size * NAME_BYTES, numpy.uint8) for _ in range(2))
        self._in_controls, self._out_controls = (
            numpy.zeros(size * CONTROL_BYTES, numpy.uint8) for _ in range(2)
        )
        self._in_parts["base"] = self._in_data.ctypes.data + self._steps * SLOT_BYTES
        self._in_parts["bytes"] = SLOT_BYTES
        for headers, parts, names, controls in (
            (self._in, self._in_parts, self._in_names, self._in_controls),
            (self._out, self._out_parts, self._out_names, self._out_controls),
        ):
            headers["name"] = names.ctypes.data + self._steps * NAME_BYTES
            headers["parts"] = parts.ctypes.data + self._steps * part.itemsize
            headers["part_count"] = 1
            headers["control"] = controls.ctypes.data + self._steps * CONTROL_BYTES
        self._used = size
        """Headers of the last receive, which the kernel wrote to."""
        self._in_bytes, self._in_name_bytes = self._in["bytes"], self._in["name_bytes"]
        self._in_control_bytes = self._in["control_bytes"]
        self._out_name_bytes, self._out_control_bytes = self._out["name_bytes"], self._out["control_bytes"]
        self._out_sizes, self._out_bases = self._out_parts["bytes"], self._out_parts["base"]
        self._out_data_at = self._out_data.ctypes.data
        self._cumsum = numpy.cumsum
        self._in_at, self._out_at = self._in.ctypes.data, self._out.ctypes.data
        self._in_view, self._names_view = self._in_data.data, self._in_names.data
        self._controls_view = self._in_controls.data
        self._out_view, self._out_names_view = self._out_data.data, self._out_names.data
        self._out_controls_view = self._out_controls.data

    def receive(self, sock: socket.socket) -> list[tuple[bytes, bytes, bytes]]:
        """What is there now, at most `size`: (sender's sockaddr, control messages, payload). Cannot fail."""
        self._in_name_bytes[: self._used] = NAME_BYTES
        self._in_control_bytes[: self._used] = CONTROL_BYTES
        self._used = 0
        for _ in range(self.size):
            count = self._receive(sock.fileno(), self._in_at, self.size, socket.MSG_DONTWAIT, None)
            if count >= 0:
                break
            if ctypes.get_errno() in (errno.EAGAIN, errno.EINTR, errno.EBADF):
                return []
        else:  # an ICMP error each time about something we sent: nothing was received
            return []
        self._used = count
        sizes = self._in_bytes[:count].tolist()
        names = self._in_name_bytes[:count].tolist()
        controls = self._in_control_bytes[:count].tolist()
        data, name, control = self._in_view, self._names_view, self._controls_view
        got, at, name_at, control_at = [], 0, 0, 0
        for size, name_bytes, control_bytes in zip(sizes, names, controls, strict=True):
            got.append(
                (
                    name[name_at : name_at + name_bytes].tobytes(),
                    control[control_at : control_at + control_bytes].tobytes() if control_bytes else b"",
                    data[at : at + size].tobytes(),
                )
            )
            at, name_at, control_at = at + SLOT_BYTES, name_at + NAME_BYTES, control_at + CONTROL_BYTES
        return got

    def send(self, sock: socket.socket, datagrams: Sequence[tuple[bytes, bytes, bytes]]) -> int:
        """How many of (receiver's sockaddr, control messages, payload) left, from the first on.

        Fewer than were given: the next one is to be sent by itself, which tells what is wrong with it.
        """
        chosen, room = [], SEND_BYTES_MAX
        for each in datagrams[: self.size]:
            room -= len(each[2])
            if room < 0:
                break
            chosen.append(each)
        count = len(chosen)
        if not count:
            return 0
        sizes = [len(data) for _, _, data in chosen]
        payload = b"".join([data for _, _, data in chosen])
        self._out_view[: len(payload)] = payload
        self._out_sizes[:count] = sizes
        self._out_bases[:count] = (
            self._out_data_at + self._cumsum(self._out_sizes[:count]) - self._out_sizes[:count]
        )
        names = b"".join([name.ljust(NAME_BYTES, b"\0") for name, _, _ in chosen])
        self._out_names_view[: len(names)] = names
        self._out_name_bytes[:count] = [len(name) for name, _, _ in chosen]
        controls = b"".join([control.ljust(CONTROL_BYTES, b"\0") for _, control, _ in chosen])
        self._out_controls_view[: len(controls)] = controls
        self._out_control_bytes[:count] = [len(control) for _, control, _ in chosen]
        left: int = self._send(sock.fileno(), self._out_at, count, socket.MSG_DONTWAIT)
        return max(0, left)


def make_batches(size: int) -> Batches | None:
    """Batches of up to `size` datagrams; None where there are no such calls, or not in our layout."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES or ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    try:
        return Batches(ctypes.CDLL(None, use_errno=True), size)
    except (ImportError, OSError, AttributeError):
        return None


def decode_name(name: bytes) -> RawAddress:
    """What `recvfrom` would have said of the sender: of a whole sockaddr_in or sockaddr_in6."""
    if len(name) == _NAME4.size:
        _, port, address = _NAME4.unpack(name)
        return socket.inet_ntop(socket.AF_INET, address), int.from_bytes(port, "big")
    _, port, flow, address, scope = _NAME6.unpack(name)
    ip = socket.inet_ntop(socket.AF_INET6, address)
    return ip, int.from_bytes(port, "big"), int.from_bytes(flow, "big"), scope


def decode_controls(controls: bytes) -> Ancillary:
    """What `recvmsg` would have said of the control messages (cmsg(3))."""
    found, at = [], 0
    while at + _CMSG.size <= len(controls):
        size, level, kind = _CMSG.unpack_from(controls, at)
        if size < _CMSG.size:
            break
        found.append((level, kind, controls[at + _CMSG.size : at + size]))
        at += (size + 7) & ~7
    return found


def encode_controls(ancillary: Ancillary) -> bytes:
    """The control messages as sendmsg(2) takes them."""
    return b"".join(
        (_CMSG.pack(_CMSG.size + len(data), level, kind) + data).ljust(
            (_CMSG.size + len(data) + 7) & ~7, b"\0"
        )
        for level, kind, data in ancillary
    )
