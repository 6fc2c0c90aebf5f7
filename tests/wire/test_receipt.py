import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.wire.receipt import sign_document, signed_bytes, verify_document

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
DOCUMENT = {"schema": "voipwatch.receipt/1", "b": 2, "a": "é", "signature": "x"}


def test_what_is_signed_is_as_the_schema_says() -> None:
    rest = {"a": "é", "b": 2, "schema": "voipwatch.receipt/1"}
    plain = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert signed_bytes(DOCUMENT) == b"voipwatch.receipt/1\0" + plain


def test_a_signature_holds_for_its_document_and_key_only() -> None:
    signed = {**DOCUMENT, "signature": sign_document(DOCUMENT, KEY)}
    assert verify_document(signed, PUBLIC)
    assert not verify_document({**signed, "b": 3}, PUBLIC)
    assert not verify_document({**signed, "schema": "voipwatch.stop/1"}, PUBLIC)
    assert not verify_document(signed, "ab" * 32)


@pytest.mark.parametrize(
    "spoilt", [{}, {"schema": "x"}, {"schema": "x", "signature": None}, {"schema": "x", "signature": "zz"}]
)
def test_what_is_no_signed_document_does_not_hold(spoilt: dict[str, object]) -> None:
    assert not verify_document(spoilt, PUBLIC)
    assert not verify_document(spoilt, "no key")
