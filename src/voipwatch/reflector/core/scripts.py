"""What the reflector asks of the app profiles: which kinds of flow there are and what they play."""

from collections.abc import Sequence
from typing import Protocol

from voipwatch import apps
from voipwatch.model.flows import FlowKind
from voipwatch.wire.derive import shape_seed


class Scripts(Protocol):
    """The reflector's view of a profile set."""

    digest: str
    """Of the profiles; both ends must have the same."""

    @property
    def kinds(self) -> Sequence[FlowKind]:
        """By kind index: flow // REPLICATES."""
        ...

    @property
    def mutants(self) -> Sequence[FlowKind]:
        """The derived mutants, which are numbered from the top."""
        ...

    def compile(self, flow: int, ticket_key: bytes) -> apps.Script:
        """The script of a flow whose kind index is in range. Deterministic; cached by the caller."""
        ...

    def build(self, message: apps.Message, context: apps.BuildContext) -> bytes:
        """The datagram. Raises ValueError when a request is too mangled to be answered."""
        ...


def kind_at(scripts: Scripts, flow: int) -> FlowKind | None:
    """The kind of a flow id of 16 bits, None where it names none."""
    try:
        return apps.kind_of(scripts.kinds, flow, mutants=scripts.mutants)[0]
    except IndexError:
        return None


class ProfileScripts:
    """The scripts of the packaged (or any other) profiles."""

    def __init__(self, profiles: apps.ProfileSet) -> None:
        self.digest = profiles.digest
        self._profiles = profiles
        self._kinds = apps.kind_table(profiles)
        self._mutants = apps.mutant_kinds(profiles)

    @property
    def kinds(self) -> Sequence[FlowKind]:
        """By kind index."""
        return self._kinds

    @property
    def mutants(self) -> Sequence[FlowKind]:
        """The derived mutants."""
        return self._mutants

    def compile(self, flow: int, ticket_key: bytes) -> apps.Script:
        """The script of a flow whose kind index is in range."""
        kind, replicate = apps.kind_of(self._kinds, flow, mutants=self._mutants)
        seed = shape_seed(ticket_key, kind.app, replicate)
        return apps.compile_script(self._profiles, kind, replicate, seed)

    def build(self, message: apps.Message, context: apps.BuildContext) -> bytes:
        """The datagram that `message` makes in this context."""
        return apps.build(message, context)
