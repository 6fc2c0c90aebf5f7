"""Contexts to HTML: nothing undefined, nothing unescaped."""

import json

import pytest
from jinja2 import UndefinedError

from voipwatch.site.html import bare_html, json_ld, to_html
from voipwatch.site.words import words


def test_a_document_cannot_leave_its_element() -> None:
    text = json.dumps({"a": "</script><!-- & <b>"})
    shown = json_ld(text)
    assert not set("<>&") & set(shown)
    assert json.loads(shown) == json.loads(text)


def test_what_is_not_there_is_our_fault() -> None:
    with pytest.raises(UndefinedError):
        bare_html("chooser.html", {})
    with pytest.raises(UndefinedError):
        to_html("home.html", object(), words("en"))
