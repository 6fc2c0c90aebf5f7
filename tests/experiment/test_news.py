from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from voipwatch.experiment.news import SHARE_BEFORE_TRIGGER, News
from voipwatch.experiment.questions.leg import LegPhase
from voipwatch.model.vocabulary import Media


def leg(app: str, phase: LegPhase, media: Media = Media.VOICE) -> Any:
    """As much of a leg as news looks at."""
    return SimpleNamespace(app=app, phase=phase, media=media, done=phase is LegPhase.DONE)


def told(news: News, *legs: Any, waiting: Sequence[Any] = (), active: Sequence[Any] = ()) -> list[Any]:
    return [(p.app, p.stage, p.done_ratio) for p in news.of(legs, waiting, active)]


def test_a_call_from_set_up_to_its_end_and_nothing_twice() -> None:
    news, one = News(), leg("sip", LegPhase.FIRST)
    assert told(news, one) == [("sip", "setup", 0.0)]
    assert told(news, one) == []
    assert told(news, leg("sip", LegPhase.MEDIA)) == [("sip", "voice", 0.4)]
    assert told(news, leg("sip", LegPhase.DONE)) == [("sip", "done", 1.0)]
    assert told(news, leg("sip", LegPhase.DONE)) == []


def test_a_block_is_repeated_and_its_trigger_looked_for() -> None:
    news, trigger = News(), SimpleNamespace(app="sip")
    assert told(news, leg("sip", LegPhase.REPEAT), active=[trigger]) == [("sip", "repeat", 0.6)]
    assert told(news, leg("sip", LegPhase.DONE), active=[trigger]) == [
        ("sip", "trigger", SHARE_BEFORE_TRIGGER)
    ]
    assert told(news, leg("sip", LegPhase.DONE), active=[SimpleNamespace(app="viber")]) == [
        ("sip", "done", 1.0)
    ]


def test_an_app_is_as_far_as_its_legs_together() -> None:
    news = News()
    first, second = leg("sip", LegPhase.DONE), leg("sip", LegPhase.MEDIA, Media.VIDEO)
    assert told(news, first, second) == [("sip", "video", 0.7)]


def test_an_app_that_waits_is_no_news() -> None:
    news, waits, runs = News(), leg("imo", LegPhase.FIRST), leg("sip", LegPhase.FIRST)
    assert told(news, waits, runs, waiting=[waits]) == [("sip", "setup", 0.0)]
    assert told(news, waits, runs) == [("imo", "setup", 0.0)]


def test_a_ratio_never_goes_back() -> None:
    news = News()
    told(news, leg("sip", LegPhase.REPEAT))
    assert told(news, leg("sip", LegPhase.MEDIA)) == [("sip", "voice", 0.6)]


def test_a_leg_that_goes_on_is_news_though_the_legs_are_the_same() -> None:
    news, one, trigger = News(), leg("sip", LegPhase.FIRST), SimpleNamespace(app="sip")
    assert told(news, one) == [("sip", "setup", 0.0)]
    one.phase = LegPhase.REPEAT
    assert told(news, one) == [("sip", "repeat", 0.6)]
    one.phase, one.done = LegPhase.DONE, True
    assert told(news, one, active=[trigger]) == [("sip", "trigger", SHARE_BEFORE_TRIGGER)]
    assert told(news, one) == [("sip", "done", 1.0)]


def test_other_legs_in_the_same_phase_are_news() -> None:
    news, one, other = News(), leg("sip", LegPhase.FIRST), leg("imo", LegPhase.FIRST)
    assert told(news, one) == [("sip", "setup", 0.0)]
    assert told(news, other) == [("imo", "setup", 0.0)]
    assert told(news, one, other, waiting=[one, other]) == []
    assert told(news, one, other, waiting=[other]) == []
    other.phase = LegPhase.MEDIA
    assert told(news, one, other, waiting=[one]) == [("imo", "voice", 0.4)]
