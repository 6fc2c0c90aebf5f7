"""One TCP trial: connect, send the hello, read the answer; never blocks, always ends."""

import errno
import selectors
import socket
from contextlib import suppress

from voipwatch.experiment.events import StartTcp, TcpOutcome
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import failure_of_errno
from voipwatch.probe.path import Path

SEGMENT_BYTES = 1400
HEADER_BYTES = {4: 52, 6: 72}
"""IP and TCP headers with timestamps."""
_IN_PROGRESS = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EALREADY})


class TcpTrial:
    """Drive it: register `sock` for `interest`, call `ready`, call `expire` at `deadline`; read `outcome`."""

    def __init__(self, command: StartTcp, path: Path, now: float) -> None:
        self.trial = command.trial
        self.deadline = now + command.timeout_s
        self.outcome: TcpOutcome | None = None
        self._command = command
        self._version = path.ip_version
        self._started = now
        self._connected_at: float | None = None
        self._unsent = command.hello
        self._data = b""
        self.sock = socket.socket(path.family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        with suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self.sock.connect_ex(path.address(command.port))
        if number not in _IN_PROGRESS and number != 0:
            self._end(failure_of_errno(number))

    @property
    def interest(self) -> int:
        """What the selector should wait for."""
        return (
            selectors.EVENT_READ
            if self._connected_at is not None and not self._unsent
            else selectors.EVENT_WRITE
        )

    def ready(self, now: float) -> None:
        """The socket can do what it was registered for."""
        try:
            if self._connected_at is None:
                number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number:
                    self._end(failure_of_errno(number))
                    return
                self._connected_at = now
            if self._unsent:
                self._unsent = self._unsent[self.sock.send(self._unsent) :]
                return
            self._read()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(failure_of_errno(error.errno))

    def _read(self) -> None:
        wanted = self._command.answer_bytes - len(self._data)
        more = self.sock.recv(max(1, wanted))
        self._data += more
        if not more:
            self._end(Failure.CONNECTION_CLOSED)
        elif len(self._data) >= self._command.answer_bytes:
            self._end(None)

    def expire(self) -> None:
        """Its time is over."""
        waiting_for = Failure.CONNECT_TIMEOUT if self._connected_at is None else Failure.READ_TIMEOUT
        self._end(waiting_for)

    def _end(self, failure: Failure | None) -> None:
        header = HEADER_BYTES[self._version]
        sent = len(self._command.hello) - len(self._unsent)
        connected = self._connected_at is not None
        # handshake and close: three segments out and two back; one SYN where nothing answered
        self.outcome = TcpOutcome(
            connect_ms=None if self._connected_at is None else (self._connected_at - self._started) * 1e3,
            data=self._data,
            failure=failure,
            sent_bytes=sent + header * ((4 + _segments(len(self._data))) if connected else 1),
            received_bytes=len(self._data) + header * ((3 + _segments(len(self._data))) if connected else 0),
        )
        self.sock.close()


def _segments(size_bytes: int) -> int:
    return -(-size_bytes // SEGMENT_BYTES)
