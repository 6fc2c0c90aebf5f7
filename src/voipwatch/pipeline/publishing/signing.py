"""Making the manifest: every file's digest, signed (`chronicle.manifests` reads it)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voipwatch.model.bundle import PUBLISHER, Closed, FileEntry, Manifest
from voipwatch.model.instants import iso
from voipwatch.pipeline.publishing.world import World

DIGEST_HEX: Final = 64


def manifest_of(
    digests: Mapping[str, tuple[str, int]],
    world: World,
    *,
    key: str,
    previous: str,
    final: Closed | None,
    publisher: str = PUBLISHER,
    contact: str = "",
) -> bytes:
    """manifest.json. `digests`: path -> SHA-256 in hex and bytes."""
    manifest = Manifest(
        as_of=iso(world.as_of),
        valid_until=iso(world.valid_until),
        synthetic=world.synthetic,
        instance=world.instance,
        files=tuple(FileEntry(path, *digests[path]) for path in sorted(digests)),
        previous=previous,
        key=key,
        final=final,
        publisher=publisher,
        contact=contact,
    )
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def sign(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """manifest.sig."""
    return key.sign(content).hex().encode() + b"\n"
