"""A petition beside a counter: the told count in a sentence with its time, in every tier; never invented."""

import io
import json
import re
import zipfile
from typing import Any

import msgspec
import pytest

from tests.support.browser import Chromium, Given, violations
from tests.support.counted import OPEN, petition
from tests.support.counter_pages import ID, Counter, embedding, shown
from tests.support.counters import BASE, at, every_state
from voipwatch.civic.campaignfile import Controller
from voipwatch.civic.petitions import Answer as Replied
from voipwatch.civic.petitions import Delivery, Petition, PetitionText
from voipwatch.civic.publiccounts import CountLine, next_line
from voipwatch.site.counter.answers import Answer, CounterAnswers
from voipwatch.site.counter.document import counter_document
from voipwatch.site.counter.embed import element
from voipwatch.site.counter.module import current_module
from voipwatch.site.counter.petitions import PETITIONS_MAX, CountedPetition, counted, figures
from voipwatch.site.counter.petitions import shown as shown_petitions
from voipwatch.site.words import LANGUAGES

NOON = at("2016-03-01T12:00")
TOLD = {
    "en": "8,120 or a few more confirmed signatures: Let calls through. As of 1 March 2016, 09:00 UTC",
    "fr": "8\u202f120 signatures confirmées ou quelques-unes de plus\u202f: Laissez passer les appels. "
    "État au 1er mars 2016, 09:00 UTC",
    "ar": "8.120 أو أكثر بقليل من التوقيعات المؤكَّدة: \u2068دعوا المكالمات تمر\u2069. "
    "الحالة في 1 مارس 2016، 09:00 UTC",
}
PLACE = f"/counter/en/{ID}/petition/calls"


class Known:
    """What is known of petitions, until a test knows something else."""

    def __init__(self, *petitions: CountedPetition) -> None:
        self.now = petitions

    def __call__(self) -> tuple[CountedPetition, ...]:
        return self.now


def server(known: Known) -> CounterAnswers:
    return CounterAnswers([every_state()["active"], every_state()["none"]], base=BASE, petitions=known)


def got(answers: CounterAnswers, path: str, now_s: float = NOON) -> Answer:
    answer = answers.answer(path, now_s)
    assert answer is not None
    return answer


# --- sentences ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentence_has_the_count_and_its_time(lang: str) -> None:
    (figure,) = figures([OPEN], BASE)
    assert figure.texts[lang] == TOLD[lang]
    assert figure.url[lang] == f"{BASE}/campaigns/{lang}/calls/"
    assert figures([OPEN], "")[0].url[lang] == f"../campaigns/{lang}/calls/"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_few_and_closed_are_told_as_they_are(lang: str) -> None:
    every = [petition(count=count, closed=closed) for count in (0, 8120) for closed in (False, True)]
    texts = [each.texts[lang] for each in figures(every, BASE)]
    assert len(set(texts)) == 4
    assert all("10" in each and "8" not in each.partition("2016")[0] for each in texts[:2])
    if lang == "en":
        assert ["Closed" in each for each in texts] == [False, True, False, True]


def test_a_title_is_cleaned_and_isolated() -> None:
    (figure,) = figures([petition(titles=dict.fromkeys(LANGUAGES, "\u202eevil\n{count} عربي"))], BASE)
    assert figure.texts["en"].endswith("\u2068evil {count} عربي\u2069. As of 1 March 2016, 09:00 UTC")


def test_open_ones_come_first_and_there_are_not_too_many() -> None:
    many = [petition(id=f"p{n:02}", closed=n % 2 == 0, closes_at_s=n) for n in range(30)]
    names = [each.id for each in shown_petitions(many)]
    assert names == [f"p{n:02}" for n in range(1, 24, 2)]
    assert len(names) == PETITIONS_MAX
    assert [each.id for each in shown_petitions(many[:5])] == ["p01", "p03", "p04", "p02", "p00"]


