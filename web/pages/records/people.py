"""People: the list, a person's page, contacts and their facts."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Response
from sqlmodel import Session, col

from references.removal import delete_person, may_remove
from web.columns import Arrangement, Column, ordering, read_remembered
from web.edit_conflicts import EditForm, edit_form, lock_unchanged
from web.forms import Form
from web.lists import RecordList, answer_record_list, filled, first_page, remembered
from web.own_fields import (
    OwnFact,
    form_values,
    labels_of,
    own_facts,
    predicates,
    read_filter,
    read_own,
)
from web.policies import Policy, open_to
from web.routes import at, get, post
from web.visits import Visit
from workspace.accounts import accounts
from workspace.accounts.accounts import Account
from workspace.accounts.geography import country_choices
from workspace.assets import assets
from workspace.assets.assets import AssetRow
from workspace.collaboration import job_changes, reminders
from workspace.collaboration.reminders import CADENCES, KeepInTouch
from workspace.deals import credit, lists
from workspace.deals.credit import Credit
from workspace.deals.lists import DealRow
from workspace.deals.stakeholders import Involvement, involvements
from workspace.deals.tables import Outcome
from workspace.errors import Forbidden, Invalid
from workspace.keys import row_of_key
from workspace.own_fields.fields import FieldSubject, OwnField, editable, readable
from workspace.people import people
from workspace.people.field_rights import FieldGroup, readable_fields
from workspace.people.people import ContactDetails, PersonRow
from workspace.people.profile_privacy import (
    ProfileField,
    as_shown,
    hidden_fields,
    hidden_from,
    hide_fields,
)
from workspace.people.tables import Education, Employment, Gathering, Membership, Person, Role
from workspace.people.viewer import Viewer, require_writer
from workspace.revisions import history
from workspace.revisions.history import RevisionRow

PAGE = 50
# How to reach a contact, for viewers who may read it.
CONTACT_DETAILS = frozenset(each.name for each in fields(ContactDetails)) - {"id"}
PROFILE_FIELDS = (
    ("about", "About"),
    ("profile", "Profile URL"),
    ("home_town", "Home town"),
    ("languages", "Languages"),
    ("employment", "Experience"),
    ("education", "Education"),
    ("memberships", "Associations & events"),
)


COLUMNS = {
    "title": Column("Title", "title"),
    "account": Column("Account", "account"),
    "location": Column("Location", "location"),
    "skills": Column("Skills"),
}
USUAL_COLUMNS = tuple(COLUMNS)


@dataclass(frozen=True)
class PersonPage:
    """A person: what is known, and a member's deals, of those that the viewer may see."""

    person: Person
    account: Account | None
    roles: list[str] | None
    career: list[tuple[Employment, str | None]]
    schooling: Sequence[Education]
    memberships: Sequence[Membership]
    gatherings: list[tuple[str, str]]
    deals: list[DealRow]
    credits: list[Credit]
    # What a contact is on deals that the viewer may see.
    involvements: list[Involvement]
    assets: list[AssetRow]
    own: list[OwnFact]
    may_edit: bool
    may_remove: bool
    # Merges with this person that can be undone.
    merges: list[RevisionRow]
    reads_address: bool
    # Whether, and how often, the viewer wants to be reminded of them.
    kept: KeepInTouch | None
    cadences: list[tuple[str, str]]
    values: dict[str, str]
    wrong: dict[str, str]
    adding: str  # The form that is open: employment, education, memberships or none.
    # What the viewer keeps from colleagues; None on the page of another person.
    hiding: frozenset[ProfileField] | None
    fields: tuple[tuple[str, str], ...] = PROFILE_FIELDS


@dataclass(frozen=True)
class PersonForm:
    """The form over a person; without a key, a new contact's."""

    key: str | None
    name: str
    form: EditForm
    own: list[OwnField]
    # How to reach the person, as far as the form has it.
    details: frozenset[str] = CONTACT_DETAILS
    # What the person keeps from the viewer, which are no fields of the form.
    hidden: frozenset[ProfileField] = frozenset()
    countries: tuple[tuple[str, str], ...] = field(default_factory=country_choices)


