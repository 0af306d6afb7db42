"""Where emails to an advocate go: the desk confirms the address, and nothing else changes it.

The address in the record is edited by members and by imports. It is a proposal: emails go to the
confirmed address until the desk confirms another.
"""

from sqlmodel import Session, col, select

from references.desk import emails, guest_links
from references.desk.advocates import Advocate
from references.desk.request import ReferenceRequest, State
from references.desk.rules import require_not_asking
from references.desk.transitions import email_context_of
from workspace.audit import audit
from workspace.delivery import outbox
from workspace.errors import Conflict, Invalid
from workspace.people.tables import Person


def proposed_address(advocate: Advocate, person: Person) -> str | None:
    """The address in the record, if it is not the confirmed one."""
    return person.email if person.email != advocate.address else None


def confirm_address(
    session: Session, advocate: Advocate, address: str, by: int | None, origin: str
) -> None:
    """Have emails to an advocate go to the address in the record; it must be `address`.

    The former address is told, links that were sent there end, and what is waiting for an answer
    is asked again at the new one. A member who asks this advocate for a reference cannot do it.
    """
    person = session.get_one(Person, advocate.person_id)
    session.refresh(person)
    session.refresh(advocate, with_for_update={"key_share": True})
    if not address or person.email != address:
        raise Conflict("The address in the record has changed in the meantime. Check it again.")
    if not outbox.is_address(address):
        raise Invalid(
            "Email cannot be sent to this address.",
            {"email": "Enter an email address, for example ines@example.com."},
        )
    former = advocate.address
    if former == address:
        return
    require_not_asking(session, by, advocate)
    advocate.address = address
    session.add(advocate)
    audit(session, by, "advocate's address confirmed", f"person {person.id}")
    if former:
        guest_links.revoke_links_to(session, former)
        outbox.drop_to(session, former)
        email = emails.address_changed(person.name)
        about = guest_links.advocate_outbox_subject(advocate.id)
        outbox.queue(session, former, email.subject, email.body, about=about)
        _ask_again(session, advocate, origin)


def _ask_again(session: Session, advocate: Advocate, origin: str) -> None:
    """Send the invitations that have no answer yet to the new address."""
    waiting = select(ReferenceRequest).where(
        ReferenceRequest.advocate_id == advocate.id, ReferenceRequest.state == State.INVITED
    )
    for request in session.exec(waiting.order_by(col(ReferenceRequest.id))):
        guest_links.email_invitation(session, email_context_of(session, request), origin)