PETITION = Petition(
    id="calls", opens_at_s=1000, closes_at_s=2000, controller=Controller("A", "B", "C"),
    texts={"fr": PetitionText("Titre", "Texte")},
)  # fmt: skip
LINE: CountLine | None = next_line(None, 8123, 1500)


def test_what_is_counted_of_a_petition() -> None:
    assert counted(PETITION, LINE, 999) is None, "announced"
    assert counted(PETITION, None, 1500) is None, "nothing was told yet, so nothing is invented"
    found = counted(PETITION, LINE, 1999)
    assert found is not None
    assert (found.count, found.at, found.closed) == (8120, "1970-01-01T00:25:00Z", False)
    assert found.titles == dict.fromkeys(LANGUAGES, "Titre")
    delivered = msgspec.structs.replace(PETITION, deliveries=(Delivery(2000, "X", 8120),))
    answered = msgspec.structs.replace(delivered, answers=(Replied(2001, "X", "no"),))
    for each in (PETITION, delivered, answered):
        later = counted(each, LINE, 3000)
        assert later is not None
        assert later.closed


# --- what a server answers ----------------------------------------------------------------------------------


def test_one_document_has_them_and_every_tier_shows_the_same() -> None:
    answers = server(Known(OPEN))
    document = json.loads(got(answers, f"/counter/{ID}.json").body)
    (figure,) = document["petitions"]
    assert figure == {
        "id": "calls", "count": 8120, "as_of": "2016-03-01T09:00:00Z", "closed": False,
        "url": {lang: f"{BASE}/campaigns/{lang}/calls/" for lang in LANGUAGES}, "texts": TOLD,
    }  # fmt: skip
    svg = got(answers, f"{PLACE}.svg").body.decode()
    shown_lines = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    assert TOLD["en"] in shown_lines
    assert TOLD["en"] in re.findall(r"<desc[^>]*>([^<]*)</desc>", svg)[0]
    frame = got(answers, f"{PLACE}/").body.decode()
    assert f'href="{BASE}/campaigns/en/calls/"' in frame
    assert TOLD["en"] in frame
    assert "oembed" not in frame
    with zipfile.ZipFile(io.BytesIO(got(answers, f"{PLACE}.zip").body)) as folder:
        kept = json.loads(folder.read("voipwatch-counter/counter.json"))
        assert kept["petitions"] == [figure]
        assert kept["live"] is False
        example = folder.read("voipwatch-counter/example.html").decode()
        assert 'petition="calls"' in example
        assert TOLD["en"] in example
        read_me = folder.read("voipwatch-counter/README.fr.txt").decode()
        assert TOLD["fr"] in read_me
        assert "/petition/calls.zip" in read_me


def test_without_asking_there_is_no_second_figure() -> None:
    answers = server(Known(OPEN))
    for path in (f"/counter/en/{ID}.svg", f"/counter/en/{ID}/"):
        assert "8,120" not in got(answers, path).body.decode()
    with zipfile.ZipFile(io.BytesIO(got(answers, f"/counter/en/{ID}.zip").body)) as folder:
        assert json.loads(folder.read("voipwatch-counter/counter.json"))["petitions"] == []


