"""The second judge: every profile's media beside the captured flows, and planted profiles that are unlike."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from scripts import likeness
from scripts.captured_media import NO_CAPTURE, PAIRS, Pair, captured_trace, flows_of
from voipwatch.apps import Profile, ProfileSet, load_profiles
from voipwatch.apps.profile import Rhythm
from voipwatch.stats.likeness import Trace

PROFILES = load_profiles()
PLANTED = [
    pair for pair in PAIRS if (pair.app, pair.leg) in {("telegram", "reflector-529"), ("sip", "media")}
]


@cache
def traces(folder: Path) -> dict[Pair, Trace]:
    read = cache(lambda name: flows_of(folder / f"{name}.pcap"))
    return {pair: captured_trace(pair, read(pair.capture)) for pair in PAIRS}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: f"{p.app}-{p.leg}-{p.media}-{p.capture}-{p.ways}")
def test_every_judged_flow_is_like_its_capture(shared_dir: Path, pair: Pair) -> None:
    found = likeness.compare(pair, traces(shared_dir / "captures")[pair], PROFILES)
    assert found.like or not found.judged, (found.distances, found.limits)
    assert not found.judged or max(found.captured) >= 30


def test_most_flows_are_judged(shared_dir: Path) -> None:
    enough = [pair for pair, t in traces(shared_dir / "captures").items() if max(likeness._counts(t)) >= 30]
    assert len(enough) >= 25


def with_rhythms(profile: Profile, pair: Pair, **changes: object) -> ProfileSet:
    """The profile with every rhythm of the pair's streams changed."""

    def changed(rhythm: Rhythm) -> Rhythm:
        factor = changes.get("slower", 1.0)
        added = changes.get("larger", 0)
        assert isinstance(factor, float)
        assert isinstance(added, int)
        return replace(
            rhythm,
            spacing_ms=tuple(gap * factor for gap in rhythm.spacing_ms),
            sizes=tuple(size + added for size in rhythm.sizes),
            sizes_down=tuple(size + added for size in rhythm.sizes_down),
        )

    leg = profile.leg(pair.leg)
    media = tuple(
        replace(
            each,
            streams=tuple(
                replace(stream, rhythms=tuple(changed(rhythm) for rhythm in stream.rhythms))
                for stream in each.streams
            ),
        )
        for each in leg.media
    )
    altered = replace(leg, media=media)
    legs = tuple(altered if each is leg else each for each in profile.legs)
    return ProfileSet.of([replace(profile, legs=legs)])


@pytest.mark.parametrize("changes", [{"slower": 1.5}, {"larger": 64}], ids=str)
@pytest.mark.parametrize("pair", PLANTED, ids=lambda p: f"{p.app}-{p.capture}")
def test_planted_profiles_are_unlike(shared_dir: Path, pair: Pair, changes: dict[str, object]) -> None:
    profile = PROFILES.get(pair.app)
    assert profile is not None
    captured = traces(shared_dir / "captures")[pair]
    found = likeness.compare(pair, captured, with_rhythms(profile, pair, **changes))
    assert found.judged
    assert not found.like
    assert "unlike" in found.verdict


def test_other_apps_media_are_unlike(shared_dir: Path) -> None:
    pair = PLANTED[0]
    others = likeness.other_media(PROFILES)
    found = likeness.compare(pair, traces(shared_dir / "captures")[pair], PROFILES, others)
    assert found.others >= 30
    assert found.others_unlike == found.others


def test_every_leg_with_media_is_in_the_table_or_says_why_not() -> None:
    paired = {(pair.app, pair.leg, pair.media) for pair in PAIRS}
    absent = {
        (profile.id, leg.id)
        for profile in PROFILES.profiles
        for leg in profile.legs
        for media in leg.media
        if (profile.id, leg.id, media.media) not in paired
    }
    assert absent == set(NO_CAPTURE)


def test_a_stream_that_the_profile_has_not_is_an_error() -> None:
    profile = PROFILES.get("sip")
    assert profile is not None
    pair = replace(next(pair for pair in PAIRS if pair.app == "sip"), streams=("video",))
    with pytest.raises(ValueError, match="no streams video"):
        next(likeness.variants(profile, pair))
