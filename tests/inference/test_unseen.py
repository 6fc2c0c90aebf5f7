"""What arrived and was not known, or was refused at the far end, is no loss on the way."""

from collections.abc import Mapping

import pytest

from tests.inference.build import (
    APP_PORT,
    NEUTRAL_PORT,
    SIP,
    Check,
    Packet,
    Shape,
    World,
    clean,
    drops,
)
from voipwatch.inference import judge
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Direction

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def a_setup(p: Packet) -> bool:
    return p.treatment and not p.media


def one(measurement: Measurement) -> AppResult:
    (row,) = judge(measurement).results
    return row


def rule(
    world: World, shape: Shape, strangers: list[tuple[int, int]] | None, *, rejects: World = clean
) -> str:
    return one(Check(world, (shape,), strangers=strangers, rejects=rejects).run()).rule


# -- a gateway that takes the token away -----------------------------------------------------------


@pytest.mark.parametrize(("shape", "note"), [(SIP, "sip-altered"), (SMALL, "setup-altered")])
def test_a_dead_set_up_that_may_have_arrived_rewritten_accuses_nobody(shape: Shape, note: str) -> None:
    row = one(Check(drops(a_setup), (shape,), strangers=[(APP_PORT, 3)]).run())
    assert (row.rule, row.mechanism) == ("insufficient.altered", None)
    assert note in row.notes


@pytest.mark.parametrize("strangers", [[], [(APP_PORT, 2)], [(9, 100)]])
def test_a_dead_set_up_without_strangers_on_its_port_is_blocked(strangers: list[tuple[int, int]]) -> None:
    assert rule(drops(a_setup), SIP, strangers) == "blocked.setup"
    assert rule(drops(a_setup), SMALL, strangers) == "blocked.setup"


def test_lost_answers_are_not_explained_by_rewritten_requests() -> None:
    assert rule(drops(lambda p: a_setup(p) and not p.up), SIP, [(APP_PORT, 9)]) == "blocked.setup"


def test_media_that_may_have_arrived_rewritten_accuses_nobody() -> None:
    dead_up = drops(lambda p: p.treatment and p.media and p.up)
    assert rule(dead_up, SMALL, []) == "blocked.media"
    assert rule(dead_up, SMALL, [(APP_PORT, 99)]) == "insufficient.altered"
    dead_down = drops(lambda p: p.treatment and p.media and not p.up)
    assert rule(dead_down, SMALL, [(APP_PORT, 99)]) == "blocked.media"


def test_a_gateway_that_rewrites_sip_and_drops_the_rest_is_no_dead_port() -> None:
    dead = drops(lambda p: p.app_port)
    assert rule(dead, SIP, []) == "blocked.port"
    assert rule(dead, SIP, [(APP_PORT, 3)]) == "insufficient.altered"
    assert rule(dead, SIP, [(NEUTRAL_PORT, 3)]) == "blocked.port"
    refused = drops(lambda p: p.app_port and p.up)
    assert rule(clean, SIP, [(APP_PORT, 3)], rejects=refused) == "blocked.port", (
        "an ICMP error is no rewriting"
    )


def test_sip_text_whose_strangers_nobody_counted_accuses_nobody() -> None:
    """An older reflector's log, or none at all: dropped and rewritten look the same."""
    assert rule(drops(a_setup), SIP, None) == "insufficient.altered"
    assert one(Check(drops(a_setup), (SIP,), logged=False).run()).rule == "insufficient.altered"
    assert rule(drops(a_setup), SMALL, None) == "blocked.setup"


@pytest.mark.parametrize("logged", [True, False])
def test_sip_text_that_arrived_once_is_not_rewritten(logged: bool) -> None:
    later = drops(lambda p: a_setup(p) and p.seq >= 64)
    row = one(Check(later, (SIP,), strangers=None, logged=logged).run())
    assert row.rule == "blocked.setup"


# -- a reflector that does not know the ticket -----------------------------------------------------

CLOSED = {"tls-443": "closed", "tcp-5222": "closed"}
DEAD = {"tls-443": "dead", "tcp-5222": "dead"}
NOTHING = drops(lambda _: True)


def silent(tcp: Mapping[str, str], *, control: str = "ok", world: World = NOTHING) -> AppResult:
    measurement = Check(world, (SMALL,), tcp=tcp, logged=False).run()
    measurement.reflectors[0].control = control
    return one(measurement)


def test_a_reflector_that_closes_every_stream_has_forgotten_the_ticket() -> None:
    row = silent(CLOSED)
    assert row.rule == "insufficient.reach"
    assert "ticket-refused" in row.notes


def test_a_kept_ticket_under_which_nothing_was_ever_heard_proves_nothing() -> None:
    row = silent(DEAD, control="stored-ticket")
    assert row.rule == "insufficient.reach"
    assert "ticket-refused" in row.notes


@pytest.mark.parametrize(
    ("tcp", "control", "said"),
    [
        (DEAD, "ok", "down.line"),
        (CLOSED | {"tls-443": "answered"}, "stored-ticket", "down.udp"),
        (CLOSED | {"tls-443": "dead"}, "ok", "insufficient.reach"),
        ({"tls-443": "intercepted"}, "stored-ticket", "down.intercept"),
        ({}, "ok", "down.line"),
    ],
)
def test_what_tcp_saw_decides_whether_the_line_is_down(
    tcp: Mapping[str, str], control: str, said: str
) -> None:
    assert silent(tcp, control=control).rule == said


def test_a_log_shows_that_the_ticket_was_known() -> None:
    assert one(Check(drops(lambda p: not p.up), (SMALL,), tcp=CLOSED).run()).rule == "down.line"


# -- the reflector's own limits --------------------------------------------------------------------


def test_what_a_limit_cut_off_is_not_lost() -> None:
    row = one(Check(clean, (SMALL,), dead_from_s=3.0, refused_at_s=3.0).run())
    assert row.rule == "insufficient.reflector-limit"
    assert "reflector-limit" in row.notes
    assert all(not stage.lost_up for stage in row.stages), "nothing is called lost"


def test_treatment_alone_refused_is_not_blocked() -> None:
    """The flow that met the limit need not be a control: a late cut of A alone is the limit's."""
    late = drops(lambda p: p.treatment and p.at_s > 7.0)
    assert one(Check(late, (SMALL,), held=True).run()).verdict != "ok"
    row = one(Check(late, (SMALL,), held=True, refused_at_s=7.0).run())
    assert row.verdict not in {"blocked", "throttled"}


def test_what_was_proved_before_the_limit_stands() -> None:
    row = one(Check(drops(a_setup), (SMALL,), refused_at_s=40.0).run())
    assert (row.rule, row.direction) == ("blocked.setup", Direction.UP)
    assert "reflector-limit" in row.notes
