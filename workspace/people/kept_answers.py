"""Answers to calls of the API that are kept for a day, so that a repeated call is done once."""

from datetime import datetime, timedelta

from sqlalchemy import JSON
from sqlmodel import Field, Session, SQLModel, col, delete

from workspace.clock import now
from workspace.database import FOLLOWS
from workspace.errors import Invalid

KEPT_FOR = timedelta(days=1)
LONGEST_KEY = 200


class KeptAnswer(SQLModel, table=True):
    """The answer to a call with an Idempotency-Key."""

    __table_args__ = {"info": {FOLLOWS: True}}

    token_id: int = Field(primary_key=True, foreign_key="apitoken.id")
    key: str = Field(primary_key=True, max_length=LONGEST_KEY)
    # Of the call: its method, its address and its body.
    digest: str = Field(max_length=64)
    status: int
    headers: dict[str, str] = Field(sa_type=JSON)
    body: str
    at: datetime = Field(default_factory=now, index=True)


def kept_answer(session: Session, token_id: int, key: str, digest: str) -> KeptAnswer | None:
    """The answer to the same call of a token; `Invalid` where the key was used for another."""
    if len(key) > LONGEST_KEY or not key.isprintable():
        why = f"At most {LONGEST_KEY} printable characters."
        raise Invalid("Some fields could not be saved.", {"Idempotency-Key": why})
    session.exec(delete(KeptAnswer).where(col(KeptAnswer.at) < now() - KEPT_FOR))
    kept = session.get(KeptAnswer, (token_id, key))
    if kept is not None and kept.digest != digest:
        why = "This key was used for another call. Choose a new one."
        raise Invalid("Some fields could not be saved.", {"Idempotency-Key": why})
    return kept


def keep_answer(
    session: Session,
    token_id: int,
    key: str,
    digest: str,
    status: int,
    headers: dict[str, str],
    body: str,
) -> None:
    """Keep the answer to a call, in the transaction of what it did."""
    session.add(
        KeptAnswer(
            token_id=token_id, key=key, digest=digest, status=status, headers=headers, body=body
        )
    )


def forget_answers(session: Session) -> None:
    """Forget all answers: they may name a person who is being erased."""
    session.exec(delete(KeptAnswer))
