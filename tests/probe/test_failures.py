"""The table of failures: every error of the network has its word, none is invented."""

import errno
import socket
import ssl

import pytest

from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import failure_of, failure_of_errno


@pytest.mark.parametrize(
    ("number", "stream", "datagram"),
    [
        (errno.ECONNREFUSED, Failure.CONNECTION_REFUSED, Failure.PORT_UNREACHABLE),
        (errno.ECONNRESET, Failure.CONNECTION_RESET, Failure.PORT_UNREACHABLE),
        (errno.EPIPE, Failure.CONNECTION_CLOSED, Failure.CONNECTION_CLOSED),
        (errno.ETIMEDOUT, Failure.CONNECT_TIMEOUT, Failure.CONNECT_TIMEOUT),
        (errno.EHOSTUNREACH, Failure.HOST_UNREACHABLE, Failure.HOST_UNREACHABLE),
        (errno.EACCES, Failure.HOST_UNREACHABLE, Failure.HOST_UNREACHABLE),
        (errno.ENETUNREACH, Failure.NETWORK_UNREACHABLE, Failure.NETWORK_UNREACHABLE),
        (errno.EADDRNOTAVAIL, Failure.NETWORK_UNREACHABLE, Failure.NETWORK_UNREACHABLE),
        (errno.EMSGSIZE, Failure.MESSAGE_TOO_LONG, Failure.MESSAGE_TOO_LONG),
        (errno.ENOBUFS, Failure.NO_BUFFERS, Failure.NO_BUFFERS),
        (errno.EPERM, Failure.UNKNOWN, Failure.UNKNOWN),
        (None, Failure.UNKNOWN, Failure.UNKNOWN),
    ],
)
def test_error_numbers(number: int | None, stream: Failure, datagram: Failure) -> None:
    assert failure_of_errno(number) is stream
    assert failure_of_errno(number, datagram=True) is datagram


@pytest.mark.parametrize(
    ("error", "connecting", "connected"),
    [
        (TimeoutError("timed out"), Failure.CONNECT_TIMEOUT, Failure.READ_TIMEOUT),
        (TimeoutError(errno.ETIMEDOUT, "x"), Failure.CONNECT_TIMEOUT, Failure.CONNECT_TIMEOUT),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), *[Failure.CONNECTION_REFUSED] * 2),
        (ssl.SSLError(1, "x"), *[Failure.TLS_FAILED] * 2),
        (ssl.SSLCertVerificationError(1, "x"), *[Failure.TLS_FAILED] * 2),
        (socket.gaierror(socket.EAI_NONAME, "x"), *[Failure.DNS_NXDOMAIN] * 2),
        (socket.gaierror(socket.EAI_AGAIN, "x"), *[Failure.DNS_TIMEOUT] * 2),
        (OSError("no number"), *[Failure.UNKNOWN] * 2),
        (ValueError("x"), *[Failure.UNKNOWN] * 2),
    ],
)
def test_exceptions(error: Exception, connecting: Failure, connected: Failure) -> None:
    assert failure_of(error) is connecting
    assert failure_of(error, connected=True) is connected
