"""What the far end did not know again, had forgotten or would not take is never the line's fault."""

import pytest

from tests.integration.support import ACCUSATIONS, SEED, rows
from voipwatch.inference import judge
from voipwatch.lab.drive import Simulation
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import Arm, Verdict
from voipwatch.reflector.core import limits
from voipwatch.wire.farlog import decode_farlog


def simulation(world_id: str, app: str, *, control_blocked: bool = False) -> Simulation:
    return Simulation(load_worlds().get(world_id), apps=[app], seed=SEED, control_blocked=control_blocked)


@pytest.mark.parametrize("control_blocked", [False, True])
def test_a_gateway_that_renames_sip_calls_is_no_block(control_blocked: bool) -> None:
    measurement = simulation("sip-gateway", "sip", control_blocked=control_blocked).run()
    row = rows(measurement)["sip"]
    assert (row.rule, row.mechanism) == ("insufficient.altered", None)
    assert load_worlds().get("sip-gateway").expected["sip"].accepts(row.verdict, row.stage, None, None)
    if not control_blocked:
        log = measurement.reflectors[0].log
        assert log is not None
        sent = [len(f.sent.seq) for f in measurement.flows if f.kind.arm is Arm.A and f.remote_port == 5060]
        assert decode_farlog(log.payload).strangers == [(5060, sum(sent))]
        assert len(sent) >= 4


def test_dropped_sip_text_has_no_strangers_and_is_blocked() -> None:
    row = rows(simulation("sip-text", "sip").run())["sip"]
    assert (row.rule, row.mechanism) == ("blocked.setup", "sip.drop")


@pytest.mark.parametrize("control_blocked", [False, True])
@pytest.mark.parametrize("app", ["whatsapp", "sip"])
def test_a_reflector_that_forgot_the_ticket_does_not_take_the_line_down(
    app: str, control_blocked: bool
) -> None:
    lab = simulation("clean", app, control_blocked=control_blocked)
    lab.fars[0]._tickets._live.clear()
    row = rows(lab.run())[app]
    assert row.rule == "insufficient.reach"
    assert "ticket-refused" in row.notes


@pytest.mark.parametrize("bytes_max", [30_000, 100_000, 250_000])
def test_a_ticket_that_is_used_up_accuses_nobody(bytes_max: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TICKET_BYTES_MAX", bytes_max)
    measurement = simulation("clean", "whatsapp").run()
    check = judge(measurement)
    assert "reflector-limit" in check.notes
    [row] = check.results
    assert row.verdict not in ACCUSATIONS
    assert row.verdict is not Verdict.DOWN
    if bytes_max < 200_000:
        assert row.rule == "insufficient.reflector-limit"


@pytest.mark.parametrize(
    ("packets_max", "rule"), [(700, "insufficient.reflector-limit"), (1200, "blocked.setup")]
)
def test_what_was_proved_before_the_ticket_was_used_up_stands(
    packets_max: int, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SESSION_PACKETS_MAX", packets_max)
    measurement = simulation("stun-cookie", "whatsapp").run()
    log = measurement.reflectors[0].log
    assert log is not None
    assert decode_farlog(log.payload).refused > 0
    row = rows(measurement)["whatsapp"]
    assert row.rule == rule
    assert "reflector-limit" in row.notes
