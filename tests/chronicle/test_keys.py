"""Keys: announced, rotated, lost."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.chronicle.writing import EDITOR, MACHINE, STRANGER, Writing, found_incident
from voipwatch.chronicle.keys import Keyring
from voipwatch.chronicle.log import LogError, public_key_of
from voipwatch.model.acts import ClaimNote, EntryKind, KeyEntry, KeyReason, KeyRole

NEW = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
NOTE = ClaimNote("x", "gone", "2017")


def key(
    of: Ed25519PrivateKey, role: KeyRole, reason: KeyReason, replaces: Ed25519PrivateKey | None = None
) -> KeyEntry:
    return KeyEntry(public_key_of(of), role, reason, "" if replaces is None else public_key_of(replaces))


def test_a_log_begins_with_the_instances_own_key() -> None:
    log = Writing(keys=False)
    with pytest.raises(LogError, match="line 1: kind: a log begins"):
        log.add(EntryKind.CLAIM_NOTE, NOTE)
    with pytest.raises(LogError, match="line 1: body: a log begins"):
        log.add(EntryKind.KEY, key(EDITOR, KeyRole.EDITOR, KeyReason.FIRST), signer=EDITOR)
    with pytest.raises(LogError, match="line 1: body: a log begins"):
        log.add(EntryKind.KEY, key(MACHINE, KeyRole.INSTANCE, KeyReason.FIRST), signer=EDITOR)
    log.add(EntryKind.KEY, key(MACHINE, KeyRole.INSTANCE, KeyReason.FIRST), signer=MACHINE)


def test_nobody_who_was_not_announced_signs() -> None:
    log = Writing()
    with pytest.raises(LogError, match="line 3: key: the key was never announced"):
        log.add(EntryKind.CLAIM_NOTE, NOTE, signer=STRANGER)
    with pytest.raises(LogError, match="not signed by the instance"):
        log.add(EntryKind.KEY, key(STRANGER, KeyRole.EDITOR, KeyReason.FIRST), signer=STRANGER)
    with pytest.raises(LogError, match="there is one key of the instance"):
        log.add(EntryKind.KEY, key(STRANGER, KeyRole.INSTANCE, KeyReason.FIRST), signer=MACHINE)
    with pytest.raises(LogError, match="a key of the editor may not say that"):
        log.add(EntryKind.INCIDENT, found_incident(), signer=EDITOR)


@pytest.mark.parametrize(("old", "role"), [(MACHINE, KeyRole.INSTANCE), (EDITOR, KeyRole.EDITOR)])
def test_a_rotated_key_signs_its_successor_and_nothing_after(old: Ed25519PrivateKey, role: KeyRole) -> None:
    log = Writing()
    successor = key(NEW, role, KeyReason.ROTATION, old)
    with pytest.raises(LogError, match="not signed by the key that it replaces"):
        log.add(EntryKind.KEY, successor, signer=NEW)
    log.add(EntryKind.KEY, successor, signer=old)
    log.add(EntryKind.CLAIM_NOTE, NOTE, signer=NEW)
    with pytest.raises(LogError, match="the key was replaced in line 3"):
        log.add(EntryKind.CLAIM_NOTE, NOTE, signer=old)
    assert log.state.keyring.standing(role) == [public_key_of(NEW)]
    assert log.state.keyring.keys[public_key_of(NEW)].confirmed


def test_a_lost_key_of_the_instance_is_announced_as_lost() -> None:
    log = Writing()
    log.add(EntryKind.KEY, key(NEW, KeyRole.INSTANCE, KeyReason.LOSS, MACHINE), signer=NEW)
    ring = log.state.keyring
    assert not ring.keys[public_key_of(NEW)].confirmed, "nothing but itself vouches for it"
    assert ring.keys[public_key_of(MACHINE)].until_line == 3
    with pytest.raises(LogError, match="replaced"):
        log.add(EntryKind.CLAIM_NOTE, NOTE, signer=MACHINE)


def test_an_editors_lost_key_is_replaced_by_the_instance() -> None:
    log = Writing()
    lost = key(NEW, KeyRole.EDITOR, KeyReason.LOSS, EDITOR)
    with pytest.raises(LogError, match="not signed by the instance"):
        log.add(EntryKind.KEY, lost, signer=NEW)
    log.add(EntryKind.KEY, lost, signer=MACHINE)
    assert log.state.keyring.keys[public_key_of(NEW)].confirmed


def test_a_key_is_announced_once_and_replaces_one_that_signs() -> None:
    ring = Keyring()
    first = key(MACHINE, KeyRole.INSTANCE, KeyReason.FIRST)
    assert ring.add(first, first.key, 1) is None
    assert ring.add(first, first.key, 2) == "announced before"
    stranger = key(NEW, KeyRole.INSTANCE, KeyReason.ROTATION, STRANGER)
    assert (
        ring.add(stranger, public_key_of(STRANGER), 2)
        == "the key that it replaces does not sign in that role"
    )
    assert ring.refuses(EntryKind.INCIDENT, first.key) is None
