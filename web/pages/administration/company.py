"""The company's name and logo, as guests see them."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller
from litestar.di import NamedDependency
from litestar.response import Response
from sqlmodel import Session

from web.forms import Form
from web.policies import Policy, open_to
from web.routes import get, post
from web.visits import Visit
from workspace.company import Company, company, set_company, set_logo
from workspace.people.viewer import Viewer

PATH = "/administration/company"


@dataclass(frozen=True)
class CompanyPage:
    """The form, with what was sent."""

    company: Company
    values: dict[str, str]
    wrong: dict[str, str]


class CompanyController(Controller):
    """/administration/company."""

    path = PATH
    opt = open_to(reads=Policy.ADMINISTRATORS, writes=Policy.ADMINISTRATORS, takes_files=True)

    @get()
    def show(self, visit: NamedDependency[Visit]) -> Response[str]:
        return visit.show("administration/company.html", visit.page(company_page, Form()))

    @post()
    def change(self, visit: NamedDependency[Visit]) -> Response[Any]:
        with visit.saving() as session:
            name = visit.form.text("name", 200)
            removes = visit.form.flag("remove_logo")
            visit.form.done()
            set_company(session, visit.viewer.person_id, name=name)
            if visit.uploads:
                set_logo(session, visit.viewer.person_id, visit.uploads[0][1])
            elif removes:
                set_logo(session, visit.viewer.person_id, None)
        if visit.form.refusal:
            page = visit.page(company_page, visit.form)
            return visit.show("administration/company.html", page)
        return visit.go(PATH, "Company saved.")


def company_page(session: Session, _viewer: Viewer, form: Form) -> CompanyPage:
    """The page, with what was sent over what is saved."""
    row = company(session)
    return CompanyPage(row, {"name": row.name, **form.values}, form.wrong)
