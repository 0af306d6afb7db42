"""Stakeholders: the people on the buyer's side of a deal, and how they stand."""

from sqlmodel import Field, SQLModel, UniqueConstraint

BUYING_ROLES = (
    "economic buyer",
    "user buyer",
    "technical buyer",
    "coach",
    "champion",
    "decision maker",
    "evaluator",
    "executive sponsor",
    "influencer",
)
STANCES = ("mentor", "supporter", "neutral", "non-supporter", "opponent")
INFLUENCES = ("low", "medium", "high")
COVERAGES = ("unknown", "no contact", "brief contact", "multiple contacts", "in depth")


class Stakeholder(SQLModel, table=True):
    """A contact on a deal. What nobody has said is empty."""

    __table_args__ = (UniqueConstraint("deal_id", "person_id"),)

    id: int = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True, ondelete="CASCADE")
    person_id: int = Field(foreign_key="person.id", index=True)
    buying_role: str = Field(default="", max_length=20)
    stance: str = Field(default="", max_length=20)
    influence: str = Field(default="", max_length=10)
    coverage: str = Field(default="unknown", max_length=20)
    # Whom they report to, among this deal's stakeholders.
    reports_to_id: int | None = Field(
        default=None, foreign_key="stakeholder.id", index=True, ondelete="SET NULL"
    )
    note: str = Field(default="", max_length=1000)
