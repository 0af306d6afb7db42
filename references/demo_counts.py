"""What became of the demo's suggestions in the past weeks."""

from datetime import timedelta

from sqlmodel import Session

from references.suggestion_counts import Fate, SuggestionKind, add_counts
from workspace.clock import today

WEEKS = 12
# Of each kind: shown, opened, used and dismissed in a week.
_IN_A_WEEK = {
    SuggestionKind.SIMILAR: (310, 84, 22, 9),
    SuggestionKind.CONTENT: (180, 61, 19, 0),
    SuggestionKind.EXPERT: (150, 33, 8, 0),
    SuggestionKind.TEAM: (64, 17, 21, 6),
    SuggestionKind.REFERENCE: (120, 38, 7, 0),
    SuggestionKind.PATH: (70, 19, 4, 0),
}


def add_demo_counts(session: Session) -> None:
    """Add the counts of the past weeks; colleagues use more and more of what they are shown."""
    for number in range(WEEKS):
        day = today() - timedelta(weeks=WEEKS - number)
        for kind, (shown, *others) in _IN_A_WEEK.items():
            grown = 0.6 + 0.4 * (number + number % 3) / WEEKS
            counts = {(day, kind, Fate.SHOWN): shown + 7 * (number % 4)}
            for fate, count in zip((Fate.OPENED, Fate.USED, Fate.DISMISSED), others, strict=True):
                if count:
                    counts[day, kind, fate] = round(count * grown)
            add_counts(session, counts)
