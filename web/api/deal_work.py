"""Work on a deal over the API: its timeline, tasks, stakeholders, and the assets in use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from msgspec import UNSET, UnsetType
from sqlmodel import Session

from references.removal import delete_use
from references.suggestion_counts import Fate, SuggestionKind
from references.teams.stakeholder_insights import Remark, buyers_side
from web.api.calls import Call, Saved
from web.api.fields import Body, Day, Id, Key, Label, Line, LongText, Query, Required, Short
from web.api.operations import act, change, create, for_programs, read, remove
from web.edit_conflicts import fingerprint
from web.forms import LARGEST_INTEGER, Form, uncounted_id
from web.pages.deal_room import activity, playbook, stakeholders, tasks
from web.policies import Policy
from workspace.assets import assets
from workspace.assets.assets import UseRow
from workspace.collaboration.notes import own_note
from workspace.collaboration.tasks import (
    TaskRow,
    finish_task,
    remove_task,
    reopen_task,
    tasks_of_deal,
)
from workspace.deals import access
from workspace.deals.stakeholders import StakeholderRow
from workspace.people.viewer import Viewer
from workspace.timeline.timeline import Event, events_of, timeline

# The most tasks that are done, of those that are answered with.
DONE = 50


@dataclass(frozen=True)
class Tasks:
    """The tasks of a deal, those that are done last."""

    tasks: list[TaskRow]


@dataclass(frozen=True)
class Stakeholder:
    """A contact on a deal."""

    # Of the place on the deal; `key` is the person's.
    number: str
    key: str
    name: str
    title: str
    buying_role: str
    stance: str
    influence: str
    coverage: str
    reports_to: str | None
    note: str


@dataclass(frozen=True)
class BuyersSide:
    """The stakeholders of a deal, and what is to be noted of them."""

    stakeholders: list[Stakeholder]
    remarks: list[Remark]


@dataclass(frozen=True)
class Uses:
    """The assets that are used on a deal."""

    uses: list[UseRow]


class TimelineQuery(Query):
    """A part of the timeline."""

    show: Literal[
        "", "written", "stages", "tasks", "team", "stakeholders", "references", "assets", "edits"
    ] = ""


class NewNote(Body):
    """A note, a call or a meeting. `@Name` mentions a colleague."""

    example: ClassVar[dict[str, Any]] = {"kind": "note", "text": "They want a pilot in May."}
    kind: Literal["note", "call", "meeting", "email"]
    text: LongText


class NoteChange(Body):
    """The text of a note of one's own."""

    example: ClassVar[dict[str, Any]] = {"text": "They want a pilot in June."}
    text: LongText


class Following(Body):
    """Whether the caller's inbox gets what happens on the deal."""

    example: ClassVar[dict[str, Any]] = {"follow": "yes"}
    follow: Literal["yes", "no"]


class NewTask(Body):
    """A task. The assignee is the key of a member who may see the deal."""

    example: ClassVar[dict[str, Any]] = {"text": "Send the security answers", "due": "2027-03-01"}
    text: Required
    due: Day | UnsetType | None = UNSET
    assignee: Short | UnsetType | None = UNSET


class TaskChange(Body):
    """The due date and the assignee of a task; what is not sent becomes empty."""

    example: ClassVar[dict[str, Any]] = {"due": "2027-03-08"}
    due: Day | UnsetType | None = UNSET
    assignee: Short | UnsetType | None = UNSET


class NewStakeholder(Body):
    """A contact by key, or by name; a new name is added to the deal's account."""

    example: ClassVar[dict[str, Any]] = {"person": "Nadia Ferro", "title": "CFO"}
    person: Required
    title: Short | UnsetType = UNSET
    buying_role: Label | UnsetType = UNSET


class StakeholderChange(Body):
    """All facts of a stakeholder; `reports_to` is the number of another one."""

    example: ClassVar[dict[str, Any]] = {"stance": "supports us", "note": "Wants references."}
    buying_role: Label | UnsetType = UNSET
    stance: Label | UnsetType = UNSET
    influence: Label | UnsetType = UNSET
    coverage: Label | UnsetType = UNSET
    note: Line | UnsetType = UNSET
    reports_to: Id | UnsetType | None = UNSET


