"""A member's access: how it ends at once, everywhere, and how it comes back."""

from sqlmodel import Session

from workspace.deals import team
from workspace.people import api_tokens, members
from workspace.people.invitations import end_invitation
from workspace.people.sign_in import address, sessions, two_step


def deactivate(session: Session, person_id: int, *, by: int | None) -> bool:
    """End a member's access: sessions, tokens, invitations and open questions to them.

    Returns whether they had access. What they owned stays theirs until it is handed over.
    """
    changed = members.deactivate(session, person_id, by=by)
    sessions.close_sessions(session, person_id)
    api_tokens.revoke_tokens(session, person_id, by)
    end_invitation(session, person_id)
    address.end_change(session, person_id)
    two_step.end_waiting(session, person_id)
    team.take_back_asks(session, person_id, by)
    return changed


def reactivate(session: Session, person_id: int, *, by: int | None) -> bool:
    """Give a member their access back; they sign in again. Whether they had none."""
    # A sign-in that was under way when they were deactivated may have left a session.
    sessions.close_sessions(session, person_id)
    return members.reactivate(session, person_id, by=by)
