"""Companies' names: legal forms, and keys that are the same for a company's many spellings."""

import re
from functools import lru_cache

from workspace.romanisation import spellings

# Legal forms as they are compared, without dots: at the end of a name they say nothing about which
# company it is. 'Co', 'Company', 'Group' and 'Holding' are part of many names, so they stay.
_FORMS = (
    "inc", "incorporated", "corp", "corporation", "ltd", "limited", "llc", "l l c", "llp", "l l p",
    "plc", "p l c", "pbc", "co ltd", "co limited", "co inc", "company limited", "company ltd",
    "pty ltd", "pty limited", "pty", "pvt ltd", "pvt limited", "private limited", "private ltd",
    "pte ltd", "pte limited", "pte", "sdn bhd", "bhd", "gmbh", "mbh", "ggmbh", "g m b h",
    "gesellschaft mit beschrankter haftung", "gmbh and co kg", "gmbh and co kgaa", "ag and co kg",
    "gmbh co kg", "se and co kg", "se and co kgaa", "ag and co kgaa", "ag", "a g",
    "aktiengesellschaft", "kg", "kgaa", "ohg", "ug", "ug haftungsbeschrankt", "e k", "e v", "gbr",
    "se", "sa", "s a", "sas", "s a s", "sasu", "sarl", "s a r l", "snc", "eurl", "scop", "sl",
    "s l", "slu", "s l u", "s a u", "sau", "spa", "s p a", "srl", "s r l", "srls", "sapa", "lda",
    "ltda", "l t d a", "unipessoal lda", "eireli", "sa de cv", "s a de c v", "s de rl de cv",
    "s de r l de c v", "sapi de cv", "s a p i de c v", "s a s de c v", "bv", "b v", "nv", "n v",
    "vof", "v o f", "bvba", "sprl", "ab", "a b", "ab publ", "as", "a s", "asa", "a s a", "aps",
    "oy", "oyj", "oy ab", "ehf", "hf", "ou", "sia", "uab", "sp z oo", "sp z o o", "spolka z oo",
    "spolka z o o", "spolka z ograniczona odpowiedzialnoscia", "sp z o o sp k", "sp z oo sp k",
    "sp k", "sp j", "spolka akcyjna", "spolka komandytowa", "spolka jawna", "p s a", "psa", "sro",
    "s r o", "spol s r o", "spol sro", "k s", "v o s", "kft", "zrt", "nyrt", "doo", "d o o", "d d",
    "jdoo", "eood", "ood", "srl d", "pjsc", "ojsc", "cjsc", "jsc", "ooo", "oao", "zao", "pao", "ao",
    "nao", "tov", "tdv", "fgup", "gup", "ltd sti", "as ve tic", "anonim sirketi", "limited sirketi",
    "kk", "k k", "godo kaisha", "fze", "fzco", "fz llc", "wll", "dmcc", "saoc", "saog",
)  # fmt: skip
_ENDINGS = tuple(sorted((form.split() for form in _FORMS), key=len, reverse=True))
_ENDING_IN: dict[str, list[list[str]]] = {}
for _form in _ENDINGS:
    _ENDING_IN.setdefault(_form[-1], []).append(_form)
# Forms that are part of no name.
_WITHIN = tuple(form for form in _ENDINGS if len(form) > 2 or "".join(form) in (
    "inc", "ltd", "llc", "plc", "gmbh", "nv", "bv", "ag", "ab", "spa", "srl", "sarl", "oy", "oyj",
    "limited", "incorporated", "kg", "kgaa", "sro", "doo", "llp", "bvba",
))  # fmt: skip
# Russian and Ukrainian forms stand in front of the name: 'ООО «Ромашка»'.
_IN_FRONT = re.compile(r"(?<!\w)(?:ООО|ОАО|ЗАО|ПАО|НАО|АО|ТОВ|ПрАТ|ПАТ|АТ|ИП|ТОО)\s+(?=[«\"“„'\w])")
_ASIAN = re.compile(
    r"株式会社|有限会社|合同会社|㈱|股份有限公司|有限责任公司|有限公司|주식회사|\(주\)|㈜"
)
_AND = frozenset(["and", "und", "et", "och", "og", "y", "i"])


@lru_cache(maxsize=65_536)
def company_keys(name: str) -> tuple[str, ...]:
    """The keys of a company's name: two names mean one company if they share a key.

    Without legal form, in Latin letters, and with both spellings of German umlauts.
    """
    return tuple(dict.fromkeys(_without_form(text.split()) for text in _spellings(name)))


def name_and_place(name: str) -> tuple[str, str]:
    """A company's name, and what stands behind a legal form within it: 'Tarn N.V., Amsterdam'."""
    words = _spellings(name)[0].split()
    for start in range(1, len(words) - 1):
        for form in _WITHIN:
            end = start + len(form)
            if words[start:end] == form and end < len(words):
                return " ".join(words[:start]), " ".join(words[end:])
    return _without_form(words), ""


def _spellings(name: str) -> tuple[str, ...]:
    """The Latin spellings of a company's name, with its legal form at the end."""
    written = _ASIAN.sub(" ", _IN_FRONT.sub(" ", name))
    written = re.sub(r"[&+]", " and ", written)
    # 'S.A.' is one word, 'booking.com' are two.
    written = re.sub(r"\b(?:\w\.){2,}", lambda match: match[0].replace(".", ""), written)
    return spellings(written)


def legal_form(name: str) -> str:
    """The legal form at the end of a name, without dots and spaces; empty without one."""
    words = spellings(re.sub(r"[&+]", " and ", name))[0].split()
    kept = _strip(words)
    return "".join(words[len(kept) :])


# Forms that are written in several ways.
_SAME_FORMS = (
    ("incorporated", "inc"), ("limited", "ltd"), ("corporation", "corp"), ("company", "co"),
    ("aktiengesellschaft", "ag"), ("gesellschaftmitbeschrankterhaftung", "gmbh"),
    ("spolkaakcyjna", "sa"), ("spolkazograniczonaodpowiedzialnoscia", "spzoo"),
    ("spolkazoo", "spzoo"), ("spolsro", "sro"), ("and", ""), ("publ", ""), ("oyj", "oy"),
    ("private", "pvt"),
)  # fmt: skip


def forms_differ(one: str, other: str) -> bool:
    """Whether two names have different legal forms, which may be two companies of one group."""
    forms = [legal_form(one), legal_form(other)]
    for long, short in _SAME_FORMS:
        forms = [form.replace(long, short) for form in forms]
    return all(forms) and forms[0] != forms[1]


def same_company(one: str, other: str) -> bool:
    """Whether two names mean one company by their names alone."""
    return not set(company_keys(one)).isdisjoint(company_keys(other)) and any(company_keys(one))


def _without_form(words: list[str]) -> str:
    words = _strip(words)
    inner = [word for word in words[1:-1] if word not in _AND]
    return " ".join([*words[:1], *inner, *words[1:][-1:]])[:500]


def _strip(words: list[str]) -> list[str]:
    """The words without legal forms at their end; one word at least stays."""
    kept = list(words)
    stripped = True
    while stripped:
        stripped = False
        for form in _ENDING_IN.get(kept[-1], ()) if kept else ():
            if len(kept) > len(form) and kept[-len(form) :] == form:
                del kept[-len(form) :]
                stripped = True
                break
    # 'GmbH & Co. KG' may leave its conjunction.
    while len(kept) > 1 and kept[-1] in _AND and len(kept) < len(words):
        del kept[-1]
    return kept
