"""What imports say of files, rows and cells: codes with parameters, put into words to be shown.

A `Message` is a text in words that knows its code and its parameters. Only these are kept, as
`workspace/told.py` says; a sentence that was kept before there were codes stays as it is.
"""

import string
from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from workspace import told
from workspace.errors import DealkinError
from workspace.told import LONGEST, Told


class Notice(StrEnum):
    """What is said, and its words. Rows hold the codes, so none is renamed without a migration."""

    words: str

    def __new__(cls, code: str, words: str) -> "Notice":
        """A member that is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.words = words
        return member

    # Of several, and of where something is wrong.
    SEVERAL = "several", "{messages}"
    IN_COLUMN = "in column", "{column}: {message}"
    IN_ROWS = "in rows", "{message} ({count:,} rows)"
    MORE_WARNINGS = "more warnings", "… and {count:,} more warnings."
    CELL_LEFT_OUT = "cell left out", "A cell was left out: {message}"
    MISSING = "missing", "It is missing."

    # Files.
    NOT_OPENED = "not opened", "It cannot be opened: {reason}."
    FILE_LARGE = "file large", "It is larger than {most} MB: divide it into several files."
    IS_PACKED = "packed", "It is compressed: unpack it first."
    IS_PDF = "pdf", "It is a PDF: save the table as CSV or XLSX."
    NO_WORKBOOK = (
        "no workbook",
        "It is neither a workbook nor a table: unpack an archive first, or save the sheet as XLSX"
        " or CSV.",
    )
    PROTECTED = "protected", "It is protected by a password: save it without."
    SHEETS_DAMAGED = (
        "sheets damaged",
        "Its sheets cannot be read: open it and save it again, as XLSX or CSV.",
    )
    WORKBOOK_LARGE = (
        "workbook large",
        "It is too large: a workbook may have {most:,} cells. Save the sheet as CSV, or divide it.",
    )
    NULS = "nuls", "NUL characters were left out."
    CELL_LONG = (
        "cell long",
        "From its line {line} on, a cell has more than {most:,} letters: shorten it, or close its"
        " quotation mark.",
    )
    QUOTE_OPEN = (
        "quote open",
        "A quotation mark that opens here is never closed, so the rest of the file was not read.",
    )
    MANY_COLUMNS = (
        "many columns",
        "Its line {line} has {count:,} columns; at most {most:,} can be read: remove those that"
        " are not needed.",
    )
    ENCODING_DAMAGED = "encoding damaged", "It begins like {encoding}, but is damaged."
    NO_TEXT = "no text", "It is not a text file."
    ENCODING_UNKNOWN = (
        "encoding unknown",
        "Its encoding is not known: save it as UTF-8, or name its encoding when you import it.",
    )
    ENCODING_GUESSED = (
        "encoding guessed",
        "The file is not UTF-8: it was read as {encoding}. If names look wrong, save it as UTF-8,"
        " or name its encoding when you import it.",
    )
    NO_ENCODING = "no encoding", "There is no encoding '{encoding}'."
    OTHER_ENCODING = "other encoding", "It is not encoded as {encoding}."
    LETTERS_LOST = (
        "letters lost",
        "{count:,} characters were lost when the file was saved: they are shown as \ufffd.",
    )
    CONVERTED_TWICE = (
        "converted twice",
        "Some letters look as if the file had been converted twice ('Ã¼' for 'ü'): export it again"
        " as UTF-8.",
    )
    ENCODINGS_MIXED = (
        "encodings mixed",
        "Some of its lines are in UTF-8 and others in another encoding: export it again, all of it"
        " as UTF-8.",
    )

    # What a file is.
    EMPTY = "empty", "It is empty."
    NO_SHEET = "no sheet", "It has no sheet of this name; its sheets are {sheets}."
    SHEET_READ = "sheet read", "The sheet '{sheet}' was read, and not {others}."
    KIND_UNCLEAR = (
        "kind unclear",
        "Its columns could be those of {kinds:or}: add one that tells which.",
    )
    KIND_UNKNOWN = (
        "kind unknown",
        "Its columns ({columns}) are not those of any file that can be imported; docs/importing.md"
        " lists them.",
    )
    COLUMN_TWICE = "column twice", "Its column '{title}' is there more than once."
    COLUMNS_SAME = (
        "columns same",
        "The columns {titles:and} both tell the {column}: the first that is filled was taken.",
    )
    COLUMN_UNKNOWN = (
        "column unknown",
        "The column '{title}' is not one of {kind} and was left out.",
    )
    FOOTER = (
        "footer",
        "{count:,} lines below the data were left out: they are a report's footer.",
    )
    TOTALS = "totals", "Lines of totals were left out: they are a report's, and no data."
    ROW_LONG = "row long", "It has {count} cells, but the header has {width}."
    UNREAD_TOPIC = (
        "unread topic",
        "Its column '{title}' would be left unread, but seems to tell the {topic}: import it as"
        " '{column}', or leave it out deliberately.",
    )
    UNREAD_OTHER = (
        "unread other",
        "Its column '{title}' would be left unread, but seems to tell the {topic}: add the columns"
        " of such a file, or leave it out deliberately.",
    )
    UNREAD_COUNT = (
        "unread count",
        "Its column '{title}' counts deals, as a file of companies or people does: say which"
        " content it has, or leave the column out deliberately.",
    )
    UNREAD_OUTCOME = (
        "unread outcome",
        "Its column '{title}' would be left unread, but holds '{text}', which seems to tell how a"
        " deal ended: import it as 'stage' or 'status', or leave it out deliberately.",
    )
    UNREAD_COLUMNS = (
        "unread columns",
        "Of its columns only those of a company are known, and {titles} would be left unread: say"
        " what they are, or leave them out deliberately.",
    )
    PERSONAL_ONLY = (
        "personal only",
        "Members import their own address books and calendars; other files are for administrators.",
    )

    # Dates.
    DATES_AS_OTHERS = (
        "dates as others",
        "The dates of '{title}' were read {order}, like the other dates of the file.",
    )
    DATES_DOTTED = (
        "dates dotted",
        "Dates of '{title}' such as '{text}' were read day first, as dates with full stops are.",
    )
    DATES_BOTH = (
        "dates both",
        "Some dates of '{title}' are in both orders of day and month, and were not read: say which"
        " comes first when you import the file.",
    )
    DATES_UNCLEAR = (
        "dates unclear",
        "Some dates of '{title}' allow both orders of day and month, and were not read: say which"
        " comes first when you import the file.",
    )
    DATE_UNCLEAR = (
        "date unclear",
        "'{text}' could be {day_first:day} or {month_first:day}: write {day_first} or"
        " {month_first}.",
    )
    YEAR_FAR = "year far", "'{text}' lies outside the years 1900 to 2200."
    NO_DATE = "no date", "'{text}' is not a date: write it like 2024-03-12."

    # Cells.
    NO_NAME = "no name", "'{text}' is not a name: it has no letter or digit."
    NO_KEY = "no key", "'{text}' is not a key: it has no letter or digit."
    NO_CHOICE = "no choice", "'{text}' is none of {options}."
    NO_EMAIL = "no email", "'{text}' is not an e-mail address."
    NO_DOMAIN = "no domain", "'{text}' is not a domain."
    NO_LINK = "no link", "'{text}' is not a link: it begins with https://."
    NO_BOOLEAN = "no boolean", "'{text}' is neither yes nor no."
    NO_NUMBER = "no number", "'{text}' is not a number."
    NUMBER_UNCLEAR = (
        "number unclear",
        "'{text}' could be {whole}{rest} or {whole} and a fraction: write {whole}{rest} or"
        " {fraction}.",
    )
    NOT_WHOLE = "not whole", "'{text}' is not a whole number."
    TOO_LARGE = "too large", "'{text}' is too large."
    TOO_LONG = "too long", "{count:,} characters are too many: at most {most:,}."
    TOO_MANY = "too many", "These are too many."
    NUMBER_TOO_MANY = "number too many", "'{text}' is one number too many."
    NO_AMOUNT = "no amount", "'{text}' is not an amount."
    BELOW_ZERO = "below zero", "'{text}' is below zero."
    NO_CURRENCY = "no currency", "'{text}' is not a currency."
    CURRENCY_UNCLEAR = "currency unclear", "'{text}' could be {codes:or}: write the code."
    ADD_CURRENCY = "add currency", "'{text}' could be in {codes:or}: add the currency."
    CURRENCIES_DIFFER = (
        "currencies differ",
        "The amount is in {codes:or}, the column says {stated}.",
    )
    OTHER_CURRENCY = "other currency", "'{text}' is not in {currency}."
    FIELD_NOT_YOURS = "field not yours", "You may not edit this field."
    VALUE_UNKNOWN = "value unknown", "The {topic} '{text}' is not known and was left empty."
    HEADCOUNT_READ = "headcount read", "The headcount '{text}' was read as {headcount:,}."
    READ_AS = "read as", "'{text}' was read as {name}."

    # Accounts, products and competitors.
    ADDED_ON_THE_WAY = (
        "added on the way",
        "The {noun} '{name}' was not known yet and was added.",
    )
    ACCOUNT_BY_ID = (
        "account by id",
        "Rows name their account only by its id in the other system: import its accounts, with"
        " their ids, together with this file. They were imported without an account.",
    )
    OTHER_FORM = "other form", "'{name}' looks like {similar} with another legal form."
    OTHER_ACCOUNT = (
        "other account",
        "'{name}' looks like {similar}, but has another country or legal form: it was added as an"
        " account of its own.",
    )
    ITS_OWN_PARENT = "its own parent", "An account cannot belong to itself."
    PARENT_BELOW = "parent below", "{parent} belongs to this account already."
    NAME_UNCLEAR = "name unclear", "'{name}' could be {names:or}: write the whole name."
    NAME_UNCLEAR_BY = (
        "name unclear by",
        "'{name}' could be {names:or}, by its {what}: write the whole name.",
    )
    DOMAINS_DIFFER = (
        "domains differ",
        "'{name}' has the domain {known}, and the row has {domain}: change the domain on the"
        " account's page, or give the other company another name.",
    )
    DOMAIN_OF_OTHER = (
        "domain of other",
        "'{name}' has the domain {known}, and the row has {domain}, which is that of '{other}':"
        " change the domain on the account's page, or give the other company another name.",
    )

    # People.
    PERSON_UNCLEAR = "person unclear", "Several people are called '{name}': give the address."
    PERSON_UNCLEAR_EMAIL = (
        "person unclear email",
        "Several people are called '{name}': give the e-mail address.",
    )
    MEMBER_UNCLEAR = "member unclear", "Several members are called '{name}': give the address."
    NO_PERSON = "person unknown", "'{name}' is no person in the record."
    NO_MEMBER = "member unknown", "'{name}' is no member in the record."
    PROFILE_SHARED = (
        "profile shared",
        "Several people have this profile: give the e-mail address.",
    )
    PROFILE_AND_ADDRESS = (
        "profile and address",
        "The profile is that of '{one}', the address that of '{other}': correct one of them.",
    )
    PROFILE_OF_OTHER = (
        "profile of other",
        "The profile '{text}' belongs to '{name}': correct it, or the name on that person's page if"
        " they changed it.",
    )
    ADDRESS_OF_OTHER = (
        "address of other",
        "The e-mail address '{text}' belongs to '{name}': correct it, or the name on that person's"
        " page if they changed it.",
    )
    NAME_TWICE = (
        "name twice",
        "'{name}' is in this file more than once (lines {lines}): give the e-mail address or the"
        " profile of each.",
    )
    MEMBER_WITHOUT_ACCOUNT = (
        "member without account",
        "'{name}' is a member, who has no account.",
    )
    ADDRESS_OF_CONTACT = "address of contact", "'{email}' is the address of a contact."
    ADDRESS_SHARED = (
        "address shared",
        "'{email}' is a shared address and already that of {owner}: '{name}' was imported without"
        " it.",
    )
    ONE_ADDRESS_TAKEN = (
        "one address taken",
        "Of several e-mail addresses of a person one was taken.",
    )
    HAS_LEFT = "has left", "'{name}' has left '{account}'."
    ENDS_BEFORE = "ends before", "It cannot end before it began."
    OWN_PROFILE = (
        "own profile",
        "Members keep their own profile; ask them, or an administrator.",
    )

    # Deals, their stakeholders and requests.
    KEY_RESERVED = "key reserved", "'{key}' is kept for a page of ours: give another key."
    NEITHER_KEY_NOR_NAME = "neither key nor name", "It has neither a key nor a name."
    DEAL_UNCLEAR = "deal unclear", "Several deals are called '{name}': give the key."
    DEAL_UNCLEAR_KEY = "deal unclear key", "Several deals are called '{name}': give the deal's key."
    NO_DEAL = "no deal", "'{name}' is no deal in the record."
    KEY_UNUSABLE = "key unusable", "This key cannot be used."
    TEAM_ONLY = "team only", "Only this deal's team and managers may change it."
    WITHOUT_OWNER = "without owner", "{message} Their deals were imported without an owner."
    NO_CLOSING = (
        "no closing",
        "A closed deal has no closing date: the day of the import was taken.",
    )
    STILL_OPEN = "still open", "The deal is still open, in the stage {stage}."
    CLOSED_BEFORE_OPENED = (
        "closed before opened",
        "It cannot close on {closed} before it was opened on {opened}.",
    )
    STAGE_ONLY_OPEN = (
        "stage only open",
        "The stage '{text}' tells only that a deal is open: a new one starts in {stage}.",
    )
    STAGE_CONTRADICTS = "stage contradicts", "'{text}' contradicts the status of the deal."
    STATUS_UNKNOWN = (
        "status unknown",
        "'{text}' is not known: it is open, won, lost or parked.",
    )
    STAGE_REFUSED = "stage refused", "Rows of the stage '{text}' are refused, as was answered."
    NO_STAGE = "no stage", "'{text}' is no stage of the pipeline ({stages})."
    STAGE_READ = "stage read", "The stage '{text}' was read as {stage}."
    NO_STAKEHOLDER = "no stakeholder", "'{name}' is no stakeholder of this deal."
    NO_ADVOCATE = "no advocate", "'{name}' is no advocate yet."
    REQUEST_AHEAD = (
        "request ahead",
        "It is yet to come; what lies ahead is asked for on the deal's page.",
    )
    REQUEST_AT_DESK = (
        "request at desk",
        "This request is {state}: it goes on at the reference desk.",
    )
    CONSENT_ENDED = "consent ended", "An expired consent has ended some day."

    # Assets.
    EXPIRES_BEFORE = "expires before", "It cannot expire before it was published."
    ASSET_NOT_YOURS = (
        "asset not yours",
        "Only its author and the library’s editors can change it.",
    )
    WITHOUT_AUTHOR = "without author", "{message} Their assets were imported without an author."
    NO_ASSET = "no asset", "'{name}' is no asset in the library."

    # Connections and ties.
    BOOK_WITHOUT_OWNER = (
        "book without owner",
        "An address book belongs to a member: --as EMAIL says to whom.",
    )
    NAMES_NOBODY = (
        "names nobody",
        "A row names nobody, as those of withdrawn profiles do, and was left out.",
    )
    CONNECTION_UNCLEAR = (
        "connection unclear",
        "Several of your connections have this name and company: give the URL.",
    )
    MAY_BE = (
        "may be",
        "'{name}' may be {people:or} in the record and was not matched: give both the same profile"
        " or e-mail address if so.",
    )
    MAY_BE_AT = (
        "may be at",
        "'{name}' at '{company}' may be {people:or} in the record and was not matched: give both"
        " the same profile or e-mail address if so.",
    )
    TIE_WRONG = "tie wrong", "A tie that a colleague called wrong was left out."
    TIE_WITHOUT_OWNER = "tie without owner", "It is missing: whose tie is it?"
    TIES_OF_OTHERS = "ties of others", "Only administrators bring in the ties of others."


class Message(str):
    """A text in words, with what is kept of it."""

    told: Told


def tell(notice: Notice, **values: Any) -> Message:
    """What a notice says with these parameters: texts, numbers, lists of texts, and messages."""
    return message_of(
        {"code": str(notice), **{name: _kept(value) for name, value in values.items()}}
    )


def in_column(column: str, message: str) -> Message:
    """A message about the cell of a column."""
    return tell(Notice.IN_COLUMN, column=column, message=as_message(message))


def in_rows(message: str, count: int) -> Message:
    """A message, with the number of its rows where there are several."""
    said_once = as_message(message)
    return tell(Notice.IN_ROWS, message=said_once, count=count) if count > 1 else said_once


def all_of(messages: Sequence[str]) -> Message:
    """Several messages about one thing."""
    parts = [as_message(message) for message in messages]
    return parts[0] if len(parts) == 1 else tell(Notice.SEVERAL, messages=parts)


def said(error: DealkinError) -> Message:
    """What a refusal says."""
    return as_message(error.args[0])


def as_message(text: str) -> Message:
    """A message, or a sentence of another part of the product as one."""
    return text if isinstance(text, Message) else message_of(text)


def kept(text: str) -> Told:
    """What is kept of a message; empty where nothing is said."""
    return as_message(text).told


def message_of(stored: Told | str) -> Message:
    """A message from what was kept of it, or from the sentence that was kept before."""
    if isinstance(stored, str):
        stored = told.told(told.Code.SAID, text=stored[:LONGEST]) if stored else {}
    message = Message(in_words(stored))
    message.told = stored
    return message


def in_words(stored: Mapping[str, Any]) -> str:
    """What was kept, in words."""
    try:
        notice = _NOTICES[stored["code"]]
        return _FORMATTER.vformat(notice.words, (), stored)
    except KeyError:
        return told.in_words(stored)


class _Formatter(string.Formatter):
    """Puts the parameters of a notice into words."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """A parameter: lists are joined by the word that its place names."""
        if isinstance(value, Mapping):
            return in_words(value)
        if isinstance(value, list):
            if value and isinstance(value[0], Mapping):
                return " ".join(map(in_words, value))
            return (f" {format_spec} " if format_spec else ", ").join(value)
        if format_spec == "day":
            return f"{date.fromisoformat(value):%d %B}"
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()
_NOTICES = {str(notice): notice for notice in Notice}


def _kept(value: Any) -> Any:
    if isinstance(value, Message):
        return value.told
    if isinstance(value, list):
        return [_kept(item) for item in value]
    return value
