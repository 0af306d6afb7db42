"""What Dealkin keeps to tell later: a code with parameters, put into words when it is shown.

Rows hold no sentences of ours, so that they can be shown in other languages, and read as the
product speaks now. Only the words of other programs are kept as they came.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from workspace.errors import DealkinError

# A code under `code`, and its parameters beside it; empty where there is nothing to tell.
Told = dict[str, Any]
Refusal = TypeVar("Refusal", bound=DealkinError)

# Of the words of other programs so many letters are kept.
LONGEST = 2_000


class Code(StrEnum):
    """What is told. Rows hold these, so none is renamed or removed without a migration."""

    # The words of another program, or those that a row had before there were codes.
    SAID = "said"
    FAULT = "fault"
    BUSY = "busy"
    INTERRUPTED = "interrupted"
    NO_IMPORT = "no import"
    IMPORT_STATE = "import state"
    IMPORT_ENDED = "import ended"
    IMPORT_MOVED_ON = "import moved on"
    LEGAL_HOLD = "legal hold"
    MEMBER_ACTIVE = "member active"
    NO_PERSON = "no person"
    NO_SEARCH = "no search"
    FILE_MISSING = "file missing"
    FILE_DAMAGED = "file damaged"
    BACKUPS_OFF = "backups off"
    NO_BACKUP = "no backup"
    BACKUP_INCOMPLETE = "backup incomplete"
    BACKUP_VERSION = "backup version"
    BACKUP_OTHER_FILES = "backup other files"
    BACKUP_CHANGED = "backup changed"
    BACKUP_ENCRYPTED = "backup encrypted"
    BACKUP_KEY = "backup key"
    BACKUP_NEEDS_SQLITE = "backup needs sqlite"
    BACKUP_NEEDS_POSTGRESQL = "backup needs postgresql"
    COPY_DAMAGED = "copy damaged"
    PROGRAM_MISSING = "program missing"
    PROGRAM_FAILED = "program failed"
    RESTORED_ROWS = "restored rows"
    RESTORED_DEALS = "restored deals"
    RECEIVER_GONE = "receiver gone"
    RECEIVER_ANSWERED = "receiver answered"
    RECEIVER_REDIRECTS = "receiver redirects"
    NO_ADMINISTRATOR = "no administrator"
    HOST_UNKNOWN = "host unknown"
    HOST_INTERNAL = "host internal"
    HOST_UNSAFE = "host unsafe"
    ANSWER_PACKED = "answer packed"
    ANSWER_LARGE = "answer large"
    TOKEN_REVOKED = "token revoked"  # noqa: S105
    TOKEN_EXPIRED = "token expired"  # noqa: S105
    # What became of a row that was to be as it was before; see `workspace/revisions/rows.py`.
    ROW_REMOVED = "row removed"
    ROW_EDITED = "row edited"
    ROW_USED = "row used"
    ROW_THERE = "row there"
    OWNER_GONE = "owner gone"
    COLUMNS_EDITED = "columns edited"
    COLUMNS_TAKEN = "columns taken"


_WORDS = {
    Code.SAID: "{text}",
    Code.FAULT: "{error}: {text}",
    Code.BUSY: "Too much is being written at once. Nothing was saved. Try again in a moment.",
    Code.INTERRUPTED: "Interrupted {attempts} times at the same place.",
    Code.NO_IMPORT: "There is no such import.",
    Code.IMPORT_STATE: "This import is {state}.",
    Code.IMPORT_ENDED: "This import is finished already.",
    Code.IMPORT_MOVED_ON: "This import is no longer where this process left it.",
    Code.LEGAL_HOLD: "This person is on legal hold, and cannot be erased.",
    Code.MEMBER_ACTIVE: "Deactivate this member first.",
    Code.NO_PERSON: "There is no such person.",
    Code.NO_SEARCH: "There is no such search any more.",
    Code.FILE_MISSING: (
        "This file is not on this server: restore it from a backup, or upload it again."
    ),
    Code.FILE_DAMAGED: (
        "This file is damaged on the server: restore it from a backup, or upload it again."
    ),
    Code.BACKUPS_OFF: "DEALKIN_BACKUPS is off: give the folder for the backup.",
    Code.NO_BACKUP: "There is no backup {file}.",
    Code.BACKUP_INCOMPLETE: "{file} is no complete backup: {text}",
    Code.BACKUP_VERSION: "{file} was made by another version of Dealkin: {version}.",
    Code.BACKUP_OTHER_FILES: "{file} is damaged: it has other files than its manifest.",
    Code.BACKUP_CHANGED: "{file} is damaged: {name} is not as it was backed up.",
    Code.BACKUP_ENCRYPTED: "{file} is encrypted: --identity names the file of the secret key.",
    Code.BACKUP_KEY: "{file} cannot be decrypted with {identity}: {text}",
    Code.BACKUP_NEEDS_SQLITE: "This backup needs no DATABASE_URL, as it is of SQLite.",
    Code.BACKUP_NEEDS_POSTGRESQL: "This backup needs a PostgreSQL database in DATABASE_URL.",
    Code.COPY_DAMAGED: "The copy of the database is damaged: {text}",
    Code.PROGRAM_MISSING: (
        "{program} is not installed here. Install PostgreSQL's client programs, of the server's"
        " version or a newer one."
    ),
    Code.PROGRAM_FAILED: "{program}: {text}",
    Code.RESTORED_ROWS: "The restored database has other rows than the backup: {tables}.",
    Code.RESTORED_DEALS: "The restored workspace does not find {keys}.",
    Code.RECEIVER_GONE: "The receiver answered 410 Gone: it wants no more events.",
    Code.RECEIVER_ANSWERED: "The receiver answered {status}.",
    Code.RECEIVER_REDIRECTS: "The receiver answered {status}. Redirects are not followed.",
    Code.NO_ADMINISTRATOR: (
        "{name} is no longer an administrator. Resume it to have it act as you."
    ),
    Code.HOST_UNKNOWN: "{host} is not found.",
    Code.HOST_INTERNAL: "{host} is an internal address. DEALKIN_INTERNAL_ADDRESSES can allow it.",
    Code.HOST_UNSAFE: "{host} has to be reached by https.",
    Code.ANSWER_PACKED: "{host} answers in a packed form that was not asked for.",
    Code.ANSWER_LARGE: "The answer is too large.",
    Code.TOKEN_REVOKED: "This token was revoked.",
    Code.TOKEN_EXPIRED: "This token has expired.",
    Code.ROW_REMOVED: "{row}: removed since",
    Code.ROW_EDITED: "{row}: edited since",
    Code.ROW_USED: "{row}: used since",
    Code.ROW_THERE: "{row}: there is another one",
    Code.OWNER_GONE: "{row}: the {owner} is gone",
    Code.COLUMNS_EDITED: "{row}: edited since: {columns}",
    Code.COLUMNS_TAKEN: "{row}: in use elsewhere: {columns}",
}


def told(code: Code, **values: Any) -> Told:
    """What to keep: a code and its parameters, which are texts, numbers and lists of texts."""
    return {"code": str(code), **values}


def in_words(kept: Mapping[str, Any]) -> str:
    """What was kept, in words; empty where there is nothing to tell.

    A code that this version does not know, such as one of a newer version, stands for itself.
    """
    if not kept:
        return ""
    values = {name: _listed(value) for name, value in kept.items()}
    try:
        return _WORDS[Code(kept["code"])].format(**values)
    except (ValueError, KeyError):
        return str(kept.get("code", ""))


def refusal(kind: type[Refusal], code: Code, **values: Any) -> Refusal:
    """A refusal that can be kept: its message is what the code says in words."""
    error = kind(in_words(told(code, **values)))
    error.told = told(code, **values)
    return error


def told_of(error: BaseException) -> Told:
    """What to keep of an error that a job met."""
    kept = error.told if isinstance(error, DealkinError) else None
    if kept:
        return kept
    if isinstance(error, DealkinError):
        return told(Code.SAID, text=str(error)[:LONGEST])
    return told(Code.FAULT, error=type(error).__name__, text=str(error)[:LONGEST])


def said_by(error: BaseException) -> Told:
    """What to keep of an error of a server that was asked: its words, or its name without any."""
    kept = error.told if isinstance(error, DealkinError) else None
    return kept or told(Code.SAID, text=(str(error) or type(error).__name__)[:LONGEST])


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
