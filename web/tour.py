"""The tour of the demo: six steps, and how far a browser is."""

from dataclasses import dataclass

from web.routes import Request

# The cookie with the number of the step; 0 offers the tour.
TOUR = "tour"


@dataclass(frozen=True)
class Step:
    """A step of the tour: the page, and what to see there."""

    address: str
    title: str
    text: str


STEPS = (
    Step(
        "/deals/HW-0267",
        "An open deal",
        "What the company knows to win this deal: similar deals, content, colleagues, customers.",
    ),
    Step(
        "/deals/HW-0267/kin",
        "Similar deals",
        "Past deals like this one, each with reasons and a difference. Drag a weight to re-rank.",
    ),
    Step(
        "/deals/HW-0267/playbook",
        "Recommended content",
        "The demos and decks that won similar deals, with the win rate with and without them.",
    ),
    Step(
        "/deals/HW-0267/experts",
        "Experts and team",
        "Colleagues with evidence on similar deals, their workload, and a suggested team.",
    ),
    Step(
        "/deals/HW-0267/references",
        "Customer references",
        "Customers whose people know this buyer, with evidence. Request asks customer marketing.",
    ),
    Step(
        "/deals/new",
        "Your turn",
        "Describe a deal in one sentence and log it. The similar deals appear at once.",
    ),
)


@dataclass(frozen=True)
class Tour:
    """How far a browser is on the tour; at 0 it is offered."""

    number: int

    @property
    def step(self) -> Step | None:
        """The step; None where the tour is only offered."""
        return STEPS[self.number - 1] if self.number else None

    @property
    def count(self) -> int:
        """The number of steps."""
        return len(STEPS)


def tour_of(request: Request) -> Tour | None:
    """The tour that this browser is on; None where it is on none."""
    number = request.cookies.get(TOUR, "")
    return Tour(int(number)) if number in map(str, range(len(STEPS) + 1)) else None
