"""One TCP trial: connect, send the hello, read the answer; never blocks, always ends."""

import errno
import selectors
import socket
from contextlib import suppress

from voipwatch.experiment.events import StartTcp, TcpOutcome
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import BY_REFUSAL, failure_of_errno
from voipwatch.probe.path import Path
from voipwatch.probe.via import Proxy
from voipwatch.wire.socks5 import CONNECT, Socks5Client

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
        self._asked = False
        """TCP stands, to the reflector or to its proxy."""
        self._to_proxy = b""
        self._proxy: Socks5Client | None = None
        self._proxy_bytes = 0
        to, port = path, command.port
        if isinstance(path.via, Proxy):
            self._proxy = Socks5Client(CONNECT, destination=(path.ip, port), credentials=path.via.credentials)
            to, port = Path(path.via.host), path.via.port
        self.sock = to.open_socket(socket.SOCK_STREAM)
        self.sock.setblocking(False)
        with suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self.sock.connect_ex(to.address(port))
        if number not in _IN_PROGRESS and number != 0:
            self._end(self._failure(number))

    @property
    def interest(self) -> int:
        """What the selector should wait for."""
        if self._proxy is not None and self._asked:
            waiting = not self._to_proxy
        else:
            waiting = self._connected_at is not None and not self._unsent
        return selectors.EVENT_READ if waiting else selectors.EVENT_WRITE

    def ready(self, now: float) -> None:
        """The socket can do what it was registered for."""
        try:
            if self._connected_at is None and not self._connect(now):
                return
            if self._unsent:
                self._unsent = self._unsent[self.sock.send(self._unsent) :]
                return
            self._read()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(self._failure(error.errno))

    def _connect(self, now: float) -> bool:
        """Whether the connection to the reflector stands, after what was to do for it. Raises OSError."""
        if not self._asked:
            number = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if number:
                self._end(self._failure(number))
                return False
            self._asked = True
            self._to_proxy = self._proxy.data_to_send() if self._proxy is not None else b""
        if self._proxy is not None and not self._ask_proxy(self._proxy):
            return False
        self._proxy = None
        self._connected_at = now
        return True

    def _ask_proxy(self, proxy: Socks5Client) -> bool:
        """Whether the proxy has connected us. Byte by byte: what follows its last word is the reflector's."""
        while not proxy.done:
            if self._to_proxy:
                sent = self.sock.send(self._to_proxy)
                self._to_proxy = self._to_proxy[sent:]
                self._proxy_bytes += sent
                continue
            data = self.sock.recv(1)
            self._proxy_bytes += len(data)
            proxy.receive(data)
            self._to_proxy += proxy.data_to_send()
        if proxy.refusal is not None:
            self._end(BY_REFUSAL[proxy.refusal])
        return proxy.refusal is None

    def _failure(self, number: int | None) -> Failure:
        """What an error of the socket says: before the proxy has connected us, it is about the proxy."""
        return failure_of_errno(number) if self._proxy is None else Failure.PROXY_FAILED

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
            sent_bytes=sent
            + self._proxy_bytes
            + header * ((4 + _segments(len(self._data))) if connected else 1),
            received_bytes=len(self._data) + header * ((3 + _segments(len(self._data))) if connected else 0),
        )
        self.sock.close()


def _segments(size_bytes: int) -> int:
    return -(-size_bytes // SEGMENT_BYTES)
