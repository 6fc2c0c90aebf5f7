"""The counters of a mirror: files that are true for ever, at the addresses that a server answers."""

from collections.abc import Iterable

from voipwatch.site.counter.document import counter_document, encoded
from voipwatch.site.counter.frame import frame
from voipwatch.site.counter.module import current_module, modules
from voipwatch.site.counter.oembed import oembed_url
from voipwatch.site.counter.selfhost import archive
from voipwatch.site.counter.subjects import CounterSubject
from voipwatch.site.counter.svg import badge
from voipwatch.site.words import LANGUAGES


def counter_files(subjects: Iterable[CounterSubject], *, base: str = "") -> dict[str, bytes]:
    """Path -> bytes of every counter, and the modules.

    Args:
        subjects: of a bundle.
        base: address of the site that answers with today's number; empty where there is none.
    """
    module = current_module()
    found = {each.name: each.body for each in modules()}
    for subject in subjects:
        document = counter_document(subject, None, base=base)
        found[f"counter/{subject.id}.json"] = encoded(document)
        for lang in LANGUAGES:
            place = f"counter/{lang}/{subject.id}"
            found[f"{place}.svg"] = badge(document, lang)
            found[f"{place}/index.html"] = frame(document, lang, oembed=oembed_url(document.id, lang, base))
            found[f"{place}.zip"] = archive(document, lang, base=base, module=module)
    return found
