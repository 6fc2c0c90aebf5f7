import pytest

from tests.pipeline.publishing.support import KEY, MONDAY, PUBLIC
from voipwatch.chronicle.manifests import digest_of, read_manifest, signed_by
from voipwatch.model.bundle import Closed, FileEntry
from voipwatch.pipeline.publishing.signing import manifest_of, sign
from voipwatch.pipeline.publishing.world import World

TEXT = manifest_of(
    {"b": ("11" * 32, 2), "a": ("00" * 32, 1)},
    World("lab", MONDAY),
    key=PUBLIC,
    previous="22" * 32,
    final=Closed("why", "when"),
)


def test_a_manifest_comes_back_its_files_in_order() -> None:
    manifest = read_manifest(TEXT)
    assert manifest.files == (FileEntry("a", "00" * 32, 1), FileEntry("b", "11" * 32, 2))
    assert (manifest.synthetic, manifest.instance, manifest.previous) == (True, "lab", "22" * 32)
    assert manifest.final == Closed("why", "when")
    for wrong in (b"", b"[]", b"\xff", b"{}", TEXT[:-3]):
        with pytest.raises(ValueError, match="no manifest"):
            read_manifest(wrong)


def test_a_signature_has_one_spelling() -> None:
    signature = sign(TEXT, KEY)
    assert signed_by(TEXT, signature, PUBLIC)
    wrong = [b"", signature[:-1], signature.upper(), b" " + signature, b"\xff", signature[2:], b"zz\n"]
    assert not any(signed_by(TEXT, each, PUBLIC) for each in wrong)
    assert not signed_by(TEXT + b" ", signature, PUBLIC)
    assert not signed_by(TEXT, signature, "00" * 32)
    assert not signed_by(TEXT, signature, "no key")


def test_a_digest_is_sha_256() -> None:
    """FIPS 180-4's example."""
    assert digest_of(b"abc").startswith("ba7816bf8f01cfea414140de5dae2223")
