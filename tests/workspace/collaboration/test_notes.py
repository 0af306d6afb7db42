"""Notes: mentions, the right to write, and the notifications that follow."""

from collections.abc import Collection

import pytest
from sqlmodel import select

from tests.world import World
from workspace.collaboration import inbox, notes
from workspace.collaboration.inbox import InboxFolder, Item
from workspace.deals import lifecycle, stages, team
from workspace.errors import Forbidden, Invalid, NotFound
from workspace.people import members
from workspace.people.tables import Person, Role
from workspace.timeline import notifications
from workspace.timeline.timeline import TimelineEntry, state_of

WARDS, HIDDEN = "wards", "nightingale"


def write(
    world: World,
    text: str,
    *,
    deal: str = WARDS,
    by: str = "alice",
    confirmed: Collection[str] = (),
) -> int:
    """Write a note as one of the cast; returns its id."""
    with world.database.write() as session:
        row = world.deal(session, deal)
        entry = notes.write_note(session, row, world.people[by], "note", text, confirmed=confirmed)
        session.flush()
        return entry.id


def told(world: World, name: str, folder: InboxFolder = InboxFolder.OPEN) -> list[Item]:
    """The items in a folder of an inbox."""
    with world.database.read() as session:
        return inbox.items(session, world.viewer(name), folder)


def text_of(world: World, entry_id: int) -> str:
    with world.database.read() as session:
        return session.get_one(TimelineEntry, entry_id).text


def test_should_turn_a_name_after_an_at_into_a_key_and_notify_the_member(world: World) -> None:
    text = "@Bob Brandt and @dana-dvorak, please look; not @bobby or a@bob-brandt.de"
    entry = write(world, text, confirmed={"@bobby"})
    assert text_of(world, entry).startswith("@bob-brandt and @dana-dvorak, please")
    for name in ("bob", "dana"):
        assert [(item.why, item.event.id) for item in told(world, name)] == [("mention", entry)]
        assert told(world, name)[0].event.mentions == {
            "bob-brandt": "Bob Brandt",
            "dana-dvorak": "Dana Dvořák",
        }
    assert told(world, "alice") == []
    assert told(world, "charlie") == []


def test_should_recognise_a_name_whatever_its_capitals(world: World) -> None:
    assert text_of(world, write(world, "Ask @dana dvořák!")) == "Ask @dana-dvorak!"


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Łukasz Żółć", "@Lukasz Zolc"),
        ("Łukasz Żółć", "@ŁUKASZ-ŻÓŁĆ"),
        ("Søren Kjær", "@soren kjaer"),
        ("Søren Kjær", "@Soeren Kjær's"),
        ("Jörg Weiß", "@Joerg Weiss"),
        ("Jörg Weiß", "(@jo\u0308rg weiss)"),
        ("Inês da Conceição", "@da Conceicao Ines"),
        ("Inês da Conceição", "@Conceição, Inês: @Conceicao Ines da"),
        ("Siobhán O'Dea", "@Siobhan ODea"),
        ("Siobhán O'Dea", "**@Siobhán O\u2019Dea's**"),
        ("Anne-Marie Le Goff", "@AnneMarie Le-Goff"),
        ("Anne-Marie Le Goff", "@Le Goff Anne Marie"),
        ("J. R. Weston", "@JR Weston"),
        ("J. R. Weston", "@j. r. weston"),
        ("Иван Петров", "@петров иван"),
    ],
)
def test_should_recognise_a_name_however_it_is_typed(world: World, name: str, typed: str) -> None:
    with world.database.write() as session:
        person = members.add_member(session, name, "new@dealkin.example", [Role.REP])
        key = person.key
    world.people["new"] = person.id
    saved = text_of(world, write(world, typed, confirmed={"@Conceição"}))
    assert f"@{key}" in saved
    with world.database.read() as session:
        viewer = members.viewer(session, world.people["new"], name)
        assert [item.why for item in inbox.items(session, viewer)] == ["mention"]


