"""TURN's channels: dead where bare RTP lives; and the legs that speak through them are the catalogue's."""

import tomllib
from pathlib import Path

from tests.inference.build import Check, Shape, drops
from voipwatch.inference import judge
from voipwatch.inference.channels import BARE_LEGS, CHANNEL_LEGS
from voipwatch.model.vocabulary import Verdict

WRAPPED = Shape(app="messenger", leg="turn", media_s=0.6, spacing_s=0.04)
BARE = Shape(app="webrtc", leg="server", media_s=0.6, spacing_s=0.04)
OTHER = Shape(app="whatsapp", leg="relay-2015", media_s=0.6, spacing_s=0.04)
OLD = Shape(app="sip", leg="media", rounds=(), media_s=0.6, spacing_s=0.04, mutants=())


def spoken(repository: Path) -> dict[tuple[str, str], set[str]]:
    """Codecs of the voice of every leg that is run, by app and leg."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in (repository / "src/voipwatch/apps/catalogue").glob("*.toml"):
        profile = tomllib.loads(path.read_text())
        for leg in profile["legs"]:
            streams = leg.get("voice", {}).get("streams", []) if leg.get("run", True) else []
            codecs = {profile["messages"][s["message"]]["codec"] for s in streams}
            if codecs:
                found[path.stem, leg["id"]] = codecs
    return found


def test_the_legs_are_those_of_the_catalogue(repository: Path) -> None:
    legs = spoken(repository)
    assert {leg for leg, codecs in legs.items() if codecs == {"channeldata"}} == CHANNEL_LEGS
    assert {leg for leg, codecs in legs.items() if codecs <= {"rtp", "rtcp"}} == BARE_LEGS


def label(*dead: str, beside: tuple[Shape, ...] = (BARE,), app: str = "messenger") -> str | None:
    """The label of an app whose media dies, in a check with others beside it."""
    world = drops(lambda p: p.treatment and p.media and p.app in dead)
    rows = judge(Check(world, (WRAPPED, *beside)).run()).results
    (found,) = [row for row in rows if row.app == app]
    assert found.verdict is Verdict.BLOCKED
    return found.mechanism


def test_channel_data_dies_while_bare_rtp_lives() -> None:
    assert label("messenger") == "turn.channel"


def test_alone_it_may_be_what_is_in_the_channel() -> None:
    assert label("messenger", beside=()) == "rtp.drop"


def test_bare_rtp_of_old_payload_types_does_not_vouch_for_the_rest() -> None:
    assert label("messenger", beside=(OLD,)) == "rtp.drop"


def test_where_bare_rtp_dies_too_it_is_the_rtp() -> None:
    assert label("messenger", "webrtc", beside=(BARE, OTHER)) == "rtp.drop"
    assert label("messenger", "webrtc", beside=(BARE, OTHER), app="webrtc") == "rtp.drop"


def test_media_of_its_own_kind_that_dies_is_no_channel() -> None:
    own = Shape(app="zoom", leg="sfu-audio", media_s=0.6, spacing_s=0.04)
    assert label("zoom", beside=(BARE, own), app="zoom") == "rtp.drop"


def test_one_way_of_a_channel_is_one_way() -> None:
    world = drops(lambda p: p.treatment and p.media and p.app == "messenger" and not p.up)
    found = judge(Check(world, (WRAPPED, BARE)).run()).results[0]
    assert found.mechanism == "rtp.oneway"