class NewUse(Body):
    """The asset that is used."""

    example: ClassVar[dict[str, Any]] = {"asset": "ward-demo"}
    asset: Key


class Helped(Body):
    """Whether an asset helped."""

    example: ClassVar[dict[str, Any]] = {"helped": "yes"}
    helped: Literal["yes", "no", "unknown"]


class DealWorkController(Controller):
    """/api/v1/deals/{key}: what is written and planned there."""

    path = "/api/v1/deals/{key:str}"
    opt = for_programs("Work on deals", reads=Policy.MEMBERS, writes=Policy.WRITERS)

    # The timeline

    @read("/timeline", summary="List the timeline", answers=Event, paged=True, query=TimelineQuery)
    def timeline(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        show = call.form.choice("show", activity.VIEWS)
        before = call.form.integer("after", 1, LARGEST_INTEGER)
        call.form.check()
        with call.read() as session:
            deal = access.readable_deal(session, call.viewer, key)
            rows = timeline(
                session,
                [(deal.id, deal.key, deal.name)],
                kinds=activity.VIEWS[show][1] if show else (),
                before=before,
                limit=call.size + 1,
                reader=call.viewer.person_id,
            )
            return call.page(rows, lambda event: str(event.id))

    @create("/notes", summary="Write a note", answers=Event, body=NewNote, tagged=True)
    def write(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            entry = activity.write_note(session, call.viewer, key, call.form)
            return _note(session, call.viewer, key, entry.id)

        return call.save(save)

    @change(
        "/notes/{entry_id:int}",
        summary="Change a note of one's own",
        answers=Event,
        body=NoteChange,
        tagged=True,
        matches=True,
    )
    def rewrite(
        self, call: NamedDependency[Call], key: FromPath[str], entry_id: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            entry = activity.locked_note(session, call.viewer, key, entry_id)
            call.fill({"text": entry.text})
            activity.rewrite_note(session, call.viewer, key, entry, call.form)
            return _note(session, call.viewer, key, entry_id)

        return call.save_over(save, lambda session: _note(session, call.viewer, key, entry_id))

    @remove("/notes/{entry_id:int}", summary="Remove a note of one's own")
    def remove_note(
        self, call: NamedDependency[Call], key: FromPath[str], entry_id: FromPath[int]
    ) -> Response[bytes]:
        return call.done(activity.remove_note, key, entry_id)

    @act("/follow", summary="Follow a deal, or no longer", answers=Following, body=Following)
    def follow(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            follows = activity.follow_deal(session, call.viewer, key, call.form)
            return Saved({"follow": "yes" if follows else "no"})

        return call.save(save)

    # Tasks

    @read("/tasks", summary="List tasks", answers=Tasks)
    def tasks(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(_tasks, key)

    @create("/tasks", summary="Add a task", answers=Tasks, body=NewTask)
    def add_task(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            tasks.add_task(session, call.viewer, key, call.form)
            return _tasks(session, call.viewer, key)

        return call.save(save)

    @change("/tasks/{task_id:int}", summary="Change a task", answers=Tasks, body=TaskChange)
    def change_task(
        self, call: NamedDependency[Call], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_task(call, key, task_id, lambda: tasks.read_change(call.form))

    @act("/tasks/{task_id:int}/done", summary="Finish a task", answers=Tasks)
    def finish_task(
        self, call: NamedDependency[Call], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_task(call, key, task_id, lambda: finish_task)

    @act("/tasks/{task_id:int}/reopen", summary="Reopen a task", answers=Tasks)
    def reopen_task(
        self, call: NamedDependency[Call], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[bytes]:
        return _on_task(call, key, task_id, lambda: reopen_task)

    @remove("/tasks/{task_id:int}", summary="Remove a task")
    def remove_task(
        self, call: NamedDependency[Call], key: FromPath[str], task_id: FromPath[int]
    ) -> Response[bytes]:
        return call.done(tasks.act_on_task, key, task_id, Form(), remove_task)

    # Stakeholders

    @read("/stakeholders", summary="List stakeholders", answers=BuyersSide)
    def stakeholders(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(_side, key)

    @create("/stakeholders", summary="Add a stakeholder", answers=BuyersSide, body=NewStakeholder)
    def add_stakeholder(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            stakeholders.add_buyer(session, call.viewer, key, call.form)
            return _side(session, call.viewer, key)

        return call.save(save)

    @change(
        "/stakeholders/{stakeholder_id:int}",
        summary="Change a stakeholder",
        answers=BuyersSide,
        body=StakeholderChange,
    )
    def change_stakeholder(
        self, call: NamedDependency[Call], key: FromPath[str], stakeholder_id: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            stakeholders.change_buyer(session, call.viewer, key, stakeholder_id, call.form)
            return _side(session, call.viewer, key)

        return call.save(save)

    @remove("/stakeholders/{stakeholder_id:int}", summary="Remove a stakeholder")
    def remove_stakeholder(
        self, call: NamedDependency[Call], key: FromPath[str], stakeholder_id: FromPath[int]
    ) -> Response[bytes]:
        return call.done(stakeholders.remove_buyer, key, stakeholder_id, Form())

    # Assets in use

    @read("/uses", summary="List the assets in use", answers=Uses)
    def uses(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        return call.show(_uses, key)

    @create("/uses", summary="Use an asset", answers=Uses, body=NewUse)
    def use(self, call: NamedDependency[Call], key: FromPath[str]) -> Response[bytes]:
        def save(session: Session) -> Saved:
            asset = playbook.use_asset(session, call.viewer, key, call.form)
            deal = access.readable_deal(session, call.viewer, key)
            call.count(SuggestionKind.CONTENT, Fate.USED, deal, [asset.key])
            return _uses(session, call.viewer, key)

        return call.save(save)

    @act("/uses/{use_id:int}/helped", summary="Say if it helped", answers=Uses, body=Helped)
    def helped(
        self, call: NamedDependency[Call], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            playbook.say_helped(session, call.viewer, key, use_id, call.form)
            return _uses(session, call.viewer, key)

        return call.save(save)

    @remove("/uses/{use_id:int}", summary="Remove an asset from a deal")
    def remove_use(
        self, call: NamedDependency[Call], key: FromPath[str], use_id: FromPath[int]
    ) -> Response[bytes]:
        def save(session: Session) -> Saved:
            made = playbook.editable_use(session, call.viewer, key, use_id)
            delete_use(session, call.viewer, made)
            return Saved()

        return call.save(save)


def _note(session: Session, viewer: Viewer, key: str, entry_id: int) -> Saved:
    session.flush()
    deal = access.readable_deal(session, viewer, key)
    entry = own_note(session, deal, uncounted_id(entry_id), viewer.person_id)
    [shown] = events_of(session, [(entry, deal.key, deal.name)], viewer.person_id)
    return Saved(shown, fingerprint({"text": entry.text}), f"/api/v1/deals/{key}/notes/{entry_id}")


def _tasks(session: Session, viewer: Viewer, key: str) -> Saved:
    session.flush()
    deal = access.readable_deal(session, viewer, key)
    return Saved(Tasks(tasks_of_deal(session, deal, done=DONE)))


def _on_task(
    call: Call, key: str, task_id: int, read_act: Callable[[], tasks.Act]
) -> Response[bytes]:
    def save(session: Session) -> Saved:
        tasks.act_on_task(session, call.viewer, key, task_id, call.form, read_act())
        return _tasks(session, call.viewer, key)

    return call.save(save)


def _side(session: Session, viewer: Viewer, key: str) -> Saved:
    session.flush()
    side = buyers_side(session, viewer, access.readable_deal(session, viewer, key))
    return Saved(BuyersSide([_stakeholder(row) for row in side.rows], side.remarks))


def _stakeholder(row: StakeholderRow) -> Stakeholder:
    return Stakeholder(
        number=str(row.id),
        key=row.key,
        name=row.name,
        title=row.title,
        buying_role=row.buying_role,
        stance=row.stance,
        influence=row.influence,
        coverage=row.coverage,
        reports_to=row.reports_to,
        note=row.note,
    )


def _uses(session: Session, viewer: Viewer, key: str) -> Saved:
    session.flush()
    deal = access.readable_deal(session, viewer, key)
    return Saved(Uses(assets.use_rows(session, viewer, deal_id=deal.id)))
