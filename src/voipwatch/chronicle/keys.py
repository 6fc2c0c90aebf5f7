"""Who may sign: keys are announced in the log, replaced by their own signature, or lost in the open."""

from typing import Final

import msgspec

from voipwatch.chronicle.acts import SIGNERS
from voipwatch.model.acts import EntryKind, KeyEntry, KeyReason, KeyRole


class KnownKey(msgspec.Struct, frozen=True):
    """One key of the log's history."""

    key: str
    role: KeyRole
    reason: KeyReason
    since_line: int
    until_line: int | None = None
    """The line that replaced it; None while it signs."""
    confirmed: bool = True
    """False after a loss that nothing but the new key itself vouches for: compare it elsewhere."""


class Keyring:
    """The keys of a log, line by line."""

    def __init__(self) -> None:
        self.keys: dict[str, KnownKey] = {}

    def standing(self, role: KeyRole) -> list[str]:
        """Keys that sign now, oldest first."""
        return [each.key for each in self.keys.values() if each.role is role and each.until_line is None]

    def refuses(self, kind: EntryKind, signer: str) -> str | None:
        """Why this key may not sign such an entry, or None. Of keys themselves `add` decides."""
        known = self.keys.get(signer)
        if known is None:
            return "the key was never announced"
        if known.until_line is not None:
            return f"the key was replaced in line {known.until_line}"
        if known.role not in SIGNERS[kind]:
            return f"a key of the {known.role} may not say that"
        return None

    def add(self, entry: KeyEntry, signer: str, line: int) -> str | None:
        """Take a key that is announced; why not, or None."""
        if entry.key in self.keys:
            return "announced before"
        reason = _REFUSALS[entry.reason](self, entry, signer)
        if reason is not None:
            return reason
        old = self.keys.get(entry.replaces)
        if old is not None:
            self.keys[old.key] = msgspec.structs.replace(old, until_line=line)
        confirmed = signer != entry.key or not self.keys
        self.keys[entry.key] = KnownKey(
            entry.key, entry.role, entry.reason, since_line=line, confirmed=confirmed
        )
        return None


def _first(ring: Keyring, entry: KeyEntry, signer: str) -> str | None:
    if entry.replaces:
        return "a first key replaces none"
    if not ring.keys:
        if entry.role is not KeyRole.INSTANCE or signer != entry.key:
            return "a log begins with the instance's own key"
        return None
    if entry.role is KeyRole.INSTANCE:
        return "there is one key of the instance"
    return None if signer in ring.standing(KeyRole.INSTANCE) else "not signed by the instance"


def _rotated(ring: Keyring, entry: KeyEntry, signer: str) -> str | None:
    if entry.replaces not in ring.standing(entry.role):
        return "the key that it replaces does not sign in that role"
    return None if signer == entry.replaces else "not signed by the key that it replaces"


def _lost(ring: Keyring, entry: KeyEntry, signer: str) -> str | None:
    if entry.replaces not in ring.standing(entry.role):
        return "the key that it replaces does not sign in that role"
    if entry.role is KeyRole.INSTANCE:
        # Nothing is left that could vouch for it: it says so itself, and readers compare it elsewhere.
        return None if signer == entry.key else "not signed by the new key"
    return None if signer in ring.standing(KeyRole.INSTANCE) else "not signed by the instance"


_REFUSALS: Final = {KeyReason.FIRST: _first, KeyReason.ROTATION: _rotated, KeyReason.LOSS: _lost}
