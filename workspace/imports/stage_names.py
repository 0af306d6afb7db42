"""Stages of other systems: which stage of the pipeline a file's stage means."""

from collections.abc import Sequence

from workspace.deals.tables import Outcome, Stage
from workspace.keys import joined, plain

# The usual probabilities of other systems' stages (HubSpot's, Pipedrive's, Zoho's, Dynamics',
# Odoo's, Twenty's, EspoCRM's and atomic-crm's default pipelines), by name without spaces.
_PROBABILITIES = {
    "appointmentscheduled": 20, "qualifiedtobuy": 40, "presentationscheduled": 60,
    "decisionmakerboughtin": 80, "contractsent": 90,
    "qualified": 20, "contactmade": 20, "demoscheduled": 50, "proposalmade": 75,
    "negotiationsstarted": 90, "negotiationstarted": 90,
    "identifydecisionmakers": 60,
    "qualify": 20, "develop": 50, "propose": 75, "close": 90,
    "new": 10, "leadin": 10, "lead": 10, "proposition": 75,
    "screening": 20, "meeting": 50, "opportunity": 10, "proposalsent": 75,
    "innegociation": 90, "innegotiation": 90, "discovery": 20, "demo": 50, "evaluation": 50,
    "contract": 90, "contracting": 90, "verbalcommitment": 90,
}  # fmt: skip
_OUTCOMES = {
    Outcome.WON: (
        *("won", "closed won", "deal won", "customer", "signed", "gewonnen", "wygrana", "wygrane"),
        *("выиграна", "успешно реализовано", "gagne", "gagnee", "vyhrano", "ganado"),
    ),
    Outcome.LOST: (
        *("lost", "closed lost", "deal lost", "closed lost to competition", "lost to competition"),
        *("lost cancelled", "abandoned", "cancelled", "canceled", "disqualified", "out sold"),
        *("verloren", "przegrana", "przegrane", "проиграна", "закрыто и не реализовано", "perdu"),
        *("perdue", "prohrano", "perdido"),
    ),
    Outcome.OPEN: (
        *("open", "active", "in progress", "new", "pending", "ongoing", "offen", "otwarta"),
        *("otwarte", "aktywna", "w toku", "открыта", "в работе", "ouvert", "en cours", "otevreno"),
    ),
    Outcome.PARKED: (
        *("parked", "on hold", "hold", "onhold", "paused", "postponed", "deferred", "suspended"),
        *("frozen", "dormant", "stalled", "pausiert", "zuruckgestellt", "ruhend", "wstrzymana"),
        *("wstrzymane", "odlozona", "odlozone", "zawieszona", "отложена", "приостановлена"),
        *("en pause", "en attente", "suspendu", "pozastaveno", "odlozeno", "en espera", "pausado"),
    ),
}
_OUTCOME_OF = {joined(name): outcome for outcome, names in _OUTCOMES.items() for name in names}


def find_outcome(text: str) -> Outcome | None:
    """The outcome that a word such as 'won', 'Closed Lost' or 'on hold' means; None if unknown."""
    return _OUTCOME_OF.get(joined(text))


class StageNames:
    """The stages of a pipeline by the names that files give them."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages
        self._named = {joined(stage.name): stage for stage in reversed(stages)}
        # The few texts that stand in thousands of rows.
        self._found: dict[str, tuple[Stage | None, bool]] = {}

    def closing(self, outcome: Outcome) -> Stage | None:
        """The first stage of that outcome."""
        return next((stage for stage in self._stages if stage.outcome == outcome), None)

    def find(self, text: str) -> tuple[Stage | None, bool]:
        """The stage that a text means, and whether it names that stage exactly."""
        if text not in self._found:
            self._found[text] = self._find(text)
        return self._found[text]

    def _find(self, text: str) -> tuple[Stage | None, bool]:
        key = joined(text)
        if stage := self._named.get(key):
            return stage, True
        outcome = find_outcome(text)
        if outcome in (Outcome.WON, Outcome.LOST):
            return self.closing(outcome), True
        words = set(plain(text).split())
        parts = [
            stage for stage in self._stages if words and words <= set(plain(stage.name).split())
        ]
        if len(parts) == 1:
            return parts[0], False
        probability = _PROBABILITIES.get(key)
        open_stages = [stage for stage in self._stages if stage.outcome == Outcome.OPEN]
        if probability is None or not open_stages:
            return None, False
        return min(open_stages, key=lambda stage: abs(stage.probability - probability)), False
