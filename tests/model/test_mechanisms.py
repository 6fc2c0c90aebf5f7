"""Mechanism labels: closed, dotted, and every label in the code is one of them."""

import ast
import re

import pytest

from tests.support.environment import REPOSITORY
from voipwatch.model.mechanisms import FIRST_WORDS, MECHANISMS

SOURCE = REPOSITORY / "src/voipwatch"
LABEL = re.compile(rf"({'|'.join(sorted(FIRST_WORDS))})\.[a-z]+")
FILE_NAMES = {"toml", "json", "py", "pcap", "md", "invalid", "arpa", "alg"}


@pytest.mark.parametrize("label", MECHANISMS)
def test_a_label_is_dotted_and_begins_with_what_was_acted_upon(label: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+", label)
    assert label.split(".", maxsplit=1)[0] in FIRST_WORDS


@pytest.mark.parametrize("label", MECHANISMS)
def test_a_label_says_what_it_claims_and_the_page_says_the_same(label: str) -> None:
    claim = MECHANISMS[label]
    assert len(claim.split()) >= 4
    assert not claim.endswith(".")
    page = (REPOSITORY / "docs/methods/mechanisms.md").read_text("utf-8")
    assert f"| `{label}` | {claim} |" in page


def test_no_two_labels_claim_the_same() -> None:
    assert len(set(MECHANISMS.values())) == len(MECHANISMS)


def test_the_labels_that_were_ever_published_are_all_there() -> None:
    """Permanent and append-only: a label may be added to this list and never leave it."""
    published = """
        udp.all udp.allowlist port.drop port.reject port.throttle stun.drop turn.drop app.drop dtls.drop
        rtp.drop rtp.oneway rtp.loss rtp.throttle sip.drop sip.alg flow.cut flow.kill flow.police flow.shape
        tcp.reset tls.intercept dns.deny dns.forge addr.drop addr.reject tls.reset tls.drop tls.forge
        udp.ports udp.size stun.reply turn.channel dtls.fingerprint rtp.behaviour rtp.delay sip.inject
        sip.reject flow.residual flow.pps
    """
    assert list(MECHANISMS) == published.split()


def test_no_code_names_a_label_that_is_none() -> None:
    """A verdict with a mechanism outside the vocabulary would quote a meaning that nobody wrote down."""
    found: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and LABEL.fullmatch(node.value):
                found[node.value] = path.name
    unknown = {label: name for label, name in found.items() if label not in MECHANISMS}
    assert {label for label in unknown if label.split(".")[1] not in FILE_NAMES} == set()
    assert set(found) > {"stun.drop", "rtp.oneway"}, "the search finds what it is for"