class PeopleController(Controller):
    """/people."""

    path = "/people"
    opt = open_to(reads=Policy.MEMBERS, writes=Policy.WRITERS)

    @get()
    def list(self, visit: NamedDependency[Visit]) -> Response[str]:
        return answer_record_list(visit, "records/people", people_list)

    @get("/new")
    def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        require_writer(visit.viewer)
        form = Form([("account", visit.form.text("account", 200))])
        return visit.show("records/people/edit.html", visit.page(person_form, None, form))

    @post()
    def add(self, visit: NamedDependency[Visit]) -> Response[Any]:
        require_writer(visit.viewer)
        with visit.saving() as session:
            person = add_contact(session, visit.viewer, visit.form)
        if visit.form.refusal:
            return _form_again(visit, None)
        return visit.go(at("people", person.key), f"{person.name} is added.")

    @get("/{key:str}")
    def show(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("records/people/show.html", visit.page(person_page, key, Form(), ""))

    @get("/{key:str}/edit")
    def edit(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[str]:
        return visit.show("records/people/edit.html", visit.page(person_form, key, Form()))

    @post("/{key:str}/edit")
    def change(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        with visit.saving() as session:
            change_person(session, visit.viewer, key, visit.form)
        if visit.form.refusal:
            return _form_again(visit, key)
        return visit.go(at("people", key), "Saved.")

    # Also members without a role have a profile.
    @post("/{key:str}/visibility", opt=open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS))
    def hide(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        """Set which fields of one's own profile colleagues do not see."""
        shown = visit.form.choices("shown", [name for name, _ in PROFILE_FIELDS])
        visit.form.done()
        with visit.write() as session:
            person = row_of_key(session, Person, key)
            if person.id != visit.viewer.person_id:
                raise Forbidden("Members decide themselves who sees their profile.")
            hide_fields(session, person.id, [each for each in ProfileField if each not in shown])
        return visit.go(at("people", key), "Saved.")

    @post("/{key:str}/employment")
    def employ(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return _add_fact(visit, key, "employment", add_employment)

    @post("/{key:str}/education")
    def educate(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return _add_fact(visit, key, "education", add_education)

    @post("/{key:str}/memberships")
    def belong(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        return _add_fact(visit, key, "memberships", add_membership)

    @post("/{key:str}/delete")
    def delete(self, visit: NamedDependency[Visit], key: FromPath[str]) -> Response[Any]:
        visit.form.done()
        with visit.write() as session:
            person = row_of_key(session, Person, key)
            revision = delete_person(session, visit.viewer, person)
        return visit.go_deleted("/people", revision)


def add_contact(session: Session, viewer: Viewer, form: Form) -> Person:
    """Add the contact of a form."""
    facts = read_person(session, viewer, form, {}, details=CONTACT_DETAILS)
    name = facts.pop("name")
    return people.add_contact(session, name, viewer.person_id, **facts)


def change_person(session: Session, viewer: Viewer, key: str, form: Form) -> None:
    """Give a person the facts of a form that was opened over them."""
    person = people.editable_person(session, viewer, key)
    details = editable_details(session, viewer, person)
    values = partial(person_values, viewer=viewer, details=details)
    lock_unchanged(session, person, form, values)
    facts = read_person(
        session,
        viewer,
        form,
        person.own,
        details=details,
        hidden=hidden_from(session, viewer, person.id),
    )
    job_changes.edit_contact(session, person, viewer.person_id, facts)


def people_list(session: Session, visit: Visit) -> RecordList:
    """The page that an address asks for."""
    own = readable(session, visit.viewer, FieldSubject.PERSON)
    arranged = arrangement(visit.form, own, remembered(visit))
    rows, params = chosen_people(session, visit.viewer, visit.form, PAGE + 1, arranged)
    shown, last = first_page(rows, PAGE)
    return RecordList(
        path="/people",
        rows=shown,
        more=last.key if last else None,
        params=params,
        known=COLUMNS,
        own=own,
        arranged=arranged,
    )


def arrangement(asked: Form, own: list[OwnField], kept: str = "") -> Arrangement:
    """The columns and the order of the list."""
    return read_remembered(asked, kept, COLUMNS, people.PERSON_ORDERS, USUAL_COLUMNS, own)


def chosen_people(
    session: Session,
    viewer: Viewer,
    asked: Form,
    limit: int,
    arranged: Arrangement | None = None,
) -> tuple[list[PersonRow], dict[str, str]]:
    """The people whom an address asks for, and its filters."""
    fields = readable(session, viewer, FieldSubject.PERSON)
    arranged = arranged or arrangement(asked, fields)
    text = asked.maybe("q", 200)
    who = asked.choice("who", ("members", "contacts"))
    after = asked.maybe("after", 80)
    own, own_params = read_filter(session, viewer, FieldSubject.PERSON, asked)
    asked.check()
    rows = people.person_rows(
        session,
        text=text,
        members=None if who is None else who == "members",
        own=predicates(FieldSubject.PERSON, own),
        **ordering(arranged, fields, col(Person.own)),
        after=after,
        limit=limit,
    )
    return rows, {**filled(q=text, who=who), **own_params}


def person_page(session: Session, viewer: Viewer, key: str, form: Form, adding: str) -> PersonPage:
    """A person as this viewer may know them."""
    person = row_of_key(session, Person, key)
    roles = people.roles_of(session, person.id)
    is_self = person.id == viewer.person_id
    return PersonPage(
        person=as_shown(session, viewer, person),
        account=session.get(Account, person.account_id) if person.account_id else None,
        roles=roles,
        career=people.career(session, person.id),
        schooling=people.schooling(session, person.id),
        memberships=people.memberships(session, person.id),
        gatherings=[(kind.value, kind.value.capitalize()) for kind in Gathering],
        deals=lists.deals_of_member(session, viewer, person.id, outcome=Outcome.OPEN)
        if roles is not None
        else [],
        credits=credit.credits_of(session, viewer, person.id) if roles is not None else [],
        involvements=involvements(session, viewer, person.id) if roles is None else [],
        assets=assets.asset_rows(session, viewer, author_id=person.id) if roles is not None else [],
        own=own_facts(session, viewer, FieldSubject.PERSON, person.own),
        may_edit=people.may_edit(session, viewer, person),
        may_remove=may_remove(session, viewer, person),
        merges=history.revisions(session, viewer, of=("person", person.id)),
        reads_address=reads_address(session, viewer, person),
        kept=reminders.cadence_of(session, viewer.person_id, person.id),
        cadences=[(str(days), words.capitalize()) for days, words in CADENCES.items()],
        values=form.values,
        wrong=form.wrong,
        adding=adding,
        hiding=hidden_fields(session, person.id) if is_self else None,
    )


def person_form(session: Session, viewer: Viewer, key: str | None, form: Form) -> PersonForm:
    """The form over a person, with what was sent; without a key, over a new contact."""
    own = editable(session, viewer, FieldSubject.PERSON)
    if key is None:
        return PersonForm(None, "", EditForm(form.values, form.wrong), own)
    person = people.editable_person(session, viewer, key)
    details = editable_details(session, viewer, person)
    saved = person_values(session, person, viewer=viewer, details=details)
    form_over = edit_form(form, saved, labels=labels_of(own))
    hidden = hidden_from(session, viewer, person.id)
    return PersonForm(key, saved["name"], form_over, own, details, hidden)


def reads_address(session: Session, viewer: Viewer, person: Person) -> bool:
    """Whether a viewer may read how to reach a person: a member always."""
    return FieldGroup.ADDRESSES in readable_fields(session, viewer) or (
        people.roles_of(session, person.id) is not None
    )


def editable_details(session: Session, viewer: Viewer, person: Person) -> frozenset[str]:
    """How to reach a person, as far as a viewer may change it in the form over them.

    Members sign in with their e-mail address, and change it with their password on a page of its
    own. Where they live is nobody's business.
    """
    if people.roles_of(session, person.id) is None:
        return CONTACT_DETAILS if reads_address(session, viewer, person) else frozenset()
    return frozenset({"phone", "email"} if Role.ADMIN in viewer.roles else {"phone"})


def person_values(
    session: Session, person: Person, *, viewer: Viewer, details: Collection[str]
) -> dict[str, str]:
    """A person's facts as the form shows them."""
    account = session.get(Account, person.account_id) if person.account_id else None
    hidden = hidden_from(session, viewer, person.id)
    values = {
        "name": person.name,
        "email": person.email or "",
        "profile": person.profile or "",
        "title": person.title,
        "department": person.department,
        "account": account.name if account else "",
        "phone": person.phone,
        "street": person.street,
        "postcode": person.postcode,
        "city": person.city,
        "country": person.country or "",
        "home_town": person.home_town,
        "languages": person.languages,
        "skills": person.skills,
        "about": person.about,
        **form_values(editable(session, viewer, FieldSubject.PERSON), person.own),
    }
    left_out = {*hidden, *(CONTACT_DETAILS - set(details))}
    return {name: value for name, value in values.items() if name not in left_out}


def read_person(
    session: Session,
    viewer: Viewer,
    form: Form,
    own: dict[str, Any],
    *,
    details: Collection[str],
    hidden: Collection[str] = (),
) -> dict[str, Any]:
    """The facts in a form; `Invalid` where one cannot be taken.

    Of the contact details, `details` are fields of the form. What the person hides is none.
    """
    account_name = form.text("account", 200)
    account = accounts.find_account(session, account_name) if account_name else None
    if account_name and account is None:
        form.refuse("account", "There is no account of this name yet. Add it first.")
    email = form.text("email", 254).lower() or None if "email" in details else None
    if email and ("@" not in email.strip("@") or " " in email):
        form.refuse("email", "Enter an email address, for example ines@example.com.")
    profile = form.text("profile", 500) if ProfileField.PROFILE not in hidden else ""
    if profile:
        try:
            profile = people.profile_address(profile)
        except Invalid as wrong:
            form.refuse("profile", wrong.fields["profile"])
    facts = {
        "name": form.text("name", 200, required=True),
        **({"email": email} if "email" in details else {}),
        **({"phone": form.phones("phone")} if "phone" in details else {}),
        "title": form.text("title", 200),
        "department": form.text("department", 200),
        "account_id": account.id if account else None,
        "city": form.text("city", 100),
        "country": form.choice("country", [code for code, _ in country_choices()]),
        "skills": form.text("skills", 1_000),
        "own": read_own(session, viewer, FieldSubject.PERSON, form, own),
    }
    if ProfileField.PROFILE not in hidden:
        facts["profile"] = profile or None
    for name, most in (("street", 200), ("postcode", 20)):
        if name in details:
            facts[name] = form.text(name, most)
    for name, most in ((ProfileField.HOME_TOWN, 100), (ProfileField.LANGUAGES, 100)):
        if name not in hidden:
            facts[name.value] = form.text(name, most)
    if ProfileField.ABOUT not in hidden:
        facts["about"] = form.lines("about", 5_000)
    form.done()
    return facts


def add_employment(session: Session, viewer: Viewer, key: str, form: Form) -> str:
    """Add the employer of a form to a person; its name."""
    organisation = form.text("organisation", 200, required=True)
    facts = {"title": form.text("title", 200), "start": form.day("start"), "end": form.day("end")}
    person = people.editable_person(session, viewer, key)
    form.done()
    people.add_employment(session, person, organisation, viewer.person_id, **facts)
    return organisation


def add_education(session: Session, viewer: Viewer, key: str, form: Form) -> str:
    """Add the school of a form to a person; its name."""
    institution = form.text("institution", 200, required=True)
    facts = {
        "degree": form.text("degree", 200),
        "field": form.text("field", 200),
        "start": form.day("start"),
        "end": form.day("end"),
    }
    person = people.editable_person(session, viewer, key)
    form.done()
    people.add_education(session, person, institution, viewer.person_id, **facts)
    return institution


def add_membership(session: Session, viewer: Viewer, key: str, form: Form) -> str:
    """Add the association, board or event of a form to a person; its name."""
    kind = form.choice("kind", tuple(Gathering), required=True) or ""
    organisation = form.text("organisation", 200, required=True)
    facts = {"role": form.text("role", 200), "start": form.day("start"), "end": form.day("end")}
    person = people.editable_person(session, viewer, key)
    form.done()
    people.add_membership(session, person, kind, organisation, viewer.person_id, **facts)
    return organisation


def _add_fact(
    visit: Visit, key: str, adding: str, add: Callable[[Session, Viewer, str, Form], str]
) -> Response[Any]:
    """Add a fact to a person; the page comes back with the form of that name where it cannot be."""
    name = ""
    with visit.saving() as session:
        name = add(session, visit.viewer, key, visit.form)
    if visit.form.refusal:
        page = visit.page(person_page, key, visit.form, adding)
        return visit.show("records/people/show.html", page)
    return visit.go(at("people", key), f"{name} is added.")


def _form_again(visit: Visit, key: str | None) -> Response[str]:
    page = visit.page(person_form, key, visit.form)
    return visit.answer("records/people/edit.html", "records/people/_form.html", page)
