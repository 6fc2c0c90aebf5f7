"""A mirror's counters: every address that a server answers, and never a word of today."""

from tests.support.counters import BASE, every_state, hostile
from voipwatch.site.counter.answers import CounterAnswers
from voipwatch.site.counter.files import counter_files
from voipwatch.site.counter.module import current_module
from voipwatch.site.words import LANGUAGES


def test_a_mirror_has_every_address_that_a_server_answers() -> None:
    subjects = [every_state()["active"], every_state()["none"]]
    found = counter_files(subjects, base=BASE)
    assert set(found) == {
        current_module().name,
        *(f"counter/{name}.json" for name in ("MA", "MA-2016-01-a")),
        *(
            f"counter/{lang}/{name}{end}"
            for name in ("MA", "MA-2016-01-a")
            for lang in LANGUAGES
            for end in (".svg", ".zip", "/index.html")
        ),
    }
    server = CounterAnswers(subjects, base=BASE)
    for path in found:
        answer = server.answer(f"/{path.removesuffix('index.html')}", 1.5e9)
        assert answer is not None
        assert answer.status == 200


def test_a_mirror_never_says_today() -> None:
    for name, body in counter_files([every_state()["active"], hostile()]).items():
        if not name.endswith((".zip", ".js")):
            assert b"today" not in body
            assert b"have been stopped" not in body
        assert b"\x00" not in body or name.endswith(".zip")
