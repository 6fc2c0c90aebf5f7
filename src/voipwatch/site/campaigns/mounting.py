"""Campaigns beside the site, in one of its processes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from voipwatch.site.campaigns.admin.section import AdminSection
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.figures import PetitionCounts, look_at
from voipwatch.site.campaigns.links import ADMIN, MOUNT, WALL
from voipwatch.site.campaigns.pledging import links as pledging_links
from voipwatch.site.campaigns.pledging.desk import PledgeDesk
from voipwatch.site.campaigns.pledging.section import PledgeSection
from voipwatch.site.campaigns.sections import Section
from voipwatch.site.campaigns.settings import read_settings
from voipwatch.site.campaigns.wall.section import WallSection

__all__ = ["MOUNT", "campaigns_app", "counter_in", "counts_of"]


def campaigns_app(
    folder: Path, site: Path | None = None, say: Callable[[str], Any] = lambda _line: None
) -> CampaignsApp:
    """The application; its tables are brought up to date by the process beside (`running`). `site`: the
    folder that is served beside it, whose counters can show a petition's count.

    Raises SettingsError, DatabaseError.
    """
    desk = Desk(read_settings(folder))
    return CampaignsApp(desk, sections=sections_of(desk), counter_for=partial(counter_in, site), say=say)


def counter_in(site: Path | None, country: str) -> str:
    """The counter of that country in a site, else the first of any; empty where there is none."""
    if site is None:
        return ""
    found = sorted(each.stem for each in (site / "counter").glob("[A-Z][A-Z].json"))
    return country if country in found else next(iter(found), "")


def counts_of(app: CampaignsApp) -> PetitionCounts:
    """Told counts of its petitions, for the counters of the site."""
    return PetitionCounts(look_at(app.desk, app.clock))


def sections_of(desk: Desk) -> dict[str, Section]:
    """What answers beside petitions, by its name in the path."""
    found: dict[str, Section] = {
        ADMIN: AdminSection(desk),
        pledging_links.NAME: PledgeSection(PledgeDesk(desk)),
    }
    if desk.campaigns.settings.wall is not None:
        found[WALL] = WallSection(desk)
    return found
