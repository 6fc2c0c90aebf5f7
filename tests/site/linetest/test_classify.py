"""linetest-classify.js in Chromium: the whole table by hand-made observations, and what must not accuse."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.site.linetest.driving import module_page

Classify = Callable[[dict[str, Any]], dict[str, Any]]
DIRECT = ("direct", "direct-again")
RELAYS = ("turn-udp", "turn-tcp", "turn-tls", "turn-tls-again", "turn-tls-ip")
BY_TLS = ("turn_tls", "turn_tls_again", "turn_tls_ip")
ACCUSING = {"udp-or-stun", "tls-only", "dtls", "rtp", "one-way", "late-cut", "sni-or-name"}


@pytest.fixture(scope="module")
def classify(browser: Browser) -> Iterator[Classify]:
    page = module_page(browser)
    page.evaluate("async () => { window.m = await import('/linetest/linetest-classify.js'); }")
    yield lambda seen: page.evaluate("seen => window.m.classify(seen)", seen)
    page.close()


def flow(*, until: float = 1.0, share: float = 1.0, lost: int = 0, seconds: float = 4.5) -> dict[str, Any]:
    """One direction: 50 packets a second sent, `share` of them arrive until `until` of the time."""
    series = []
    for quarter in range(int(seconds * 4) + 1):
        sent = quarter * 12.5
        arrived = min(sent, until * seconds * 50) * share
        series.append([250 * quarter, round(sent), round(arrived)])
    return {"lost": lost, "jitterMs": 2.0, "series": series}


def arm(**changes: Any) -> dict[str, Any]:
    good = {
        "answered": True, "ice": True, "dtls": True, "echoesSent": 20, "echoesBack": 20, "rttMs": 40.0,
        "relayProtocol": "", "errors": [], "up": flow(), "down": flow(),
    }  # fmt: skip
    return {**good, **changes}


def no_ice() -> dict[str, Any]:
    nothing = {"lost": 0, "jitterMs": None, "series": [[6500, 0, 0]]}
    return arm(ice=False, dtls=False, echoesSent=0, echoesBack=0, rttMs=None, up=nothing, down=nothing)


def no_dtls() -> dict[str, Any]:
    return {**no_ice(), "ice": True}


def refused(code: int = 486) -> dict[str, Any]:
    """A relay that answered: no."""
    return {**no_ice(), "errors": [[701, 900], [code, 1300]]}


def seen(**arms: Any) -> dict[str, Any]:
    """A clean line, with other `arms` (`direct` is both direct flows; None: not run)."""
    every: dict[str, Any] = {name: arm() for name in (*DIRECT, *RELAYS)}
    for given, value in arms.items():
        name = given.replace("_", "-")
        for one in DIRECT if name == "direct" else (name,):
            every[one] = deepcopy(value)
    return {
        "supported": True,
        "failure": "",
        "turn": True,
        "reached": dict.fromkeys((*DIRECT, *RELAYS), 60),
        "control": {
            "pagesAsked": 6, "pagesAnswered": 6, "pageMs": [5.0], "streamLines": 19,
            "streamLongestGapMs": 260, "streamLastMs": 5300,
        },
        "arms": {name: value for name, value in every.items() if value is not None},
        "tookMs": 5600,
    }  # fmt: skip


NEVER = flow(share=0.0)
TABLE: dict[str, tuple[dict[str, Any], str]] = {
    "none": (seen(), "ok"),
    "STUN cookie": (seen(direct=no_ice(), turn_udp=no_ice()), "udp-or-stun"),
    "STUN cookie in tcp too": (seen(direct=no_ice(), turn_udp=no_ice(), turn_tcp=no_ice()), "tls-only"),
    "DTLS handshake": (seen(direct=no_dtls()), "dtls"),
    "RTP": (seen(direct=arm(up=NEVER, down=NEVER)), "rtp"),
    "RTP up": (seen(direct=arm(up=NEVER)), "one-way"),
    "RTP down": (seen(direct=arm(down=NEVER)), "one-way"),
    "20 pps": (seen(direct=arm(up=flow(share=0.25, lost=160), down=flow(share=0.25, lost=160))), "poor"),
    "20 pps, starving at the end": (
        seen(direct=arm(up=flow(share=0.2, until=0.6, lost=190), down=flow(share=0.1, lost=200))),
        "poor",
    ),
    "20 pps, a direction to each flow": (
        seen(
            direct=arm(up=flow(share=0.2, lost=180), down=NEVER),
            direct_again=arm(up=NEVER, down=flow(share=0.2, lost=180)),
        ),
        "poor",
    ),
    "hardly anything": (
        seen(direct=arm(up=flow(share=0.03, lost=218), down=flow(share=0.03, lost=218))),
        "poor",
    ),
    "half lost, then cut": (seen(direct=arm(up=flow(share=0.5, until=0.6, lost=67))), "late-cut"),
    "30 %": (seen(direct=arm(down=flow(share=0.7, lost=65))), "poor"),
    "long delay": (seen(direct=arm(rttMs=1200.0)), "poor"),
    "cut": (seen(direct=arm(up=flow(until=0.1), down=flow(until=0.1))), "late-cut"),
    "cut one way": (seen(direct=arm(up=flow(until=0.3))), "late-cut"),
    "SNI": (seen(turn_tls=no_ice(), turn_tls_again=no_ice()), "sni-or-name"),
}


@pytest.mark.parametrize("name", TABLE)
def test_each_rule_gives_its_class(classify: Classify, name: str) -> None:
    observed, expected = TABLE[name]
    assert classify(observed)["class"] == expected


def test_a_relay_that_nobody_ever_reached_by_its_name_accuses_nobody(classify: Classify) -> None:
    """The name may lead elsewhere, or stand in no certificate: then it fails for everybody."""
    everybody = seen(turn_tls=no_ice(), turn_tls_again=no_ice())
    del everybody["reached"]["turn-tls"]
    del everybody["reached"]["turn-tls-again"]
    assert classify(everybody)["class"] == "ok"


@pytest.mark.parametrize("one", [arm(), None, refused()], ids=["through", "not run", "refused"])
@pytest.mark.parametrize("which", ["turn_tls", "turn_tls_again"])
def test_one_flow_by_name_accuses_nobody(classify: Classify, which: str, one: dict[str, Any] | None) -> None:
    both = {"turn_tls": no_ice(), "turn_tls_again": no_ice()}
    assert classify(seen(**{**both, which: one}))["class"] == "ok"


INNOCENT: dict[str, tuple[dict[str, Any], str]] = {
    "the page is away": ({**seen(), "failure": "page", "arms": {}}, "page"),
    "no far end": ({**seen(), "failure": "far-end", "arms": {}}, "far-end"),
    "offers not understood": ({**seen(), "arms": {}}, "far-end"),
    "all dead": (seen(direct=no_ice(), **{n.replace("-", "_"): no_ice() for n in RELAYS}), "nothing-through"),
    "no relay": (seen(direct=no_ice(), **{n.replace("-", "_"): None for n in RELAYS}), "no-relay"),
    "no relay by UDP": (seen(direct=no_ice(), turn_udp=None), "no-relay"),
    "no relay by TCP": (seen(direct=no_ice(), turn_udp=no_ice(), turn_tcp=None), "no-relay"),
    "a home's firewall": (seen(direct=no_ice()), "direct-only"),
    "nobody ever came by UDP": (
        {**seen(direct=no_ice(), turn_udp=no_ice()), "reached": {"turn-tcp": 9}}, "unproved",
    ),
    "nobody ever came by TCP": (
        {**seen(direct=no_ice(), turn_udp=no_ice(), turn_tcp=no_ice()), "reached": {"direct": 9}}, "unproved",
    ),
    "one flow of two without keys": (seen(direct_again=no_dtls()), "flows-disagree"),
    "one flow of two silent": (seen(direct_again=arm(up=NEVER, down=NEVER)), "flows-disagree"),
    "one flow of two cut": (seen(direct_again=arm(up=flow(until=0.1))), "flows-disagree"),
    "flows silent in different directions": (
        seen(direct=arm(up=NEVER), direct_again=arm(down=NEVER)), "flows-disagree",
    ),
    "no sound was sent": (seen(direct=arm(up=flow(share=0.0, seconds=0.5))), "no-voice"),
    "DTLS dead everywhere": (
        seen(direct=no_dtls(), **{n.replace("-", "_"): no_dtls() for n in RELAYS}), "nothing-through",
    ),
    "silent everywhere": (
        seen(**{n.replace("-", "_"): arm(up=NEVER, down=NEVER) for n in ("direct", *RELAYS)}),
        "nothing-through",
    ),
    "a home's firewall, and our relay by UDP is full": (
        seen(direct=no_ice(), turn_udp=refused()), "relay-refused",
    ),
    "a home's firewall, and our relay is full but for TLS": (
        seen(direct=no_ice(), turn_udp=refused(), turn_tcp=refused(508)), "relay-refused",
    ),
    "UDP dead, and our relay by TCP is full": (
        seen(direct=no_ice(), turn_udp=no_ice(), turn_tcp=refused(437)), "relay-refused",
    ),
    "a relay that takes no credential": (
        seen(direct=no_ice(), **{n.replace("-", "_"): refused(401) for n in RELAYS}), "relay-refused",
    ),
    "no keys, and our relay is full": (
        seen(direct=no_dtls(), **{n.replace("-", "_"): refused() for n in RELAYS}), "relay-refused",
    ),
    "one way silent, and our relay is full": (
        seen(direct=arm(up=NEVER), **{n.replace("-", "_"): refused(403) for n in RELAYS}), "relay-refused",
    ),
    "silent, and messages are not echoed": (
        seen(direct=arm(up=NEVER, down=NEVER, echoesBack=1)), "nothing-through",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", INNOCENT)
def test_where_nothing_can_be_said_nobody_is_accused(classify: Classify, name: str) -> None:
    observed, reason = INNOCENT[name]
    said = classify(observed)
    assert (said["class"], said["reason"]) == ("insufficient", reason)


@pytest.mark.parametrize(
    "control",
    [
        {"pagesAnswered": 2},
        {"pagesAsked": 0, "pagesAnswered": 0},
        {"streamLongestGapMs": 4100},
        {"streamLines": 0},
    ],
    ids=["pages", "none asked", "gap", "no lines"],
)
@pytest.mark.parametrize("name", [name for name, (_, word) in TABLE.items() if word in ACCUSING])
def test_no_rule_accuses_where_the_control_fails(
    classify: Classify, name: str, control: dict[str, int]
) -> None:
    observed = deepcopy(TABLE[name][0])
    observed["control"].update(control)
    said = classify(observed)
    assert (said["class"], said["reason"]) == ("insufficient", "control")


@pytest.mark.parametrize("end", ["nearLateMs", "farLateMs"])
def test_delays_of_a_busy_end_are_not_called_the_line_s(classify: Classify, end: str) -> None:
    slow = seen(direct=arm(rttMs=1200.0))
    slow["control"][end] = 251
    assert classify(slow)["class"] == "ok"
    lossy = seen(direct=arm(down=flow(share=0.7, lost=65)))
    lossy["control"][end] = 251
    assert classify(lossy)["class"] == "poor"


def test_a_line_that_starves_the_second_flow_is_poor_whatever_its_control(classify: Classify) -> None:
    slow = seen(direct=arm(up=flow(share=0.4, lost=130)), direct_again=arm(up=flow(until=0.1)))
    slow["control"].update(pagesAnswered=1, streamLongestGapMs=5000)
    assert classify(slow)["class"] == "poor"


def test_a_browser_without_webrtc(classify: Classify) -> None:
    said = classify({"supported": False})
    assert (said["class"], said["up"], said["down"]) == ("unsupported", None, None)


def test_relays_that_failed_are_noted_and_change_nothing(classify: Classify) -> None:
    said = classify(seen(turn_udp=no_ice(), turn_tls=None, turn_tls_again=None, turn_tls_ip=no_ice()))
    assert (said["class"], said["notes"]) == ("ok", ["turn-udp", "turn-tls-ip"])


def test_both_relays_by_tls_dead_is_no_matter_of_names(classify: Classify) -> None:
    assert classify(seen(**dict.fromkeys(BY_TLS, no_ice())))["class"] == "ok"


def test_numbers_are_of_both_direct_flows(classify: Classify) -> None:
    said = classify(seen(direct=arm(down=flow(lost=3))))
    assert said["class"] == "ok"
    assert (said["down"]["lost"], said["down"]["expected"]) == (6, 6 + 2 * 225)
    assert said["up"]["delayMs"] == 20.0
    assert 4.2 < said["up"]["mos"] < 4.5


def test_two_lost_of_forty_are_too_few_for_poor(classify: Classify) -> None:
    short = flow(seconds=0.8, lost=1)
    assert classify(seen(direct=arm(up=short, down=short)))["class"] == "ok"


def test_a_relay_by_name_that_we_refused_is_no_matter_of_names(classify: Classify) -> None:
    said = classify(seen(turn_tls=refused(), turn_tls_again=no_ice()))
    assert (said["class"], said["refused"], said["notes"]) == ("ok", ["turn-tls"], ["turn-tls-again"])


def test_no_answer_is_no_refusal_and_a_relay_that_carried_the_call_was_none(classify: Classify) -> None:
    """701: no server could be reached. And of two families of addresses one may be refused."""
    silent = {**no_ice(), "errors": [[701, 900], ["InvalidStateError", 2]]}
    assert classify(seen(direct=no_ice(), turn_udp=silent))["class"] == "udp-or-stun"
    carried = arm(errors=[[486, 1300]])
    assert classify(seen(direct=no_ice(), turn_udp=no_ice(), turn_tcp=carried))["class"] == "udp-or-stun"
