"""What depends on the time of day, made of the bundle in the site: counters, and badges out of date."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from voipwatch.model.instants import seconds
from voipwatch.site.app import Live
from voipwatch.site.bundle import BadBundleError, read_bundle
from voipwatch.site.counted import counters_in
from voipwatch.site.counter.answers import Answer, CounterAnswers
from voipwatch.site.counter.petitions import CountedPetition
from voipwatch.site.feeds.status import outdated_files
from voipwatch.site.headers import headers_of
from voipwatch.site.words import LANGUAGES

BUNDLE: Final = "bundle"
"""Folder of the bundle, in the site."""


class LiveParts:
    """Counters of today; and once the bundle is out of date, badges that say so and nothing of now.

    Args:
        counters: of today.
        outdated: path -> the badge as it is then.
        until_s: when the bundle is out of date, Unix seconds; None: never, as an emulation (`site.outdated`).
    """

    def __init__(self, counters: CounterAnswers, outdated: dict[str, bytes], until_s: float | None) -> None:
        self._counters = counters
        self._outdated = {
            path: Answer(200, tuple((k.decode(), v.decode()) for k, v in headers_of(path)), body)
            for path, body in outdated.items()
        }
        self._until_s = until_s

    def answer(
        self, path: str, now_s: float, *, query: str = "", accept_encoding: str = "", if_none_match: str = ""
    ) -> Answer | None:
        """As `app.Live` has it."""
        if self._until_s is not None and now_s > self._until_s and path in self._outdated:
            return self._outdated[path]
        return self._counters.answer(
            path, now_s, query=query, accept_encoding=accept_encoding, if_none_match=if_none_match
        )


def counters_of(
    site: Path,
    base_url: str,
    say: Callable[[str], None] = lambda _: None,
    *,
    petitions: Callable[[], Sequence[CountedPetition]] = tuple,
) -> Live | None:
    """None where the site has no whole bundle: its files then answer, which never speak of today."""
    try:
        bundle = read_bundle(site / BUNDLE)
        manifest = bundle.manifest
        subjects = counters_in(bundle)
        outdated = {f"/{path}": body for path, body in outdated_files(bundle, LANGUAGES)}
    except (BadBundleError, OSError, ValueError) as error:
        say(f"no counter of today: the bundle in the site: {error}")
        return None
    counters = CounterAnswers(subjects, base=base_url.rstrip("/"), petitions=petitions)
    return LiveParts(counters, outdated, None if manifest.synthetic else seconds(manifest.valid_until))
