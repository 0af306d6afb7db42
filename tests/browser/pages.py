"""The pages that are looked at, with something to see on them."""

import re

from references.desk import rules, workflow
from references.desk.advocates import Activity
from tests.references.asking import advocate, ahead, contact
from tests.world import World, ago
from workspace.assets import files, sharing
from workspace.assets.assets import Asset
from workspace.assets.inspection import InspectedFile
from workspace.collaboration import notes, reminders, tasks
from workspace.delivery import outbox
from workspace.keys import row_of_key
from workspace.people.tables import Person
from workspace.timeline import notifications


def paths(world: World) -> list[str]:
    """Every kind of page, and what a page looks like when there is nothing or something wrong."""
    deal = f"/deals/{world.deals['wards']}"
    return [
        "/",
        "/deals",
        "/deals?q=nothing+like+it",
        "/deals?outcome=won&industry=Q&owner=alice-adeyemi",
        "/deals?columns=name,opened,moved&sort=moved",
        "/deals?view=board",
        "/deals?view=board&stage=Qualification",
        "/deals?view=board&q=nothing+like+it",
        "/deals/stages",
        "/deals/new",
        "/inbox",
        "/inbox?show=done",
        "/inbox/settings",
        deal,
        f"{deal}/edit",
        f"{deal}/kin",
        f"{deal}/kin?industry=A",
        f"{deal}/playbook",
        f"{deal}/experts",
        f"{deal}/stakeholders",
        f"{deal}/references",
        f"{deal}/brief",
        f"{deal}/activity",
        f"{deal}/tasks",
        f"/deals/{world.confidential_deal}",
        "/accounts",
        "/accounts/new",
        f"/accounts/{world.accounts['brannoc']}",
        f"/accounts/{world.accounts['brannoc']}/edit",
        f"/accounts/{world.accounts['brannoc']}/paths",
        "/people",
        "/people/new",
        "/people/alice-adeyemi",
        "/people/ines-moreira",
        "/people/ines-moreira/ties",
        "/people/bob-brandt/ties",
        "/connections",
        "/staffing",
        "/staffing/roles",
        "/availability",
        "/library",
        "/library/new",
        "/library?every=yes",
        f"/library/{world.assets['demo']}",
        "/introductions",
        "/introductions/new",
        "/introductions/new?person=jonas-havelka&over=bob-brandt",
        "/references/influence",
        "/references/texts",
        "/references/texts/invitation",
        "/insights",
        "/insights/pipeline?by=month&on=2026-01-31",
        "/search",
        "/search?q=patient+records",
        "/help/words",
        "/help/keyboard",
        "/deals/nothing",
    ]


def desk_paths(request_key: str) -> list[str]:
    """The pages of customer marketing and administrators."""
    return [
        "/references",
        "/references?view=scheduled",
        f"/references/{request_key}",
        f"/references/{request_key}/emails/time-choice",
        "/references/advocates",
        "/references/advocates?q=nobody",
        "/references/advocates/ines-moreira",
        "/references/advocates/jonas-havelka",
        "/references/advocates/new?q=a",
        "/references/policy",
        "/staffing/roles",
        "/deals/stages",
        "/administration/members",
        "/administration/members?access=locked",
        "/administration/members/alice-adeyemi",
        "/administration/members/alice-adeyemi/handover",
        "/administration/invitations",
    ]


def something_to_do(world: World) -> str:
    """Notes, tasks and a reminder for Alice, and a file that she shares; the path of its link."""
    alice, bob = world.people["alice"], world.people["bob"]
    with world.database.write() as session:
        deal = world.deal(session, "wards")
        text = (
            "# Beds\n@Alice Adeyemi, **forty** of them: `ward = 7`\n\n- [a list](https://a.example)"
        )
        notes.write_note(session, deal, bob, "call", text)
        notes.write_note(session, deal, alice, "note", "> Fine.\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        notifications.follow(session, deal.id, alice)
        tasks.add_task(session, deal, "Send the offer", bob, due=ago(3), assignee="alice-adeyemi")
        tasks.finish_task(session, tasks.add_task(session, deal, "Call back", alice), alice)
        ines = row_of_key(session, Person, "ines-moreira")
        reminders.keep_in_touch(session, alice, ines, 30, ago(40))
        demo = row_of_key(session, Asset, world.assets["demo"])
        for number in range(2):
            file = InspectedFile("Ward demo.pdf", "pdf", b"%PDF")
            files.add_version(session, demo, file, f"{number:032x}", alice)
        return f"/shared/{sharing.share(session, deal, demo.key, 'Inês Moreira', 14, alice)}"


def a_request(world: World, name: str = "ines") -> tuple[str, list[str]]:
    """A request that waits for its advocate, and the paths of the links in the letters."""
    with world.database.write() as session:
        deal = world.deal(session, "tidewater")
        tess = contact(session, world, "Tess Tide", "tidewater")
        who = advocate(session, world, name)
        charlie, erin = world.viewer("charlie"), world.viewer("erin")
        asked = workflow.open_request(
            session,
            charlie,
            deal,
            who,
            Activity.CALL,
            prospect=tess,
            fit=[{"code": "said", "text": "They studied together"}],
        )
        waiting = workflow.open_request(session, charlie, deal, who, Activity.QUOTE)
        waiting.due = ahead(-3)
        session.add(waiting)
        workflow.approve(session, erin, asked)
        workflow.approve(session, world.viewer("alice"), asked)
        workflow.invite(session, erin, asked, "")
        letters = outbox.messages_about(session, rules.outbox_subject(asked))
    return asked.key, re.findall(r"/g/\S+", letters[0].body)
