"""A private profile from end to end in virtual time: sent with the ticket, played, judged."""

from tests.apps.imported.support import call, drafted
from voipwatch.apps import load_profiles
from voipwatch.inference import judge
from voipwatch.lab.drive import Simulation
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import PRIVATE, Arm, Verdict

PROFILE = drafted(call()).profile


def measured(
    world: str, *, apps: tuple[str, ...] = (PRIVATE,), control_blocked: bool = False
) -> tuple[Measurement, Simulation]:
    run = Simulation(
        load_worlds().get(world),
        apps=apps,
        seed=3,
        budget_bytes=600_000,
        private=PROFILE,
        control_blocked=control_blocked,
    )
    return run.run(), run


def row(measurement: Measurement, app: str = PRIVATE) -> AppResult:
    return next(row for row in judge(measurement, lang="en").results if row.app == app)


def test_on_a_clean_line_it_is_ok_and_no_more_comes_back_than_was_planned() -> None:
    measurement, run = measured("clean")
    assert row(measurement).verdict is Verdict.OK
    assert measurement.profile_digests[PRIVATE] == PROFILE.digest
    flows = [flow for flow in measurement.flows if flow.kind.app == PRIVATE]
    assert {flow.kind.arm for flow in flows} == {Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL}
    assert sum(flow.attested for flow in flows) > 200
    up = sum(sum(flow.sent.size_bytes) for flow in measurement.flows)
    assert run.bytes_out_far < 1.5 * up


def test_where_stun_is_dropped_it_is_blocked_at_its_set_up() -> None:
    measurement, _ = measured("stun-cookie", apps=("sip", PRIVATE))
    assert row(measurement).verdict is Verdict.BLOCKED
    assert row(measurement, "sip").verdict is not Verdict.BLOCKED


def test_a_kept_ticket_carries_none_and_the_other_apps_are_measured() -> None:
    measurement, _ = measured("clean", apps=("sip", PRIVATE), control_blocked=True)
    assert {flow.kind.app for flow in measurement.flows if flow.kind.app == PRIVATE} == set()
    assert row(measurement).verdict is Verdict.INSUFFICIENT
    assert any(flow.kind.app == "sip" for flow in measurement.flows)
    assert measurement.reflectors[0].profiles_digest == load_profiles().digest
