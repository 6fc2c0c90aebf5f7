"""The counter of today, made of the bundle that lies in the site."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from voipwatch.site.app import Live
from voipwatch.site.bundle import BadBundleError, read_bundle
from voipwatch.site.counter.answers import CounterAnswers
from voipwatch.site.counter.subjects import states_of, subjects_of

BUNDLE: Final = "bundle"
"""Folder of the bundle, in the site."""


def counters_of(site: Path, base_url: str, say: Callable[[str], None] = lambda _: None) -> Live | None:
    """None where the site has no whole bundle: its files then answer, which never speak of today."""
    try:
        bundle = read_bundle(site / BUNDLE)
        manifest = bundle.manifest
        subjects = subjects_of(
            [page.incident for page in bundle.incidents],
            states_of(bundle.read("states.json")),
            as_of=manifest.as_of,
            valid_until=manifest.valid_until,
            instance=manifest.instance,
        )
    except (BadBundleError, OSError, ValueError) as error:
        say(f"no counter of today: the bundle in the site: {error}")
        return None
    return CounterAnswers(subjects, base=base_url.rstrip("/"))
