"""A bounded cursor over untrusted bytes: the one door through which fields are read.

It reads big-endian numbers and byte strings, never beyond its end, and raises only `WireError`.
After dnspython's `Parser.restrict_to`: a sub-message is read by a cursor that cannot see past it.
"""

from voipwatch.wire.errors import WireError


class Cursor:
    """A position in `data` between `start` and `end`.

    Args:
        data: the whole buffer; offsets in errors count from its first byte.
        protocol: named in every error.
        start: the first byte this cursor may read, 0 to len(data).
        end: one past the last byte it may read; the end of `data` if None.
        section: the document and section named in every error.
    """

    __slots__ = ("_data", "_end", "_offset", "_protocol", "_section")

    def __init__(
        self, data: bytes, protocol: str, *, start: int = 0, end: int | None = None, section: str = ""
    ) -> None:
        self._data = data
        self._protocol = protocol
        self._section = section
        self._offset = start
        self._end = len(data) if end is None else end

    @property
    def offset(self) -> int:
        """The offset of the next byte, from the start of the buffer."""
        return self._offset

    @property
    def remaining_bytes(self) -> int:
        """How many bytes are left before this cursor's end."""
        return self._end - self._offset

    def fail(self, field: str, detail: str, *, offset: int | None = None) -> WireError:
        """The error that says `field` is wrong, for the caller to raise; here, or at `offset`."""
        at = self._offset if offset is None else offset
        return WireError(self._protocol, field, at, section=self._section, detail=detail)

    def take(self, length_bytes: int, field: str) -> bytes:
        """The next `length_bytes` bytes.

        Raises:
            WireError: fewer are left, or the length is negative.
        """
        start = self._offset
        stop = start + length_bytes
        if stop > self._end or length_bytes < 0:
            raise self.fail(field, f"needs {length_bytes} bytes, {self._end - start} left")
        self._offset = stop
        return self._data[start:stop]

    def u8(self, field: str) -> int:
        """The next byte as an unsigned number."""
        return self.take(1, field)[0]

    def u16(self, field: str) -> int:
        """The next 2 bytes as an unsigned big-endian number."""
        return int.from_bytes(self.take(2, field), "big")

    def u24(self, field: str) -> int:
        """The next 3 bytes as an unsigned big-endian number (DTLS lengths)."""
        return int.from_bytes(self.take(3, field), "big")

    def u32(self, field: str) -> int:
        """The next 4 bytes as an unsigned big-endian number."""
        return int.from_bytes(self.take(4, field), "big")

    def u48(self, field: str) -> int:
        """The next 6 bytes as an unsigned big-endian number (DTLS sequence numbers)."""
        return int.from_bytes(self.take(6, field), "big")

    def u64(self, field: str) -> int:
        """The next 8 bytes as an unsigned big-endian number."""
        return int.from_bytes(self.take(8, field), "big")

    def rest(self) -> bytes:
        """Everything up to this cursor's end; it cannot fail."""
        start = self._offset
        self._offset = self._end
        return self._data[start : self._end]

    def restrict_to(self, length_bytes: int, field: str) -> "Cursor":
        """A cursor over the next `length_bytes` bytes alone; this one moves past them.

        Raises:
            WireError: fewer are left.
        """
        start = self._offset
        self.take(length_bytes, field)
        return Cursor(self._data, self._protocol, start=start, end=self._offset, section=self._section)

    def expect_end(self, field: str) -> None:
        """Make sure that nothing is left.

        Raises:
            WireError: bytes remain.
        """
        if self._offset != self._end:
            raise self.fail(field, f"{self._end - self._offset} bytes too many")
