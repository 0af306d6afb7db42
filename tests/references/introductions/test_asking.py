"""Introductions: who asks whom, and what nobody but the connector learns."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import col, select

from references.introductions.asking import (
    answer,
    ask,
    conclude,
    draft_message,
    paths_from_connectors,
    withdraw,
)
from references.introductions.lists import OwnRequest, ReceivedRequest, requests_by, requests_to
from references.introductions.tables import OPEN_DAYS, Answer, IntroductionRequest, Standing
from references.network.paths import Network
from references.network.ties import Tie, TieKind, Visibility, assert_tie
from tests.references.asking import ahead
from tests.references.telling import tell_tie
from tests.threads import SECONDS
from tests.world import World
from workspace.audit import AuditEntry
from workspace.clock import today
from workspace.deals import lifecycle
from workspace.delivery.outbox import OutboxMessage
from workspace.errors import Conflict, DealkinError, Forbidden, Invalid, NotFound
from workspace.people.tables import Member, Person

CAST = ("alice", "bob", "charlie", "dana", "erin", "frank", "grace")


def tie(world: World, owner: str, person: str, visibility: str, base: float = 0.5) -> None:
    with world.database.write() as session:
        tell_tie(session, world, owner, person, visibility=visibility, base=base)


def request(
    world: World,
    network: Network,
    over: str | None = "bob",
    *,
    asker: str = "charlie",
    person: str = "jonas",
    deal: str | None = None,
    why: str = "They choose in May.",
) -> str:
    """An ask, and its key."""
    with world.database.write() as session:
        made = ask(
            session,
            world.viewer(asker),
            network,
            session.get_one(Person, world.people[person]),
            session.get_one(Person, world.people[over]) if over else None,
            why=why,
            draft="May I introduce Charlie?",
            deal=world.deal(session, deal) if deal else None,
        )
        return made.key


def say(world: World, key: str, said: Answer, by: str = "bob", **more: object) -> None:
    more = {"message": "Dear Jonas, meet Charlie."} | more if said == Answer.YES else more
    more = {"again_on": ahead(5)} | more if said == Answer.NOT_NOW else more
    with world.database.write() as session:
        answer(session, world.viewer(by), key, said, **more)  # type: ignore[arg-type]


def mine(world: World, name: str = "charlie") -> list[OwnRequest]:
    with world.database.read() as session:
        return requests_by(session, world.viewer(name))


def theirs(world: World, name: str = "bob") -> list[ReceivedRequest]:
    with world.database.read() as session:
        return requests_to(session, world.viewer(name))


def later(world: World, days: int) -> None:
    """Let so many days pass for every ask."""
    with world.database.write() as session:
        for row in session.exec(select(IntroductionRequest)):
            row.expires_on -= timedelta(days=days)
            row.again_on = row.again_on and row.again_on - timedelta(days=days)
            session.add(row)


@pytest.fixture
def known_to_bob(world: World, network: Network) -> World:
    """Everybody may know that Bob knows Jonas."""
    tie(world, "bob", "jonas", Visibility.EVERYONE)
    return world


def test_should_add_a_tie_without_the_connector_after_an_introduction(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network, deal="kestrel")
    (waiting,) = theirs(world)
    assert (waiting.asker.name, waiting.person.name) == ("Charlie Costa", "Jonas Havelka")
    assert (waiting.why, waiting.deal_name) == ("They choose in May.", "Kestrel Health records")
    assert waiting.waiting
    assert not waiting.hidden
    say(world, key, Answer.YES, message="Dear Jonas, do meet Charlie.")
    assert mine(world)[0].standing == Standing.YES
    assert theirs(world)[0].message == "Dear Jonas, do meet Charlie."
    with world.database.write() as session:
        conclude(session, world.viewer("charlie"), key, introduced=True)
    assert mine(world)[0].standing == Standing.INTRODUCED
    assert theirs(world)[0].introduced_on == today()
    with world.database.read() as session:
        made = session.exec(select(Tie).where(Tie.kind == TieKind.MET)).one()
        assert {made.one_id, made.other_id} == {world.people["charlie"], world.people["jonas"]}
        assert (made.asserted_by_id, made.visibility) == (world.people["charlie"], "everyone")
        assert "Bob" not in made.evidence
    with pytest.raises(Conflict), world.database.write() as session:
        conclude(session, world.viewer("charlie"), key, introduced=False)


def test_should_keep_the_tie_private_after_an_introduction_on_a_confidential_deal(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network, asker="alice", deal="nightingale")
    say(world, key, Answer.YES)
    with world.database.write() as session:
        conclude(session, world.viewer("alice"), key, introduced=True)
        made = session.exec(select(Tie).where(Tie.kind == TieKind.MET)).one()
        assert made.visibility == Visibility.PRIVATE


@pytest.mark.parametrize("over", ["bob", None])
def test_should_show_the_asker_the_same_for_a_no_a_not_now_and_no_answer(
    world: World, network: Network, over: str | None
) -> None:
    tie(world, "bob", "jonas", Visibility.EVERYONE if over else Visibility.ASK)
    # Another, so that the order of the two could tell, too.
    request(world, network, person="ines")
    key = request(world, network, over)

    def refusals() -> list[str]:
        said = []
        for act in (
            lambda: request(world, network, over),
            lambda: _conclude(world, key, True),
            lambda: _conclude(world, key, False),
        ):
            with pytest.raises(DealkinError) as refused:
                act()
            said.append(f"{type(refused.value).__name__} {refused.value}")
        return said

    open_, refused = mine(world), refusals()
    assert [each.standing for each in open_] == [Standing.WAITING] * 2
    for said in (Answer.NOT_NOW, Answer.NO):
        say(world, key, said)
        assert mine(world) == open_
        assert refusals() == refused

    later(world, OPEN_DAYS + 1)
    over_, gone = mine(world), None
    assert [each.standing for each in over_] == [Standing.OVER] * 2
    for said in (Answer.NO, Answer.NOT_NOW, Answer.NONE):
        with world.database.write() as session:
            same = select(IntroductionRequest).where(IntroductionRequest.key == key)
            row = session.exec(same).one()
            row.answer = said
            row.again_on = ahead(3) if said == Answer.NOT_NOW else None
            session.add(row)
        assert mine(world) == over_
        with pytest.raises(Conflict) as error:
            _withdraw(world, key)
        gone = gone or str(error.value)
        assert str(error.value) == gone


@pytest.mark.parametrize("said", [None, Answer.NO, Answer.NOT_NOW])
def test_should_let_the_asker_withdraw_after_any_answer_but_a_yes(
    known_to_bob: World, network: Network, said: Answer | None
) -> None:
    world = known_to_bob
    key = request(world, network)
    if said:
        say(world, key, said)
    _withdraw(world, key)
    assert mine(world)[0].standing == Standing.WITHDRAWN
    assert not theirs(world)[0].waiting
    with pytest.raises(Conflict):
        say(world, key, Answer.YES)
    request(world, network)


def test_should_let_the_asker_give_up_instead_of_withdraw_after_a_yes(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network)
    say(world, key, Answer.YES)
    with pytest.raises(Conflict):
        _withdraw(world, key)
    with pytest.raises(Conflict):
        say(world, key, Answer.NO)
    with pytest.raises(Conflict):
        request(world, network)
    _conclude(world, key, False)
    assert mine(world)[0].standing == Standing.GIVEN_UP
    with world.database.read() as session:
        assert not session.exec(select(Tie).where(Tie.kind == TieKind.MET)).all()


def test_should_log_every_answer_alike(known_to_bob: World, network: Network) -> None:
    world = known_to_bob
    rows = []
    for said in (Answer.NO, Answer.NOT_NOW, Answer.YES):
        key = request(world, network)
        say(world, key, said)
        with world.database.write() as session:
            row = session.exec(
                select(IntroductionRequest).where(IntroductionRequest.key == key)
            ).one()
            about = select(AuditEntry).where(AuditEntry.subject == f"introduction {row.id}")
            entries = session.exec(about.order_by(col(AuditEntry.id))).all()
            rows.append([(entry.action, entry.by_id, entry.detail) for entry in entries])
            # Out of the way of the next ask.
            row.withdrawn = True
            session.add(row)
    assert rows[0] == rows[1] == rows[2]
    assert [action for action, *_ in rows[0]] == ["introduction asked for", "introduction answered"]


def test_should_ask_again_after_a_not_now_and_accept_a_yes(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network)
    say(world, key, Answer.NOT_NOW, again_on=ahead(30))
    assert not theirs(world)[0].waiting
    later(world, 29)
    assert not theirs(world)[0].waiting
    later(world, 1)
    assert theirs(world)[0].waiting
    assert mine(world)[0].standing == Standing.OVER
    say(world, key, Answer.YES)
    assert mine(world)[0].standing == Standing.YES


def test_should_close_an_expired_request_for_both(known_to_bob: World, network: Network) -> None:
    world = known_to_bob
    key = request(world, network)
    later(world, OPEN_DAYS)
    assert mine(world)[0].standing == Standing.WAITING
    assert theirs(world)[0].waiting
    later(world, 1)
    assert mine(world)[0].standing == Standing.OVER
    assert not theirs(world)[0].waiting
    with pytest.raises(Conflict):
        say(world, key, Answer.YES)
    request(world, network)


@pytest.mark.parametrize("day", [None, 0, -1, 400])
def test_should_require_a_day_for_a_not_now(
    known_to_bob: World, network: Network, day: int | None
) -> None:
    key = request(known_to_bob, network)
    again_on = None if day is None else ahead(day)
    with pytest.raises(Invalid):
        say(known_to_bob, key, Answer.NOT_NOW, again_on=again_on)


def test_should_require_a_message_for_a_yes(known_to_bob: World, network: Network) -> None:
    key = request(known_to_bob, network)
    with pytest.raises(Invalid):
        say(known_to_bob, key, Answer.YES, message="")
    with pytest.raises(Invalid):
        say(known_to_bob, key, Answer.NONE)


def test_should_let_only_the_connector_answer_and_only_the_asker_conclude(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network)
    for name in CAST:
        expected = Forbidden if name == "frank" else NotFound
        if name != "bob":
            with pytest.raises(expected):
                say(world, key, Answer.NO, by=name)
        if name != "charlie":
            with pytest.raises(expected):
                _withdraw(world, key, name)
            with pytest.raises(expected):
                _conclude(world, key, True, name)
            assert not mine(world, name)
        if name != "bob":
            assert not theirs(world, name)


def test_should_name_a_hidden_connector_only_with_a_yes(world: World, network: Network) -> None:
    tie(world, "bob", "jonas", Visibility.ASK, base=0.3)
    tie(world, "dana", "jonas", Visibility.ASK, base=0.8)
    tie(world, "erin", "jonas", Visibility.PRIVATE, base=0.9)
    key = request(world, network, None)
    assert mine(world)[0].connector is None
    assert not theirs(world, "bob")
    assert not theirs(world, "erin")
    (asked,) = theirs(world, "dana")
    assert asked.hidden
    say(world, key, Answer.YES, by="dana")
    connector = mine(world)[0].connector
    assert connector
    assert connector.name == "Dana Dvořák"


def test_should_keep_the_hidden_connector_unknown_when_asking_by_name(
    world: World, network: Network
) -> None:
    tie(world, "dana", "jonas", Visibility.ASK)
    request(world, network, None)
    with pytest.raises(Invalid, match="is not known to reach"):
        request(world, network, "dana")
    # The one who can be asked by name is also the hidden one, through another tie.
    with world.database.write() as session:
        assert_tie(
            session,
            world.people["dana"],
            world.people["jonas"],
            TieKind.WORKED,
            asserted_by_id=world.people["dana"],
        )
    request(world, network, "dana")
    assert len(theirs(world, "dana")) == 2


def test_should_skip_a_hidden_connector_who_cannot_answer(world: World, network: Network) -> None:
    with pytest.raises(Invalid):
        request(world, network, None)
    tie(world, "frank", "jonas", Visibility.ASK)
    tie(world, "dana", "jonas", Visibility.ASK)
    with world.database.write() as session:
        session.get_one(Member, world.people["dana"]).active = False
    with pytest.raises(Invalid):
        request(world, network, None)


@pytest.mark.parametrize(
    ("over", "person", "asker", "error"),
    [
        ("bob", "jonas", "bob", Invalid),
        ("dana", "jonas", "charlie", Invalid),
        ("ines", "jonas", "charlie", Invalid),
        ("bob", "dana", "charlie", Invalid),
        ("bob", "jonas", "frank", Forbidden),
    ],
)
def test_should_refuse_a_request_that_makes_no_sense(
    known_to_bob: World,
    network: Network,
    over: str,
    person: str,
    asker: str,
    error: type[DealkinError],
) -> None:
    with pytest.raises(error):
        request(known_to_bob, network, over, person=person, asker=asker)


def test_should_require_a_reason_for_a_request(known_to_bob: World, network: Network) -> None:
    with pytest.raises(Invalid):
        request(known_to_bob, network, why="")


def test_should_refuse_the_same_request_twice_but_no_others(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    tie(world, "dana", "jonas", Visibility.EVERYONE)
    request(world, network)
    with pytest.raises(Conflict):
        request(world, network)
    request(world, network, "dana")
    request(world, network, asker="alice")


def test_should_name_a_confidential_deal_only_to_those_who_may_see_it(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    tie(world, "dana", "jonas", Visibility.EVERYONE)
    tie(world, "bob", "ines", Visibility.ASK)
    with pytest.raises(Invalid, match="may not see this deal"):
        request(world, network, "dana", asker="alice", deal="nightingale")
    # Bob may see it. That he is the hidden colleague must not follow from it.
    with pytest.raises(Invalid, match="cannot be named"):
        request(world, network, None, asker="alice", person="ines", deal="nightingale")
    request(world, network, "bob", asker="alice", deal="nightingale")
    assert theirs(world)[0].deal_name == "Project Nightingale"


def test_should_hide_the_deal_from_a_connector_who_may_no_longer_see_it(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    request(world, network, deal="kestrel")
    with world.database.write() as session:
        lifecycle.edit(session, world.deal(session, "kestrel"), None, {"confidential": True})
    assert theirs(world)[0].deal_name == ""
    assert theirs(world)[0].deal_key is None
    assert mine(world)[0].deal_name == "Kestrel Health records"


def test_should_show_each_side_only_the_path_that_it_may_see(
    world: World, network: Network
) -> None:
    bob, jonas = world.people["bob"], world.people["jonas"]
    # They studied in one place at one time: the record itself says it.
    with world.database.read() as session:
        public = paths_from_connectors(session, world.viewer("charlie"), network, [(bob, jonas)])
    tie(world, "bob", "jonas", Visibility.PRIVATE)
    with world.database.read() as session:
        pairs = [(bob, jonas), (world.people["erin"], jonas)]
        again = paths_from_connectors(session, world.viewer("charlie"), network, pairs)
        own = paths_from_connectors(session, world.viewer("bob"), network, pairs)
    assert again == public
    shared = [tie.shared_with for ties in own[bob, jonas].evidence for tie in ties]
    assert "private" in shared


def test_should_send_the_mail_only_if_the_connector_wants_it(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network)
    with pytest.raises(Invalid):
        say(world, key, Answer.YES, send=True)
    with world.database.write() as session:
        session.get_one(Person, world.people["jonas"]).email = "jonas@havel.example"
    say(world, key, Answer.YES, send=True, message="Dear Jonas")
    with world.database.read() as session:
        mail = session.exec(select(OutboxMessage)).one()
    assert (mail.recipient, mail.reply_to) == ("jonas@havel.example", world.email("bob"))
    assert mail.body == "Dear Jonas"
    assert theirs(world)[0].mailed
    assert theirs(world)[0].sent_at is None


def test_should_name_the_asker_and_their_address_in_the_draft(world: World) -> None:
    with world.database.read() as session:
        people = [session.get_one(Person, world.people[name]) for name in ("charlie", "jonas")]
    text = draft_message(*people)
    for part in ("Jonas Havelka", "Charlie Costa (Account executive)", world.email("charlie")):
        assert part in text


def _withdraw(world: World, key: str, name: str = "charlie") -> None:
    with world.database.write() as session:
        withdraw(session, world.viewer(name), key)


def _conclude(world: World, key: str, introduced: bool, name: str = "charlie") -> None:
    with world.database.write() as session:
        conclude(session, world.viewer(name), key, introduced=introduced)


def test_should_let_only_one_of_a_yes_and_a_withdrawal_win(
    known_to_bob: World, network: Network
) -> None:
    world = known_to_bob
    key = request(world, network)
    both = threading.Barrier(2, timeout=SECONDS)

    def act(what: Callable[[], None]) -> bool:
        both.wait()
        try:
            what()
        except Conflict:
            return False
        return True

    acts = [lambda: say(world, key, Answer.YES), lambda: _withdraw(world, key)]
    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(act, acts))
    assert sorted(won) == [False, True]
    expected = Standing.YES if won[0] else Standing.WITHDRAWN
    assert mine(world)[0].standing == expected


def test_should_add_one_request_when_sent_twice(known_to_bob: World, network: Network) -> None:
    both = threading.Barrier(2, timeout=SECONDS)

    def press(_: int) -> bool:
        both.wait()
        try:
            request(known_to_bob, network)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [False, True]
    assert len(mine(known_to_bob)) == 1
