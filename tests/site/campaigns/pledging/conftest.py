"""A desk of pledges with one campaign; `both_pledges` with either kind of database."""

import pytest

from tests.site.campaigns.pledging.campaign import keep
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.pledging.desk import PledgeDesk


@pytest.fixture
def pledge_desk(desk: Desk) -> PledgeDesk:
    """SQLite."""
    made = PledgeDesk(desk)
    keep(made)
    return made


@pytest.fixture
def both_pledges(both_desks: Desk) -> PledgeDesk:
    """SQLite and PostgreSQL, a test each."""
    made = PledgeDesk(both_desks)
    keep(made)
    return made
