"""The packaged profiles as the reflector sees them: both ends compile one script."""

from voipwatch.apps import BuildContext, compile_script, flow_id, kind_table, load_profiles, mutant_kinds
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import ProfileScripts
from voipwatch.reflector.core.scripts import kind_at
from voipwatch.wire.derive import shape_seed

KEY = bytes(range(32))
PROFILES = load_profiles()


def test_kinds_and_digest_are_the_profiles() -> None:
    scripts = ProfileScripts(PROFILES)
    assert scripts.digest == PROFILES.digest
    assert tuple(scripts.kinds) == kind_table(PROFILES)


def test_the_near_end_compiles_the_same_script() -> None:
    scripts = ProfileScripts(PROFILES)
    for index, kind in enumerate(scripts.kinds):
        for replicate in (0, 1, 28):
            near = compile_script(PROFILES, kind, replicate, shape_seed(KEY, kind.app, replicate))
            far = scripts.compile(index * REPLICATES + replicate, KEY)
            assert far == near or (far.up, far.down, far.port) == (near.up, near.down, near.port)


def test_a_message_is_built_as_the_profile_says() -> None:
    scripts = ProfileScripts(PROFILES)
    packet = scripts.compile(0, KEY).down[0]
    token = bytes(packet.message.room(packet.size))
    data = scripts.build(packet.message, BuildContext(bytes(32), bytes(16), token, packet.size))
    assert len(data) == packet.size
    assert data.endswith(token)


def test_the_derived_mutants_are_played_and_a_number_between_names_nothing() -> None:
    scripts = ProfileScripts(PROFILES)
    assert tuple(scripts.mutants) == mutant_kinds(PROFILES)
    for kind in scripts.mutants:
        flow = flow_id(scripts.kinds, kind, 3, mutants=scripts.mutants)
        assert kind_at(scripts, flow) == kind
        assert scripts.compile(flow, bytes(32)).kind == kind
    assert kind_at(scripts, len(scripts.kinds) * REPLICATES) is None
    assert kind_at(scripts, 0xFFFF) is None
