"""The public site, of `voipwatch serve --site`: what is checked before anything starts."""

from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from voipwatch.cli.campaigns import campaigns_of
from voipwatch.cli.errors import Misuse
from voipwatch.cli.serve_roles import SiteRole
from voipwatch.cli.values import parse_address, parse_count, shown, shown_path

SITE_PORT: Final = 8482
TURN_TLS_PORT: Final = 443
COLLECTOR: Final = "collector"
"""Folder in the data folder: the collector's, where the table of networks is."""
BROWSER_REPORTS: Final = "browser-reports"
"""Folder in the data folder: what browsers handed in, which nothing that makes cells reads."""


class LineTestOptions(NamedTuple):
    """What was asked for the line test in the browser."""

    address: str | None = None
    turn: bool = False
    turn_tls_port: int = TURN_TLS_PORT
    proxies: tuple[str, ...] = ()
    geo: bool = True
    """Whether reports are given a country and a network."""


class SiteOptions(NamedTuple):
    """What was asked for the site, as it was typed."""

    site: str | None
    port: int
    url: str | None
    campaigns: str | None


NO_LINE_TEST: Final = LineTestOptions()


def require_site(site: str | None, *, line_test: str | None, turn: bool, campaigns: str | None) -> None:
    """The pages of the line test and of campaigns need a site, and the relay a line test. Raises Misuse."""
    if campaigns is not None and site is None:
        raise Misuse("error.campaigns_alone")
    if line_test is not None and site is None:
        raise Misuse("error.line_test_alone")
    if turn and line_test is None:
        raise Misuse("error.turn_alone")


def site_role(
    site: str,
    port: int,
    url: str | None,
    *,
    bind: str,
    certificate: str | None,
    key: str | None,
    data: Path = Path(),
    line_test: LineTestOptions = NO_LINE_TEST,
) -> SiteRole:
    """What the site's server is to do. Raises Misuse where there is no whole site, or no such address."""
    from voipwatch.site.memory import BadSiteError, stamp_of  # noqa: PLC0415 -- seldom needed

    folder = Path(site).absolute()
    try:
        stamp_of(folder)
    except BadSiteError as error:
        key_of_why = "error.site_unfinished" if error.why == "unfinished" else "error.site_missing"
        raise Misuse(key_of_why, path=shown_path(folder)) from error
    return SiteRole(
        site=str(folder),
        bind=bind,
        port=parse_count(port, option="--site-port", low=0, high=65535),
        base_url="" if url is None else _base(url),
        certificate="" if certificate is None else str(Path(certificate).absolute()),
        certificate_key="" if key is None else str(Path(key).absolute()),
        line_test="" if line_test.address is None else parse_address(line_test.address),
        reports="" if line_test.address is None else str(data / BROWSER_REPORTS),
        turn=line_test.turn,
        turn_tls_port=parse_count(line_test.turn_tls_port, option="--turn-tls-port", low=1, high=65535),
        proxies=line_test.proxies,
        networks=str(data / COLLECTOR) if line_test.address is not None and line_test.geo else "",
    )


def asked_site(
    options: SiteOptions,
    line_test: LineTestOptions,
    *,
    bind: str,
    certificate: str | None,
    key: str | None,
    data: Path,
) -> SiteRole | None:
    """The site's role with its campaigns; None where no site is asked for.

    Raises Misuse as `site_role` does, and for a folder of no campaigns.
    """
    if options.site is None:
        return None
    role = site_role(
        options.site,
        options.port,
        options.url,
        bind=bind,
        certificate=certificate,
        key=key,
        data=data,
        line_test=line_test,
    )
    if options.campaigns is None:
        return role
    folder = campaigns_of(Path(options.campaigns).absolute()).folder
    return msgspec.structs.replace(role, campaigns=str(folder))


def _base(url: str) -> str:
    """The site's own address, without a slash at its end. Raises Misuse."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise Misuse("error.site_url", url=shown(url, longest=200))
    return url.rstrip("/")