def test_should_keep_names_apart_that_begin_alike(world: World) -> None:
    with world.database.write() as session:
        for name in ("Bob", "Bob Brandt-Lee"):
            person = members.add_member(session, name, None, [Role.REP])
            world.people[name] = person.id
    for typed, key in (
        ("@Bob, see", "@bob, see"),
        ("@Bob Brandt Lee", "@bob-brandt-lee"),
        ("@Bob Brandt 2 weeks", "@bob-brandt 2 weeks"),
        ("@bob-brandt", "@bob-brandt"),
        ("@Bob went", "@bob went"),
    ):
        assert text_of(world, write(world, typed)) == key


@pytest.mark.parametrize(
    ("typed", "shown", "meant"),
    [
        ("@Bob please", "@Bob", "@bob-brandt"),
        ("Hi @Dvorak!", "@Dvorak", "@dana-dvorak"),
        ("@Bbo Brandt", "@Bbo", ""),
        ("@Dnaa Dvorak", "@Dnaa", "@dana-dvorak"),
        ("@nobody-here's", "@nobody-here", ""),
        ("@bob-brandt-jr", "@bob-brandt-jr", "@bob-brandt"),
    ],
)
def test_should_say_that_a_name_means_nobody_before_saving(
    world: World, typed: str, shown: str, meant: str
) -> None:
    with pytest.raises(notes.ReachesNobody) as refused:
        write(world, typed)
    assert refused.value.mentions == [shown]
    assert f"{shown} reaches nobody" in refused.value.fields["text"]
    assert meant in refused.value.fields["text"]
    # A second press saves it, but not with another name that reaches nobody.
    assert text_of(world, write(world, typed, confirmed={shown})) == typed
    with pytest.raises(notes.ReachesNobody):
        write(world, f"{typed} @somebody", confirmed={shown})
    assert told(world, "bob") == told(world, "dana") == []


def test_should_take_no_sign_or_number_for_a_name(world: World) -> None:
    for text in ("@ 5 pm", "2 @100 EUR", "ask@example.org", "https://example.org/@someone", "@"):
        assert text_of(world, write(world, text)) == text


def test_should_say_the_same_of_contacts_as_of_names_that_nobody_has(world: World) -> None:
    """A refusal tells nothing of who is on record."""
    with world.database.read() as session:
        contact = session.exec(
            select(Person.name).where(Person.account_id.is_not(None)).order_by(Person.name)
        ).first()
    assert contact
    first = contact.split()[0]
    with pytest.raises(notes.ReachesNobody) as refused:
        write(world, f"@{contact}")
    assert refused.value.fields["text"].startswith(
        f"@{first} reaches nobody: no colleague is called"
    )


def test_should_take_a_confirmed_name_whatever_the_spaces_in_it(world: World) -> None:
    text = "@Dana\u00a0 Dvorak, see"
    with pytest.raises(notes.ReachesNobody) as refused:
        write(world, text, deal=HIDDEN)
    assert refused.value.mentions == ["@Dana Dvorak"]
    entry = write(world, text, deal=HIDDEN, confirmed=refused.value.mentions)
    assert text_of(world, entry) == text
    assert told(world, "dana") == []


def test_should_show_few_of_many_mentions_that_reach_nobody(world: World) -> None:
    text = " ".join(f"@noone{number}" for number in range(400))
    with pytest.raises(notes.ReachesNobody) as refused:
        write(world, text)
    assert len(refused.value.mentions) == 400
    assert refused.value.fields["text"].count("reaches nobody") == 5


def test_should_not_ask_again_about_a_note_that_was_saved_anyway(world: World) -> None:
    entry = write(world, "For @later", confirmed={"@later"})
    rewrite(world, "alice", entry, "Only for @later")
    with pytest.raises(notes.ReachesNobody):
        rewrite(world, "alice", entry, "For @later and @never")


def test_should_find_no_mentions_in_code(world: World) -> None:
    for text in (
        "The column is called `@bob-brandt`.\n```\n@dana-dvorak\n```",
        "~~~\n@bob-brandt\n~~~",
        "    @bob-brandt",
        "`over\n@bob-brandt two lines`",
        "bob@bob-brandt, x/@bob-brandt, @bob-brandtß and @bob-brandt_x",
    ):
        unknown = {"@bob-brandtß", "@bob-brandt_x"}
        assert text_of(world, write(world, text, confirmed=unknown)) == text
    assert told(world, "bob") == told(world, "dana") == []
    # Names in code stay as they were written.
    assert text_of(world, write(world, "`@Bob Brandt` is @Bob Brandt")) == (
        "`@Bob Brandt` is @bob-brandt"
    )
    # Three backticks within a line start no code block.
    write(world, "see ``` @dana-dvorak now")
    assert len(told(world, "dana")) == 1


