"""Stages of other systems: which stage of the pipeline a file's stage means."""

import re
from collections.abc import Sequence
from functools import lru_cache

from workspace.deals.tables import CLOSED_OUTCOMES, Outcome, Stage
from workspace.keys import joined, plain

# Longer texts are sentences, and name no stage.
_LONGEST = 80
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
        *("won", "win", "customer", "signed", "gewonnen", "wygrana", "wygrane", "wygrany"),
        *("выиграна", "выиграно", "успешно реализовано", "успешно", "gagne", "gagnee", "vyhrano"),
        *("vyhrana", "vyhrany", "ganado", "ganada", "vinto", "vinta", "ganho", "ganha"),
    ),
    Outcome.LOST: (
        *("lost", "loss", "lost to competition"),
        *("lost cancelled", "abandoned", "cancelled", "canceled", "disqualified", "out sold"),
        *("verloren", "przegrana", "przegrane", "przegrany", "stracona", "stracone", "проиграна"),
        *("проиграно", "закрыто и не реализовано", "не реализовано", "perdu", "perdue", "prohrano"),
        *("prohrana", "prohrany", "perdido", "perdida", "perso", "persa"),
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
# Words for 'closed', in the languages of the outcomes.
_CLOSED = frozenset(
    map(
        joined,
        [
            *("closed", "geschlossen", "abgeschlossen", "zamkniete", "zamknieta"),
            *(
                "zamknięty",
                "закрыта",
                "закрыто",
                "закрыт",
                "ferme",
                "fermee",
                "cloture",
                "cloturee",
            ),
            *("conclue", "uzavreno", "uzavrena", "cerrado", "cerrada", "chiuso", "chiusa"),
            *("fechado", "fechada"),
        ],
    )
)
# What may stand beside the word that tells the outcome: 'Closed Won', 'Geschlossen und verloren'.
_BESIDE = _CLOSED | {"close", "deal", "opportunity", "and", "und", "i", "et", "y", "e", "a"}
# What tells the outcome by itself or beside 'closed': 'E-signed' and 'Customer deal' tell none.
_BY_THEMSELVES = frozenset({"customer", "signed"})
# '2-Develop', '3. Proposal'.
_NUMBERED = re.compile(r"\s*\d{1,2}\s*[-–.:)]\s*(\D.*)")
_JOINED = re.compile(r"(?:deal|closed)(?=won|lost)")


@lru_cache(maxsize=1_000)
def find_outcome(text: str) -> Outcome | None:
    """The outcome that a word such as 'won', 'Closed Lost' or 'on hold' means; None if unknown."""
    if len(text) > _LONGEST:
        return None
    key = joined(text)
    if key in _OUTCOME_OF:
        return _OUTCOME_OF[key]
    everything = plain(text).split()
    words = [word for word in everything if word not in _BESIDE and not word.isdigit()]
    name = _JOINED.sub("", "".join(words))
    beside = _BESIDE.intersection(everything)
    if name in _BY_THEMSELVES and beside and _CLOSED.isdisjoint(beside):
        return None
    outcome = _OUTCOME_OF.get(name)
    return outcome if outcome in CLOSED_OUTCOMES else None


def tells_closed(text: str) -> bool:
    """Whether a text says that a deal is closed, and not whether it is won or lost."""
    return len(text) <= _LONGEST and joined(text) in _CLOSED


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
        if numbered := _NUMBERED.fullmatch(text):
            return self._find(numbered[1])
        outcome = find_outcome(text)
        if outcome in (Outcome.WON, Outcome.LOST):
            closing = self.closing(outcome)
            return closing, closing is not None
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
