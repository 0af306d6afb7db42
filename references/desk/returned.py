"""What comes back for an email to a guest: nobody waits for an answer that cannot come."""

from sqlmodel import Session, col, select

from references.desk.guest_links import revoke_links
from references.desk.request import ReferenceRequest, State
from references.desk.rules import ABOUT_REQUEST, desk_members, lock_request
from references.desk.transitions import finish_step, log_step
from workspace.delivery.outbox import OutboxMessage, Returned
from workspace.people.viewer import PLAIN_VIEW

# Where a guest's answer is awaited.
_WAITING = (State.INVITED, State.ACCEPTED)


def take_returned(session: Session, message: OutboxMessage) -> None:
    """Stop the clock of the request that an email was about, and tell the desk and the requester.

    An invitation that was not delivered is back at the desk, which corrects the address and sends
    it again.
    """
    number = message.about.removeprefix(ABOUT_REQUEST)
    if number == message.about:
        return
    query = select(ReferenceRequest).where(col(ReferenceRequest.id) == int(number))
    request = session.exec(query).first()
    if request is None:
        return
    lock_request(session, request)
    if request.state not in _WAITING:
        return
    told = {request.assigned_to_id, request.requested_by_id} - {None}
    readers = told or set(desk_members(session, request.deal_id))
    tell = {person: "reference" for person in readers if person is not None}
    before = State(request.state)
    step = "returned" if message.returned == Returned.BOUNCED else "away"
    if step == "returned" and before == State.INVITED:
        revoke_links(session, request.id)
        finish_step(
            session,
            request,
            PLAIN_VIEW,
            step,
            before,
            message.returned_why,
            after=State.APPROVED,
            tell=tell,
        )
    else:
        request.due = None
        session.add(request)
        log_step(session, request, PLAIN_VIEW, step, before, message.returned_why, tell=tell)
