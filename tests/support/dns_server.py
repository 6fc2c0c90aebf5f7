"""A DNS server of the test's own (dnspython's messages), over UDP on loopback."""

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@contextmanager
def dns_server(texts: Mapping[str, Sequence[str]], *, fails: Sequence[str] = ()) -> Iterator[int]:
    """Answers for TXT records by name; SERVFAIL for names in `fails`, NXDOMAIN for any other. Its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(server, texts, fails), daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def _serve(server: socket.socket, texts: Mapping[str, Sequence[str]], fails: Sequence[str]) -> None:
    while True:
        content, sender = server.recvfrom(4096)
        if not content:
            return
        query = dns.message.from_wire(content)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        if name in fails:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in texts:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT and texts[name]:
            records = [
                " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))
                for text in texts[name]
            ]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *records))
        server.sendto(answer.to_wire(), sender)
