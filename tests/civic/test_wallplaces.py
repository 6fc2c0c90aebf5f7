"""Who may wait: strangers who name a thousand pages, and an owner who comes after them."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.wall import Enrolment, State, WallError, WallFault, enrolled, parse_page
from voipwatch.civic.wallplaces import (
    UNLOOKED_S,
    WAITING_A_DOMAIN_MAX,
    WAITING_A_SITE_MAX,
    WAITING_MAX,
    displaced,
)

NOW = 1_794_000_000
OWN = "https://one.example/"


def waiting(url: str, state: State = State.WAITING, *, since_s: int = NOW) -> Enrolment:
    made = enrolled(parse_page(url), url, now_s=since_s)
    return Enrolment(
        mark=url, page=made.page, site=made.site, state=state, since_s=since_s, seen_s=0, due_s=0
    )


def gone(held: Iterable[Enrolment], url: str = OWN, now_s: int = NOW) -> list[str]:
    return [each.page for each in displaced(list(held), parse_page(url), now_s=now_s)]


def refused(held: Iterable[Enrolment], url: str = OWN, now_s: int = NOW) -> bool:
    try:
        gone(held, url, now_s)
    except WallError as error:
        return error.fault is WallFault.FULL
    return False


def of_site(count: int, state: State = State.WAITING, *, since_s: int = NOW) -> list[Enrolment]:
    return [waiting(f"{OWN}{number}", state, since_s=since_s + number) for number in range(count)]


def made_up(count: int, state: State = State.WAITING, *, since_s: int = NOW) -> list[Enrolment]:
    return [waiting(f"https://made-up{n}.example/", state, since_s=since_s) for n in range(count)]


def test_no_page_of_a_host_takes_the_place_of_its_front_page() -> None:
    for state in (State.WAITING, State.BARE, State.COUNTED):
        assert gone(of_site(WAITING_A_SITE_MAX, state)) == []
    # Nor does the front page take one of theirs.
    assert gone([*of_site(WAITING_A_SITE_MAX - 1), waiting(OWN)], f"{OWN}more") == []


def test_a_page_of_a_host_takes_the_place_of_the_oldest_that_carried_no_counter() -> None:
    full = of_site(WAITING_A_SITE_MAX)
    assert refused(full, f"{OWN}more")
    assert refused(full, f"{OWN}more", NOW + UNLOOKED_S - 1)
    assert gone(full, f"{OWN}more", NOW + UNLOOKED_S) == [f"{OWN}0"]
    bare = [*of_site(WAITING_A_SITE_MAX - 2, State.COUNTED), *of_site(5, State.BARE)[-2:]]
    assert gone(bare, f"{OWN}more") == [f"{OWN}3"]
    assert refused(of_site(WAITING_A_SITE_MAX, State.COUNTED), f"{OWN}more", NOW + 10 * UNLOOKED_S)
    assert gone(full, "https://two.example/x") == []


def test_a_domain_has_its_share_of_pages_without_a_counter() -> None:
    hosts = [waiting(f"https://h{n}.one.example/") for n in range(WAITING_A_DOMAIN_MAX)]
    assert refused(hosts)
    assert not refused(hosts, "https://two.example/")
    looked = [*hosts[1:], waiting("https://h0.one.example/", State.BARE)]
    assert gone(looked) == ["https://h0.one.example/"]
    # The blogs of one platform that carry the counter take nobody's place there.
    counted = [waiting(f"https://b{n}.one.example/", State.COUNTED) for n in range(3 * WAITING_A_DOMAIN_MAX)]
    assert gone([*counted, *hosts[1:]]) == []


def test_made_up_hosts_keep_an_owner_out_until_they_were_looked_at_and_no_longer() -> None:
    full = made_up(WAITING_MAX)
    assert refused(full)
    assert gone(full[1:]) == []
    assert gone([*full[1:], waiting("https://made-up0.example/", State.BARE)]) == [
        "https://made-up0.example/"
    ]
    assert len(gone(full, now_s=NOW + UNLOOKED_S)) == 1


def test_a_domain_that_fills_the_room_with_counters_of_its_own_gives_its_places_up() -> None:
    theirs = [
        waiting(f"https://h{n}.evil.example/", State.COUNTED, since_s=NOW + n) for n in range(WAITING_MAX - 2)
    ]
    others = made_up(2, State.COUNTED, since_s=NOW - 50)
    assert gone([*others, *theirs]) == ["https://h0.evil.example/"]
    assert refused(made_up(WAITING_MAX, State.COUNTED))


@given(st.data())
def test_a_page_that_carries_the_counter_stays_whatever_strangers_enrol(data: st.DataObject) -> None:
    """Its place is never taken by pages of its own host or domain; made-up hosts go before it."""
    own = waiting(f"{OWN}~a/", State.COUNTED, since_s=NOW - 90_000)
    held = [own]
    for number in range(60):
        name = data.draw(st.sampled_from([f"{OWN}{number}", f"https://h{number}.one.example/", OWN]))
        state = data.draw(st.sampled_from([State.WAITING, State.BARE]))
        try:
            out = displaced(held, parse_page(name), now_s=NOW + number)
        except WallError:
            continue
        held = [each for each in held if each not in out]
        if name not in {each.page for each in held}:
            held.append(waiting(name, state, since_s=NOW + number))
    assert own in held


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_room(count: int) -> None:
    assert gone(made_up(count)) == []
