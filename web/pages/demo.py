"""The demo workspace: sign-in by one click, and a short tour."""

from typing import Any

from litestar import Controller
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.response import Response

from web.demo_access import PARTS, is_from_this_machine, people_of_demo
from web.policies import Policy, open_to
from web.routes import post
from web.signin import enter
from web.tour import STEPS, TOUR
from web.visits import Visit
from workspace.errors import NotFound


class DemoController(Controller):
    """/demo: sign-in by one click, and the tour."""

    path = "/demo"
    opt = open_to(reads=Policy.ANYONE, writes=Policy.ANYONE)

    @post("/sign-in")
    def sign_in(self, visit: NamedDependency[Visit]) -> Response[Any]:
        part = visit.form.choice("part", PARTS)
        visit.form.done()
        if not is_from_this_machine(visit.request, visit.workspace):
            raise NotFound("There is no such page.")
        with visit.write() as session:
            people = people_of_demo(session)
            if part not in people:
                raise NotFound("There is no such member in the demo.")
            response = visit.go("/")
            enter(session, visit.request, response, people[part].id)
        response.set_cookie(_tour_cookie("0"))
        return response

    @post("/tour", opt=open_to(reads=Policy.MEMBERS, writes=Policy.MEMBERS))
    def tour(self, visit: NamedDependency[Visit]) -> Response[Any]:
        """Go to a step of the tour, or leave it."""
        number = visit.form.choice("step", [str(place) for place in range(1, len(STEPS) + 1)])
        back = visit.form.text("back", 2000)
        visit.form.done()
        if number:
            response = visit.go(STEPS[int(number) - 1].address)
            response.set_cookie(_tour_cookie(number))
            return response
        response = visit.go(back if back.startswith("/deals/") else "/")
        response.set_cookie(Cookie(key=TOUR, value="", path="/", max_age=0, samesite="lax"))
        return response


def _tour_cookie(step: str) -> Cookie:
    return Cookie(key=TOUR, value=step, path="/", samesite="lax", httponly=True)
