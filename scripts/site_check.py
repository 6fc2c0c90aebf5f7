"""Every page of a site in a real Chromium: accessible by axe-core, complete without scripts, asking nobody.

    python scripts/site_check.py SITE [--every N]

Prints a line a problem and the count of pages; ends with 1 where there is a problem. The tests look at a
sample of each kind of page; this looks at all of them, which takes minutes.
"""

import sys
from argparse import ArgumentParser
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import ConsoleMessage, Request, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.browser import EXECUTABLE, FLAGS, violations


class Quiet(SimpleHTTPRequestHandler):
    """Says nothing of what it is asked."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> int:
    """Exit status."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("site", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only each Nth page of a kind of folder")
    arguments = parser.parse_args()
    folder = arguments.site.resolve()
    pages = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.html"))]
    pages = pages[:: arguments.every]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_address[1]}"
    problems: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=list(FLAGS))
        for scripts in (True, False):
            context = browser.new_context(java_script_enabled=scripts)
            page = context.new_page()
            page.on("request", partial(_asked, problems, origin))
            page.on("console", partial(_said, problems))
            for number, path in enumerate(pages, 1):
                page.goto(f"{origin}/{path}")
                if scripts:
                    problems += [f"{path}: {each}" for each in violations(page)]
                elif not page.inner_text("body").strip():
                    problems.append(f"{path}: empty without scripts")
                if number % 50 == 0:
                    print(f"{number} of {len(pages)}", file=sys.stderr)
            context.close()
        browser.close()
    server.shutdown()
    print("\n".join(problems))
    print(f"{len(pages)} pages, {len(problems)} problems")
    return 1 if problems else 0


def _asked(problems: list[str], origin: str, request: Request) -> None:
    if not request.url.startswith(origin):
        problems.append(f"asked {request.url}")


def _said(problems: list[str], message: ConsoleMessage) -> None:
    problems.append(f"console: {message.text}")


if __name__ == "__main__":
    sys.exit(main())
