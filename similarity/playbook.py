"""Playbook: the assets that won a deal's kin."""

from dataclasses import dataclass

from similarity.ranking import Term


@dataclass(frozen=True)
class UsedOn:
    """A kin that an asset was used on: the evidence behind a play."""

    deal_key: str
    deal_name: str
    outcome: str
    helped: bool | None
    comment: str


@dataclass(frozen=True)
class Play:
    """An asset to use, and how deals with and without it went."""

    asset_id: int
    key: str
    name: str
    kind: str
    summary: str
    url: str
    score: float
    band: str
    terms: list[Term]
    won_with: int
    closed_with: int
    won_without: int
    closed_without: int
    lift: float  # Shrunken difference of the two win rates, from -1 to 1.
    lift_low: float  # 90 % interval of it.
    lift_high: float
    evidence: list[UsedOn]


@dataclass(frozen=True)
class Contrast:
    """What won deals against a competitor had more often than lost ones."""

    competitor: str
    asset_key: str
    asset_name: str
    kind: str
    won_with: int
    won: int
    lost_with: int
    lost: int


@dataclass(frozen=True)
class Playbook:
    """The plays for a deal, best first, the contrasts, and the kin that they rest on."""

    plays: list[Play]
    contrasts: list[Contrast]
    won: int
    closed: int