@pytest.mark.parametrize(
    "path",
    [
        f"/counter/en/{ID}/petition/other.svg", f"/counter/en/{ID}/petition/calls", f"{PLACE}.json",
        "/counter/en/XX/petition/calls.svg", f"/counter/de/{ID}/petition/calls/",
        f"{PLACE}.svg/", f"/counter/en/{ID}/petition/.svg", f"{PLACE}/petition/calls.svg",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(path: str) -> None:
    assert got(server(Known(OPEN)), path).status == 404
    assert got(server(Known()), f"{PLACE}.svg").status == 404, "an instance without petitions"


def test_another_count_is_told_at_once_and_a_closed_one_says_so() -> None:
    known = Known(OPEN)
    answers = server(known)
    first = got(answers, f"{PLACE}.svg")
    assert got(answers, f"{PLACE}.svg").body is first.body, "kept"
    known.now = (petition(count=8130, closed=True, at="2016-03-01T10:00:00Z"),)
    later = got(answers, f"{PLACE}.svg")
    assert "Closed with 8,130" in later.body.decode().replace("</text>", " ")
    assert dict(later.headers)["etag"] != dict(first.headers)["etag"]
    assert "8130" in got(answers, f"/counter/{ID}.json").body.decode()


def test_an_emulation_says_so_beside_the_figure() -> None:
    emulated = msgspec.structs.replace(every_state()["active"], instance="made-up")
    answers = CounterAnswers([emulated], base=BASE, petitions=Known(OPEN))
    assert "Emulated (made-up)" in got(answers, f"{PLACE}/").body.decode()


def test_a_mirror_has_none() -> None:
    assert counter_document(every_state()["active"], None).petitions == ()


# --- in a browser -------------------------------------------------------------------------------------------


def open_with(counter: Counter, context: Any, known: Known, *, name: str = "calls", more: str = "") -> Any:
    case = every_state()["active"]
    counter.answers = CounterAnswers([case], base=counter.server.origin, petitions=known)
    document = counter.answers.document(ID, None)
    code = element(
        document, "en", source=f"{counter.server.origin}/counter/{ID}.json",
        script=f"{counter.server.origin}/{current_module().name}", module=current_module(),
        petition=msgspec.structs.replace(figures([OPEN], "")[0], id=name),
    )  # fmt: skip
    counter.embed(code.replace(" petition=", f"{more} petition="))
    return counter.open(context)


def test_the_element_shows_it_and_leads_to_it(chromium: Chromium) -> None:
    def work(context: Any) -> None:
        with embedding() as counter:
            page = open_with(counter, context, Known(OPEN))
            assert shown(page)["signed"] == TOLD["en"]
            link = page.evaluate("root.querySelector('.signed').href")
            assert link == f"{counter.server.origin}/campaigns/en/calls/"
            assert page.evaluate("root.querySelector('.signed').rel") == "noopener noreferrer"
            assert violations(page) == []
            page.evaluate("document.querySelector('voipwatch-counter').lang = 'ar'")
            page.wait_for_function("root.querySelector('.signed').textContent.startsWith('8.120')")
            page.evaluate("document.querySelector('voipwatch-counter').removeAttribute('petition')")
            page.wait_for_function("root.querySelector('.signed').hidden")
            assert page.evaluate("root.querySelector('.signed').hasAttribute('href')") is False

    chromium.run(work)


@pytest.mark.parametrize("known", [Known(), Known(petition(id="other"))])
def test_the_element_invents_nothing(chromium: Chromium, known: Known) -> None:
    def work(context: Any) -> None:
        with embedding() as counter:
            page = open_with(counter, context, known)
            assert "headline" in shown(page)
            assert "signed" not in shown(page)

    chromium.run(work)


def test_without_links_it_is_text(chromium: Chromium) -> None:
    def work(context: Any) -> None:
        with embedding() as counter:
            page = open_with(counter, context, Known(OPEN), more=" nolink")
            assert shown(page)["signed"] == TOLD["en"]
            assert page.evaluate("root.querySelector('.signed').hasAttribute('href')") is False

    chromium.run(work)


def test_unreachable_it_keeps_what_it_has(chromium: Chromium) -> None:
    def work(context: Any) -> None:
        with embedding() as counter:
            page = open_with(counter, context, Known(OPEN))
            counter.bad[f"/counter/{ID}.json"] = Given(500)
            page.evaluate("document.querySelector('voipwatch-counter').lang = 'fr'")
            page.wait_for_function("root.querySelector('.headline').textContent.startsWith('Maroc')")
            assert shown(page)["signed"] == TOLD["fr"]

    chromium.run(work)
