"""Values and lines as RFC 5545 has them."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.ical import LINE_BYTES, content_line, instant, text_value


def test_the_examples_of_the_standard() -> None:
    """3.3.11 and 3.3.5."""
    assert text_value("Project XYZ Final Review\nConference Room - 3B\nCome Prepared.") == (
        "Project XYZ Final Review\\nConference Room - 3B\\nCome Prepared."
    )
    assert text_value("a;b,c\\d\r\ne\tf\x00\x7f") == "a\\;b\\,c\\\\d\\ne f"
    assert instant(1_452_902_400) == "20160116T000000Z"


def test_a_long_line_is_folded_at_75_octets() -> None:
    """74 octets after each fold: the space that begins it counts."""
    lines = content_line("x" * 200).split(b"\r\n")
    assert [len(line) for line in lines] == [75, 75, 52, 0]
    assert all(line.startswith(b" ") for line in lines[1:3])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=300))
def test_a_folded_line_comes_back_whole(text: str) -> None:
    folded = content_line(text)
    assert folded.endswith(b"\r\n")
    assert all(len(line) <= LINE_BYTES for line in folded.split(b"\r\n"))
    assert folded[:-2].replace(b"\r\n ", b"").decode() == text
    for line in folded[:-2].split(b"\r\n "):
        line.decode()  # no letter is cut in two
