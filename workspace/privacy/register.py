"""The register: every table that holds something of persons, and what for.

A table is found by its references to persons. One that is not in the register fails a test, so that
export and erasure are thought of with it.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from workspace.privacy.discretion import Discretion

# What each table stores of a person for, as the person is told.
PURPOSES = {
    "accountowner": "Who looks after an account",
    "addresschange": "A new e-mail address that waits to be confirmed",
    "advocate": "Being asked for references",
    "apitoken": "Access of a member's programs",
    "asset": "Who wrote it",
    "assetfile": "Who uploaded a file",
    "auditentry": "Who did what, for security",
    "columnchoice": "Who chose how files are read",
    "connection": "Private address book of a colleague",
    "connectionmatch": "Which private connections fit a colleague's search",
    "connectionoffer": "Connections that were offered to a colleague",
    "consent": "Consent to references",
    "consentcode": "Proof of an e-mail address",
    "correction": "Corrections that were asked for",
    "deal": "Who owns a deal",
    "dealinvitation": "Who sees a confidential deal",
    "dealrecovery": "Who is to see a confidential deal",
    "digestchoice": "When daily mail is sent",
    "draft": "What was typed and not sent",
    "duplicatepair": "Who said that two records are distinct",
    "editedemail": "Who edited a mail",
    "education": "Schools, for common ground with colleagues",
    "eligibilitydecision": "Who may take which role on a team",
    "employment": "Employers, for common ground with colleagues",
    "follow": "Which deals are followed",
    "formerperson": "Links to a record that was merged",
    "guestlink": "Links that were sent",
    "hiddenfield": "What a member keeps from colleagues",
    "identitylink": "Signing in through an identity provider",
    "import": "Who imported a file",
    "importanswer": "Which person a name in files means",
    "importrun": "Who imported files",
    "importvalue": "Who said what a value in files means",
    "introductionrequest": "Asking for an introduction",
    "job": "Who started a job",
    "jobchange": "Telling colleagues of a new employer",
    "keepintouch": "Reminders to keep in touch",
    "kinfeedback": "Who judged that deals are alike",
    "knowndevice": "Browsers that are known, for security",
    "legalhold": "Why data may not be erased",
    "lesson": "Who had weights learned",
    "member": "Access to Dealkin",
    "memberavailability": "Workload and time zone of a member",
    "memberinvitation": "A link to choose a password",
    "memberrole": "Roles of a member",
    "membership": "Associations and events, for common ground with colleagues",
    "networksearch": "Looking for people in a position",
    "notification": "What a member was told",
    "outboxmessage": "Mail that was sent",
    "passkey": "Signing in with a passkey",
    "passkeychallenge": "A passkey that is being added",
    "pastseat": "Who was on a team",
    "pendingsignin": "A sign-in that waits for a code",
    "person": "Contact details and profile",
    "privacylink": "The link to what is stored",
    "quota": "Sales targets of a member",
    "recoverycode": "Signing in without the app",
    "referencerequest": "References that were asked for",
    "requeststep": "Who did a step of a request",
    "revision": "Who merged or deleted records",
    "savedview": "Saved lists of a member",
    "seat": "Who is on a team",
    "sharelink": "Who shared a file with a buyer",
    "signinsession": "Browsers that are signed in",
    "stakeholder": "Part in a deal",
    "task": "Tasks of a member",
    "tie": "Who knows whom",
    "timelineentry": "Who did what on a deal",
    "twostepsecret": "Signing in with a code",
    "use": "Who used an asset",
    "webhookendpoint": "With whose rights another program is told of events",
    "wrongtie": "That two people do not know each other",
}
# Through these, other tables refer to a person.
_PERSONS = ("person", "member")


def columns_of(table: sa.Table) -> list[sa.Column[Any]]:
    """The columns of a table that refer to a person, or to their part as an advocate."""
    return [
        column
        for column in table.c
        if any(key.column.table.name in (*_PERSONS, "advocate") for key in column.foreign_keys)
    ]


def personal_tables() -> list[sa.Table]:
    """The tables that hold something of persons."""
    tables = SQLModel.metadata.sorted_tables
    return [table for table in tables if table.name == "person" or columns_of(table)]


def rows_of(
    session: Session, person_id: int, discretion: Discretion
) -> Iterator[tuple[sa.Table, list[dict[str, Any]], int]]:
    """The rows that refer to a person, table by table, and how many more are not told."""
    connection = session.connection()
    advocate = SQLModel.metadata.tables["advocate"]
    own = sa.select(advocate.c.id).where(advocate.c.person_id == person_id)
    for table in personal_tables():
        if table.name == "person":
            condition = table.c.id == person_id
        else:
            condition = sa.or_(
                *(
                    column.in_(own)
                    if any(key.column.table is advocate for key in column.foreign_keys)
                    else column == person_id
                    for column in columns_of(table)
                )
            )
        hides = discretion.hides(table)
        query = sa.select(table).where(condition, sa.not_(hides)).order_by(*table.primary_key)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        count = sa.select(sa.func.count()).select_from(table).where(condition, hides)
        hidden = connection.execute(count).scalar_one()
        if rows or hidden:
            yield table, rows, hidden
