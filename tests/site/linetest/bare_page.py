"""The least page around the line test's body, for tests: the site's own stands in its base template."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from voipwatch.site.linetest.page import line_test_context

BARE = """<!doctype html>
<html lang="{{ line_test.lang }}" dir="{{ line_test.dir }}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ line_test.texts["title"] }}</title></head>
<body><main>{% include "_line-test-body.html" %}</main></body>
</html>
"""


def bare_page(lang: str) -> str:
    environment = Environment(
        loader=PackageLoader("voipwatch.site"), autoescape=True, undefined=StrictUndefined
    )
    return environment.from_string(BARE).render(line_test=line_test_context(lang))