def test_should_notify_nobody_of_their_own_note(world: World) -> None:
    write(world, "Note to @alice-adeyemi")
    assert told(world, "alice") == []


def test_should_ask_which_of_two_namesakes_is_meant(world: World) -> None:
    with world.database.write() as session:
        other = members.add_member(session, "Bob Brandt", "bob2@dealkin.example", [Role.REP])
    with pytest.raises(Invalid) as refused:
        write(world, "@Bob Brandt?")
    assert "@bob-brandt or @bob-brandt-2" in refused.value.fields["text"]
    write(world, "@bob-brandt-2 then")
    assert told(world, "bob") == []
    with world.database.read() as session:
        viewer = members.viewer(session, other.id, other.name)
        assert len(inbox.items(session, viewer)) == 1


def test_should_refuse_mentions_of_members_who_cannot_see_the_deal(world: World) -> None:
    for text in ("@dana-dvorak", "Ask @charlie-costa."):
        with pytest.raises(Invalid) as refused:
            write(world, text, deal=HIDDEN)
        assert "may not see this deal" in refused.value.fields["text"]
    write(world, "@bob-brandt may.", deal=HIDDEN)
    assert [item.confidential for item in told(world, "bob")] == [True]


def test_should_hide_from_the_inbox_what_its_owner_can_no_longer_see(world: World) -> None:
    with world.database.write() as session:
        lifecycle.invite(session, world.deal(session, HIDDEN), world.people["erin"], None)
    write(world, "@erin-eriksen, for later", deal=HIDDEN)
    assert len(told(world, "erin")) == 1
    with world.database.write() as session:
        lifecycle.uninvite(session, world.deal(session, HIDDEN), world.people["erin"], None)
    assert told(world, "erin") == []
    with world.database.read() as session:
        assert inbox.count(session, world.viewer("erin")) == 0


def test_should_notify_followers_of_notes_and_stages(world: World) -> None:
    with world.database.write() as session:
        deal = world.deal(session, WARDS)
        notifications.follow(session, deal.id, world.people["charlie"])
        notifications.follow(session, deal.id, world.people["charlie"])
    said = write(world, "The ward manager is for it. @dana-dvorak")
    with world.database.write() as session:
        deal = world.deal(session, WARDS)
        lifecycle.edit(session, deal, world.people["alice"], {"next_step": "Demo"})
        to = next(each for each in stages.stages(session) if each.name == "Needs Analysis")
        lifecycle.advance(session, deal, to, world.people["alice"])
    kinds = [(item.why, item.event.kind) for item in told(world, "charlie")]
    assert kinds == [("follow", "stage"), ("follow", "note")]
    assert [(item.why, item.event.id) for item in told(world, "dana")] == [("mention", said)]
    with world.database.write() as session:
        notifications.unfollow(session, world.deal(session, WARDS).id, world.people["charlie"])
    write(world, "One more thing")
    assert len(told(world, "charlie")) == 2


def test_should_notify_a_mentioned_follower_once(world: World) -> None:
    with world.database.write() as session:
        notifications.follow(session, world.deal(session, WARDS).id, world.people["dana"])
    write(world, "@dana-dvorak?")
    assert [item.why for item in told(world, "dana")] == ["mention"]


def test_should_let_members_who_were_asked_answer(world: World) -> None:
    def may(name: str) -> bool:
        with world.database.read() as session:
            return notes.may_write(session, world.viewer(name), world.deal(session, WARDS))

    assert [may(name) for name in ("alice", "bob", "dana", "charlie", "frank")] == [
        *(True, True, True, False, False)
    ]
    write(world, "@charlie-costa and @frank-fischer, have you seen this?")
    assert may("charlie")
    # A member without a role still only reads.
    assert not may("frank")
    with world.database.read() as session, pytest.raises(Forbidden):
        notes.require_writer(session, world.viewer("frank"), world.deal(session, WARDS))


