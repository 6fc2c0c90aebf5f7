import tomllib

import pytest

from voipwatch.apps.targets.signature import (
    CONTEXT,
    canonical_bytes,
    is_signed,
    public_key_of,
    read_keys,
    sign_targets,
)

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
LIST = b'version = "2026.1"\n[[targets]]\nid = "a.b"\n'


def test_the_content_is_signed_and_not_its_layout() -> None:
    signature = sign_targets(LIST, KEY)
    again = tomllib.loads(f"# a comment\n{LIST.decode()}\n\n")
    assert is_signed(again, signature, (public_key_of(KEY),))
    assert canonical_bytes(again).startswith(CONTEXT)


def test_what_another_key_signed_or_somebody_changed_is_not_signed() -> None:
    document = tomllib.loads(LIST.decode())
    signature = sign_targets(LIST, KEY)
    trusted = (public_key_of(KEY),)
    assert is_signed(document, signature, trusted)
    assert not is_signed(document, signature, ())
    assert not is_signed(document, signature, (public_key_of(OTHER),))
    assert not is_signed(document, sign_targets(LIST, OTHER), trusted)
    assert not is_signed(document | {"version": "2026.2"}, signature, trusted)


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"\xff", b"key = 1", b'key = "zz"\nsignature = ""', b'key = "00"\nsignature = "00"', b"["],
)
def test_a_signature_file_of_nonsense_is_no_signature(nonsense: bytes) -> None:
    assert not is_signed({}, nonsense, (public_key_of(KEY),))


def test_keys_have_32_bytes() -> None:
    assert read_keys(f'[[keys]]\npublic = "{public_key_of(KEY).hex()}"\n'.encode()) == (public_key_of(KEY),)
    for wrong in (b'[[keys]]\npublic = "00"\n', b"keys = 3\n"):
        with pytest.raises(ValueError, match="key"):
            read_keys(wrong)
