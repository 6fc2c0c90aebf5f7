import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.wire.merkle import leaf_hash, tree
from voipwatch.wire.receipt import sign_document, sign_documents, signed_bytes, verify_document

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


def several(count: int) -> list[dict[str, object]]:
    documents = [{"schema": "voipwatch.receipt/1", "name": number} for number in range(count)]
    signatures = sign_documents(documents, KEY)
    return [{**one, "signature": sign} for one, sign in zip(documents, signatures, strict=True)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 100])
def test_documents_that_are_signed_together_hold_each_by_itself(count: int) -> None:
    signed = several(count)
    assert len(signed) == count
    for document in signed:
        assert verify_document(document, PUBLIC)
        assert not verify_document({**document, "name": -1}, PUBLIC)
        assert not verify_document(document, "ab" * 32)


def test_one_alone_is_signed_as_ever() -> None:
    (alone,) = several(1)
    assert alone["signature"] == sign_document(alone, KEY)


def test_what_is_signed_of_several_is_as_the_module_says() -> None:
    signed = several(3)
    root, paths = tree([leaf_hash(signed_bytes(document)) for document in signed])
    signature = KEY.sign(b"voipwatch.tree/1" + b"\0" + b"3" + b"\0" + root).hex()
    assert signed[1]["signature"] == f"{signature}.1.3.{b''.join(paths[1]).hex()}"


def test_a_signature_of_a_tree_is_bound_to_its_place_and_count() -> None:
    document = several(4)[1]
    signature, _, _, path = str(document["signature"]).split(".")
    for place, count, steps in [
        ("0", "4", path), ("1", "3", path), ("1", "8", path), ("01", "4", path), ("+1", "4", path),
        ("1", "4", path[64:]), ("1", "4", path + "00" * 32), ("1", "4", path[:-2]), ("1", "4", ""),
        ("1", "4", "0" * 64 * 65), ("-1", "4", path), ("4", "4", path), ("1", "9" * 5000, path),
    ]:  # fmt: skip
        assert not verify_document({**document, "signature": f"{signature}.{place}.{count}.{steps}"}, PUBLIC)
    for other in (signature, f"{signature}.1", f"{signature}.1.4", f"{signature}.1.4.{path}."):
        assert not verify_document({**document, "signature": other}, PUBLIC)
