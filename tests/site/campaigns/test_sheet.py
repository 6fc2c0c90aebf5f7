"""The sheet for signatures on paper."""

import re

import msgspec
import pytest
from markupsafe import escape

from tests.site.campaigns.instance import petition
from voipwatch.site.campaigns.sheet import ROWS, ROWS_MAX, sheet
from voipwatch.site.words import LANGUAGES, words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_has_text_rows_notice_and_tally(lang: str) -> None:
    own, t = petition(), words(lang)
    page = sheet(own, t).decode()
    assert len(re.findall('<tr><th scope="row" class="number">', page)) == ROWS
    _, text = own.text(lang)
    assert f"<h1>{escape(text.title)}</h1>" in page
    assert own.controller.contact in page
    for key in ("name", "signature", "notice", "sheet", "valid", "struck", "counted-by"):
        assert t.plain(f"petition.sheet.{key}") in page
    assert "<script" not in page
    assert "http" not in page.replace(own.controller.contact, ""), "nothing is fetched"


@pytest.mark.parametrize("rows", [1, ROWS_MAX])
def test_as_many_rows_as_asked_for(rows: int) -> None:
    assert sheet(petition(), words("en"), rows=rows).count(b'class="number">') == rows + 1


@pytest.mark.parametrize("rows", [0, -1, ROWS_MAX + 1])
def test_rows_that_are_on_no_sheet_are_refused(rows: int) -> None:
    with pytest.raises(ValueError, match="rows"):
        sheet(petition(), words("en"), rows=rows)


def test_a_hostile_text_is_text() -> None:
    own = petition()
    lang, text = own.text("en")
    hostile = petition(texts={lang: msgspec.structs.replace(text, title="<script>alert(1)</script>")})
    page = sheet(hostile, words("en"))
    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page
