"""`/counter-HASH.js`: the custom element's module, under a name that its own digest gives.

An embed that pins a digest (SRI) breaks when the file behind its address changes: so an address never changes
what it gives. A site that is rendered again keeps every module that it ever had; those that a release brings
beside its own lie in `site/assets/former/`, for sites that begin anew (docs/counter.md, "A new release").
"""

from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256, sha384
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

NAME_CHARS: Final = 16
"""Of the hexadecimal digest in the name: 64 bits tell our few releases apart; integrity is SRI's business."""


FORMER_BYTES_MAX: Final = 65_536
"""Of a module in a site: no release comes near it, and nothing larger is one."""


class Module(msgspec.Struct, frozen=True):
    """One release of the element."""

    name: str
    """`counter-0123456789abcdef.js`"""
    body: bytes
    integrity: str
    """`sha384-…`, as the attribute of that name wants it."""


def module_of(body: bytes) -> Module:
    """A module by its bytes."""
    digest = b64encode(sha384(body).digest()).decode()
    return Module(f"counter-{sha256(body).hexdigest()[:NAME_CHARS]}.js", body, f"sha384-{digest}")


@cache
def current_module() -> Module:
    """The one that new embeds are given."""
    return module_of(_assets().joinpath("element.js").read_bytes())


@cache
def modules() -> tuple[Module, ...]:
    """The current one and every earlier release, which old embeds still ask for."""
    former = _assets().joinpath("former")
    bodies = (
        [each.read_bytes() for each in former.iterdir() if each.name.endswith(".js")]
        if former.is_dir()
        else []
    )
    return (current_module(), *sorted(map(module_of, bodies), key=lambda each: each.name))


def modules_in(site: Path) -> Iterator[Module]:
    """Those that lie in a site. What is not what its name says was changed by somebody, and is none."""
    for place in sorted(site.glob("counter-*.js")):
        if place.is_file() and place.stat().st_size <= FORMER_BYTES_MAX:
            module = module_of(place.read_bytes())
            if module.name == place.name:
                yield module


def _assets() -> Traversable:
    return files("voipwatch.site").joinpath("assets")
