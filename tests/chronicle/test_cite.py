"""Citations name revision, time, bundle and place; hostile titles stay titles."""

import re

import msgspec
import rispy
from bibtexparser.entrypoint import parse_string
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.chronicle.cite import Citation, CitationWords, cite_bibtex, cite_ris, cite_text, permanent_url

URL = permanent_url("https://observatory.example/", "MA-2016-01-a", 3)
ONE = Citation(
    id="MA-2016-01-a",
    revision=3,
    title="Calls by apps stopped in Morocco",
    as_of="2016-02-01T10:00:00Z",
    digest="ab" * 32,
    url=URL,
)


def test_a_permanent_address_is_of_a_revision() -> None:
    assert URL == "https://observatory.example/incidents/MA-2016-01-a/r3.json"


def test_a_footnote_names_everything() -> None:
    text = cite_text(ONE)
    for part in ("MA-2016-01-a", "revision 3", "2016-02-01T10:00:00Z", "ab" * 32, URL, ONE.title):
        assert part in text
    emulated = msgspec.structs.replace(ONE, synthetic=True)
    for write in (cite_text, cite_ris, cite_bibtex):
        assert "emulated" in write(emulated)
        assert "emulated" not in write(ONE)


def test_ris_has_its_tags_in_its_form() -> None:
    lines = cite_ris(ONE).split("\r\n")
    assert lines[0] == "TY  - DATA"
    assert lines[-2:] == ["ER  - ", ""]
    assert "DA  - 2016/02/01" in lines
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]  - .*", line) for line in lines[:-1])


def test_bibtex_is_one_entry() -> None:
    text = cite_bibtex(ONE)
    assert text.startswith("@misc{voipwatch-ma-2016-01-a-r3,\n")
    assert text.endswith("}\n")
    assert "title = {{Calls by apps stopped in Morocco}}" in text


@given(st.text(max_size=60))
def test_no_title_breaks_out_of_its_field(title: str) -> None:
    hostile = msgspec.structs.replace(ONE, title=title)
    assert len(cite_ris(hostile).split("\r\n")) == 13
    bibtex = re.sub(r"\\[{}]|\\text\w+\{\}", "", cite_bibtex(hostile))
    depth = 0
    for character in bibtex:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert bibtex.count("\n") == 9


def test_a_reader_of_ris_reads_it() -> None:
    (read,) = rispy.loads(cite_ris(ONE))
    assert (read["type_of_reference"], read["id"], read["title"]) == ("DATA", "MA-2016-01-a-r3", ONE.title)
    assert (read["authors"], read["urls"]) == (["voipwatch"], [URL])
    assert (read["year"], read["date"]) == ("2016", "2016/02/01")
    assert read["notes"] == [f"Bundle sha256:{'ab' * 32}"]
    assert read["edition"] == "revision 3, as of 2016-02-01T10:00:00Z"


@example('50 % {of} \\ all & "calls" #1_2 $3^4~')
@example("TY  - X\r\nER  - ")
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60))
def test_readers_of_ris_and_bibtex_read_one_entry_whatever_the_title(title: str) -> None:
    hostile = msgspec.structs.replace(ONE, title=title)
    assert [each["urls"] for each in rispy.loads(cite_ris(hostile))] == [[URL]]
    library = parse_string(cite_bibtex(hostile))
    assert not library.failed_blocks
    (entry,) = library.entries
    fields = {name: field.value for name, field in entry.fields_dict.items()}
    assert (entry.entry_type, entry.key) == ("misc", "voipwatch-ma-2016-01-a-r3")
    assert (fields["url"], fields["year"], fields["version"]) == (URL, "2016", "revision 3")
    assert fields.keys() == {"title", "author", "year", "version", "note", "language", "url"}


FRENCH = CitationWords("Incident", "révision", "état au", "Paquet", "émulé")


def test_a_citation_says_how_far_people_have_come_with_it() -> None:
    disputed = msgspec.structs.replace(ONE, status="disputed (revision 3)", publisher="Observatory of Calls")
    assert ", disputed (revision 3). Bundle sha256:" in cite_text(disputed)
    assert cite_text(disputed).startswith("Observatory of Calls: ")
    (read,) = rispy.loads(cite_ris(disputed))
    assert read["notes"] == [f"disputed (revision 3); Bundle sha256:{'ab' * 32}"]
    assert read["authors"] == ["Observatory of Calls"]
    (entry,) = parse_string(cite_bibtex(disputed)).entries
    assert "disputed (revision 3)" in entry["note"]
    assert "Observatory of Calls" in entry["author"]


def test_a_citation_is_in_one_language() -> None:
    french = msgspec.structs.replace(ONE, words=FRENCH, lang="fr", synthetic=True, title="Appels arrêtés")
    for write in (cite_text, cite_ris, cite_bibtex):
        text = write(french)
        assert "révision 3" in text
        assert "état au" in text
        assert "[émulé] " in text
        for english in ("revision", "as of", "bundle", "emulated"):
            assert english not in text.lower(), (write, english)
    (read,) = rispy.loads(cite_ris(french))
    assert read["language"] == "fr"