def rewrite(world: World, name: str, entry: int, text: str, deal: str = WARDS) -> None:
    with world.database.write() as session:
        row = world.deal(session, deal)
        mine = notes.own_note(session, row, entry, world.people[name], lock=True)
        notes.rewrite_note(session, row, mine, text)


def test_should_let_only_the_writer_change_a_note_and_notify_only_new_mentions(
    world: World,
) -> None:
    entry = write(world, "Ask @bob-brandt")
    rewrite(world, "alice", entry, "Ask @Bob Brandt and @Dana Dvořák")
    assert len(told(world, "bob")) == len(told(world, "dana")) == 1
    assert "rewritten" in told(world, "dana")[0].event.detail
    with pytest.raises(NotFound):
        rewrite(world, "bob", entry, "Mine now")
    with pytest.raises(NotFound):
        rewrite(world, "alice", entry, "Of another deal", HIDDEN)


def test_should_notify_a_follower_again_who_is_mentioned_later(world: World) -> None:
    with world.database.write() as session:
        notifications.follow(session, world.deal(session, WARDS).id, world.people["charlie"])
    entry = write(world, "It went well")
    charlie = world.viewer("charlie")
    with world.database.write() as session:
        inbox.finish(session, charlie, [item.id for item in inbox.items(session, charlie)])
    rewrite(world, "alice", entry, "It went well, @charlie-costa, did it not?")
    assert [item.why for item in told(world, "charlie")] == ["mention"]
    with world.database.read() as session:
        assert notes.may_write(session, charlie, world.deal(session, WARDS))


def test_should_remove_a_note_everywhere(world: World) -> None:
    entry = write(world, "Wrong deal, sorry @bob-brandt")
    with world.database.write() as session:
        deal = world.deal(session, WARDS)
        mine = notes.own_note(session, deal, entry, world.people["alice"])
        notes.remove_note(session, deal, mine)
    assert told(world, "bob") == []
    with world.database.read() as session:
        texts = session.exec(select(TimelineEntry.text)).all()
        assert not any("Wrong deal" in text for text in texts)


def test_should_notify_the_members_whom_a_seat_concerns(world: World) -> None:
    dana, bob = world.people["dana"], world.people["bob"]
    with world.database.write() as session:
        deal = world.deal(session, WARDS)
        seat = team.add_seat(session, deal, "trainer", None, by=dana)
        session.flush()
        team.ask_seat(session, seat, bob, dana)
    assert [item.why for item in told(world, "bob")] == ["seat"]
    with world.database.write() as session:
        team.decline_seat(session, session.merge(seat), bob, "On leave")
    # The owner is notified of the answer, its author is not.
    assert [item.event.text for item in told(world, "alice")] == ["On leave"]
    assert len(told(world, "bob")) == 1


def test_should_notify_a_team_of_how_its_deal_went(world: World) -> None:
    dana = world.people["dana"]
    with world.database.write() as session:
        deal = world.deal(session, WARDS)
        seat = team.add_seat(session, deal, "trainer", dana, dana)
        session.flush()
        team.free_seat(session, seat, dana, "On leave")
        won = next(each for each in stages.stages(session) if each.name == "Closed Won")
        lifecycle.advance(session, deal, won, world.people["alice"], reason="The demo")
    for name in ("bob", "dana"):
        [item] = told(world, name)
        assert (item.why, item.event.kind) == ("credit", "stage")
    # The owner was notified of the filled seat and of its new member.
    assert [item.why for item in told(world, "alice")] == ["seat", "seat"]


def test_should_change_the_state_of_a_timeline_when_an_id_is_used_again(world: World) -> None:
    alice = world.people["alice"]
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        first = notes.write_note(session, deal, alice, "note", "Taken back")
        session.flush()
        before = state_of(session, deal.id)
        notes.remove_note(session, deal, first)
        session.flush()
        notes.write_note(session, deal, alice, "note", "Another one")
        session.flush()
        assert state_of(session, deal.id) != before
