import re
from xml.etree import ElementTree as ET

from tests.lab.test_confusion import ROWS
from tests.lab.test_matrix import row
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.lab.matrix import summarise
from voipwatch.lab.matrixpicture import WIDTH, picture

SVG = "{http://www.w3.org/2000/svg}"


def drawn(rows: list[object] = ROWS, lang: str = "en") -> str:  # type: ignore[assignment]  # rows of a matrix
    return picture(summarise(rows), texts(lang))  # type: ignore[arg-type]  # the same


def test_the_picture_is_one_column_and_asks_nobody_for_anything() -> None:
    svg = drawn()
    root = ET.fromstring(svg)
    _, _, width, height = (float(n) for n in root.attrib["viewBox"].split())
    assert width == WIDTH <= 480, "as wide as a telephone"
    for element in root.iter():
        for name in ("x", "y", "width", "height"):
            value = float(element.attrib.get(name, "0"))
            assert 0 <= value <= (width if name in {"x", "width"} else height)
        assert float(element.attrib.get("font-size", "10")) >= 10
    assert not re.search(r"<script|<style|url\(|href|@import", svg)


def test_cells_say_how_often_and_name_a_run() -> None:
    root = ET.fromstring(drawn())
    titles = [t.text for t in root.iter(f"{SVG}title")]
    assert "voipwatch lab replay --world stun-cookie --line clean --seed 2" in titles
    said = [t.text for t in root.iter(f"{SVG}text")]
    assert {"2", "66.7 %", "33.3 %"} <= set(said)
    assert "stun.drop" in said
    assert "33.3 % · 3" in said
    assert "6 – 79" in said, "the interval of one run of three"


def test_names_are_escaped_and_cut() -> None:
    svg = drawn([row(line="<b>&" + "x" * 90)])
    assert "&lt;b&gt;&amp;" in svg
    assert "x" * 60 not in re.sub(r"<title>.*?</title>", "", svg)
    ET.fromstring(svg)


def test_it_speaks_every_language_and_bears_nothing_at_all() -> None:
    for lang in LANGUAGES:
        ET.fromstring(drawn(lang=lang))
        assert texts(lang)("picture.title") in drawn(lang=lang)
    arabic = [t.text or "" for t in ET.fromstring(drawn(lang="ar")).iter(f"{SVG}text")]
    assert [t for t in arabic if re.search("[ء-ي]", t) and (t[0], t[-1]) != ("\u2067", "\u2069")] == []
    assert "Nothing was run." in drawn([])


def test_mechanisms_too_are_confused_by_app_and_by_line() -> None:
    said = [t.text or "" for t in ET.fromstring(drawn()).iter(f"{SVG}text")]
    together = " ".join(said)
    for name in (
        "confused", "grid_by_app", "grid_by_line", "instead_by_app", "instead_by_line",
        "mechanisms_by_app", "mechanisms_by_line",
    ):  # fmt: skip
        assert texts("en")(f"picture.{name}") in together, name
    assert "stun.drop → stun.drop" in said
    assert [t for t in said if t.startswith("sip stun.drop → ")]
    assert [t for t in said if t.startswith("clean stun.drop → ")]
