"""What the company says of itself: its name, its logo, and the currency in which it adds up."""

from base64 import b64encode

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel

from workspace.audit import audit
from workspace.errors import Invalid

# The kinds of pictures that every browser shows and that hold no script, by how their bytes begin.
_PICTURES = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))
LARGEST_LOGO = 50_000


class Company(SQLModel, table=True):
    """The single row of the company's settings."""

    id: int = Field(default=1, primary_key=True)
    name: str = Field(default="", max_length=200)
    # The currency of sums over deals; without one, sums are by currency.
    currency: str = Field(default="", max_length=3)
    # A PNG or JPEG picture as a data URL, so that a page of a guest needs no further request.
    logo: str = Field(default="", sa_type=Text)


def company(session: Session) -> Company:
    """The company's settings; the defaults where none were saved."""
    return session.get(Company, 1) or Company()


def set_company(session: Session, by: int | None, **changes: str) -> None:
    """Change the name or the currency."""
    row = company(session)
    changed: dict[str, object] = {
        name: [getattr(row, name), value]
        for name, value in changes.items()
        if getattr(row, name) != value
    }
    row.sqlmodel_update(changes)
    session.add(row)
    if changed:
        audit(session, by, "company settings changed", "company", changed)


def set_logo(session: Session, by: int | None, data: bytes | None) -> None:
    """Replace the logo, or remove it."""
    row = company(session)
    logo = ""
    if data is not None:
        if len(data) > LARGEST_LOGO:
            raise Invalid("Logo not saved.", {"logo": f"At most {LARGEST_LOGO // 1000} kB."})
        kind = next((kind for start, kind in _PICTURES if data.startswith(start)), "")
        if not kind:
            raise Invalid("Logo not saved.", {"logo": "Choose a PNG or JPEG file."})
        logo = f"data:{kind};base64,{b64encode(data).decode()}"
    row.logo = logo
    session.add(row)
    audit(session, by, "logo changed" if data else "logo removed", "company")
