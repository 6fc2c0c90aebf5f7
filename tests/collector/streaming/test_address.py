"""The stream's address: what is meant, and that no password is told."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.collector.streaming.address import StreamAddress, StreamAddressError, parse_stream


def test_servers_credentials_and_options() -> None:
    address = parse_stream("nats://us%40er:p%2Fw@a.example:4222,b.example?partitions=8&replicas=1")
    assert address == StreamAddress(("nats://a.example:4222", "nats://b.example"), "us@er", "p/w", 8, 1)
    assert str(address) == "nats://a.example:4222,nats://b.example"
    assert "p/w" not in repr(address)


def test_without_options_it_is_for_a_cluster_of_three() -> None:
    address = parse_stream("tls://[2001:db8::1]:4222")
    assert (address.servers, address.partitions, address.replicas) == (("tls://[2001:db8::1]:4222",), 16, 3)


@pytest.mark.parametrize(
    "url",
    [
        "http://a",
        "nats://",
        "nats://a,,b",
        "nats://a:0",
        "nats://a:99999",
        "nats://a:x",
        "nats://a/path",
        "nats://a#x",
        "nats://a?partitions=0",
        "nats://a?partitions=100",
        "nats://a?partitions=x",
        "nats://a?replicas=6",
        "nats://a?partitions=",
        "nats://a?other=1",
        "nats://[::1",
    ],
)
def test_what_is_no_stream_is_refused_in_words(url: str) -> None:
    with pytest.raises(StreamAddressError):
        parse_stream(url)


@given(st.text(max_size=60))
def test_nothing_else_is_raised(text: str) -> None:
    for url in (text, f"nats://{text}", f"nats://name@{text}", f"nats://a?{text}"):
        with suppress(StreamAddressError):
            parse_stream(url)


@pytest.mark.parametrize("rest", ["", "a:0", "a/path", "a?x=1", "[::1", "a:99999", "a,,b"])
def test_no_error_tells_the_password(rest: str) -> None:
    with pytest.raises(StreamAddressError) as caught:
        parse_stream(f"nats://user:hunter2@{rest}")
    assert "hunter2" not in str(caught.value)
