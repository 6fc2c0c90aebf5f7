"""Campaigns beside the site, in one of its processes."""

from pathlib import Path

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

__all__ = ["MOUNT", "campaigns_app", "counts_of"]


def campaigns_app(folder: Path) -> CampaignsApp:
    """The application; its tables are brought up to date by the process beside (`running`).

    Raises SettingsError, DatabaseError.
    """
    desk = Desk(read_settings(folder))
    return CampaignsApp(desk, sections=sections_of(desk))


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
