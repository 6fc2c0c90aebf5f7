"""`voipwatch civic doctor`, against a DNS server of the test."""

import msgspec
import pytest

from tests.cli.doubles import run_line
from tests.support.dns_server import dns_server
from voipwatch.cli.language import LANGUAGES

GOOD = {
    "d.org": ["v=spf1 mx -all"],
    "_dmarc.d.org": ["v=DMARC1; p=reject"],
    "s._domainkey.d.org": ["v=DKIM1; k=ed25519; p=" + "A" * 43 + "="],
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_fine_wrong_and_unknown(lang: str) -> None:
    with dns_server(GOOD, fails=["down.org", "_dmarc.down.org"]) as port:
        where = ("--resolver", f"127.0.0.1:{port}")
        fine = run_line("civic", "doctor", "d.org", "--selector", "s", *where, lang=lang)
        assert (fine.status, fine.err, len(fine.out.splitlines())) == (0, "", 3)
        wrong = run_line("civic", "doctor", "other.org", *where, lang=lang)
        assert wrong.status == 1
        assert "--selector" in wrong.out
        assert run_line("civic", "doctor", "down.org", *where, lang=lang).status == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_no_domain_is_refused_as_that(lang: str) -> None:
    ran = run_line("civic", "doctor", "voip", lang=lang)
    assert (ran.status, "example.org" in ran.err, "HOST" in ran.err) == (64, True, False)


def test_as_json() -> None:
    with dns_server(GOOD) as port:
        ran = run_line("civic", "doctor", "D.org", "--json", "--resolver", f"127.0.0.1:{port}")
    told = msgspec.json.decode(ran.out)
    assert (told["domain"], [each["fault"] for each in told["checks"]]) == ("d.org", ["none", "none"])


@pytest.mark.parametrize(
    "words", [("no domain",), ("d.org", "--resolver", "x"), ("d.org", "--resolver", "127.0.0.1:0")]
)
def test_what_is_none(words: tuple[str, ...]) -> None:
    assert run_line("civic", "doctor", *words).status == 64
