"""Screenshots of a site for docs/site/: first page, incident, timeline and line test in three languages.

    python scripts/site_pictures.py SITE [--out docs/site]

Takes the newest incident of the site's bundle. Pictures are 8-bit PNG with a palette, to stay small.
"""

import io
import json
import sys
from argparse import ArgumentParser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.browser import EXECUTABLE, FLAGS

LANGUAGES = ("en", "fr", "ar")
SIZE: ViewportSize = {"width": 1000, "height": 1250}


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it is asked."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> int:
    """Exit status."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("site", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/site"))
    arguments = parser.parse_args()
    folder = arguments.site.resolve()
    incidents = json.loads((folder / "bundle/incidents/index.json").read_bytes())["incidents"]
    pages = {"home": "", "timeline": "timeline/", "line-test": "line-test/"}
    if incidents:
        pages["incident"] = f"incidents/{incidents[-1]['id']}/"
    arguments.out.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=list(FLAGS))
        page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
        for lang in LANGUAGES:
            for name, path in pages.items():
                if not (folder / lang / path / "index.html").is_file():
                    print(f"{lang}/{path}: not in this site", file=sys.stderr)
                    continue
                page.goto(f"{origin}/{lang}/{path}")
                picture = Image.open(io.BytesIO(page.screenshot()))
                place = arguments.out / f"{name}-{lang}.png"
                picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(place, optimize=True)
                print(f"{place}: {place.stat().st_size} bytes")
        browser.close()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
