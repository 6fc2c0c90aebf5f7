"""Somebody with a browser without JavaScript and with cookies: logs in, opens pages, sends forms."""

import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from tests.wordpress.sites import PASSWORD, Page


class _Fields(HTMLParser):
    """The named fields of the form that leads to options.php, as a browser would send them untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = attributes.get("action", "").endswith("options.php")
        if tag == "input" and self._inside and "name" in attributes:
            unticked = attributes.get("type") == "checkbox" and "checked" not in attributes
            if not unticked:
                self.values[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def form_fields(html: str) -> dict[str, str]:
    """The fields of the settings form of a page."""
    parser = _Fields()
    parser.feed(html)
    return parser.values


class Visitor:
    """A session with a WordPress."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path: str, form: dict[str, str] | None = None) -> Page:
        """GET a page, or POST a form to it; an error status is a page too."""
        body = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with self._opener.open(self._url + path, body, timeout=60) as answer:
                return Page(answer.status, answer.url, answer.read().decode("utf-8"))
        except urllib.error.HTTPError as error:
            return Page(error.code, error.url or "", error.read().decode("utf-8"))

    def log_in(self, name: str) -> None:
        """Log in as `admin` or `editor`."""
        self.open("/wp-login.php")  # sets the cookie that WordPress wants to see again
        page = self.open("/wp-login.php", {"log": name, "pwd": PASSWORD, "testcookie": "1"})
        assert "login_error" not in page.text
