"""`/counter/LANG/ID/`: the counter as a finished page for an `<iframe>`, without any script.

WordPress puts what oEmbed discovery finds into a sandbox with an origin of its own, where no script of ours
could store or fetch anything: so there is none. The page carries country, start date and source itself; the
host cannot reach into it. Its policy allows the one style sheet that stands in it, by digest, and every
ancestor.
"""

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from voipwatch.site.counter.document import CounterDocument, is_web
from voipwatch.site.counter.petitions import PetitionFigure

WIDTH_PX: Final = 380
HEIGHT_PX: Final = 400
"""What an embedding page is told to reserve: the longest text of ours fits, a long name in it may scroll."""

OEMBED_TYPE: Final = "application/json+oembed"
"""Of a link to a description (oEmbed 1.0, section 4)."""

STYLE: Final = (
    ":root{color-scheme:light dark;--ground:#fff;--ink:#16202c;--quiet:#46525e;--edge:#5b6b7b;--mark:#7a4b00}"
    "@media(prefers-color-scheme:dark){:root{--ground:#16202c;--ink:#fff;--quiet:#c3ccd6;--edge:#8b98a5;"
    "--mark:#ffd166}}"
    "*{box-sizing:border-box}html{background:var(--ground)}"
    "body{margin:0;padding:.7rem .9rem;font:.95rem/1.6 system-ui,'Noto Sans','Noto Sans Arabic',sans-serif;"
    "color:var(--ink);border-inline-start:6px solid var(--edge);min-height:100vh}"
    "body.active{--edge:#c4262c}body.partial,body.intermittent,"
    "body.unestablished,body.again{--edge:#b35c00}body.disputed{--edge:#7a4fd0}"
    "p{margin:0 0 .4rem;overflow-wrap:anywhere}.headline{font-weight:700;font-size:1.05rem}"
    ".petition{font-weight:600}.quiet{color:var(--quiet);font-size:.8rem}.emulated{color:var(--mark);font-weight:700;font-size:.8rem}"
    "a{color:inherit;display:inline-block;min-height:24px;padding:.1rem 0}"
    "a:focus-visible{outline:3px solid currentColor;outline-offset:2px}"
)
_DIGEST: Final = b64encode(sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *"
)
"""Content-Security-Policy of the frame."""


def frame(
    document: CounterDocument, lang: str, *, oembed: str = "", petition: PetitionFigure | None = None
) -> bytes:
    """The page, UTF-8.

    Args:
        document: of a server or of a mirror.
        lang: one of its languages. Raises KeyError for another.
        oembed: address of the description that a site which is given this page's address may ask for.
        petition: a second figure; the page with one lies two folders deeper.
    """
    texts = document.texts[lang]
    lines = []
    if texts.emulated:
        lines.append(_line("emulated", texts.emulated))
    lines.append(_line("headline", texts.headline or texts.dated))
    if texts.headline:
        lines += [_line("quiet", text) for text in (texts.start, texts.counted) if text]
    lines += [_line("quiet", text) for text in (texts.source, texts.unread) if text]
    # Relative addresses are those of `/counter/`; this page lies two or four folders below it.
    up = "../../" if petition is None else "../../../../"
    if petition is not None:
        lines.append(_link("petition", petition.url.get(lang, ""), up, petition.texts[lang]))
    page = document.page.get(lang, "")
    if page and (is_web(page) or page.startswith("../")):
        lines.append(_link("quiet", page, up, texts.details))
    robots = '<meta name="robots" content="noindex">' if document.synthetic else ""
    found = discovery(oembed, texts.label) if oembed else ""
    return (
        f'<!doctype html><html lang="{lang}" dir="{texts.dir}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f"{robots}<title>{escape(texts.label)}</title>{found}<style>{STYLE}</style></head>"
        f'<body class="{document.state.value}"><main>{"".join(lines)}</main></body></html>\n'
    ).encode()


def discovery(oembed: str, title: str) -> str:
    """The tag by which a page says where its oEmbed description is (oEmbed 1.0, section 4)."""
    return f'<link rel="alternate" type="{OEMBED_TYPE}" href="{escape(oembed)}" title="{escape(title)}">'


def _link(name: str, address: str, up: str, text: str) -> str:
    place = address if is_web(address) else f"{up}{address}"
    return (
        f'<p class="{name}"><a href="{escape(place)}" target="_blank" rel="noopener noreferrer">'
        f"{escape(text)}</a></p>"
    )


def _line(name: str, text: str) -> str:
    return f'<p class="{name}">{escape(text)}</p>'
