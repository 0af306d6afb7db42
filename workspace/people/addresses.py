"""E-mail addresses: which belong to one person, and which say where a person works."""

import re

# Mailboxes that several people read (RFC 2142 and common practice).
_SHARED = frozenset(
    [
        *("info", "information", "office", "contact", "contacts", "hello", "hi", "mail", "email"),
        *("sales", "support", "service", "services", "help", "helpdesk", "admin", "administration"),
        *(
            "webmaster",
            "postmaster",
            "hostmaster",
            "abuse",
            "noc",
            "security",
            "marketing",
            "press",
        ),
        *(
            "media",
            "pr",
            "hr",
            "jobs",
            "careers",
            "recruiting",
            "recruitment",
            "billing",
            "invoice",
        ),
        *("invoices", "accounts", "accounting", "finance", "legal", "privacy", "gdpr", "orders"),
        *("order", "reception", "team", "all", "everyone", "staff", "board", "it", "purchasing"),
        *("procurement", "customerservice", "customercare", "enquiries", "inquiries", "enquiry"),
        *("feedback", "news", "newsletter", "noreply", "donotreply", "reservations", "bookings"),
        *("kontakt", "biuro", "sekretariat", "poczta", "sprzedaz", "buero", "buro", "zentrale"),
        *("vertrieb", "einkauf", "verwaltung", "empfang", "post", "personal", "buchhaltung"),
        *("contacto", "ventas", "administracion", "accueil", "contatto", "segreteria", "vendite"),
        *("podpora", "obchod", "zakaznik", "zakupy", "kadry", "ksiegowosc", "faktury", "rechnung"),
    ]
)
# Mail services for everybody: their domain says nothing about a person's employer.
_FREE_MAIL = frozenset(
    [
        *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"),
        *("yahoo.com", "ymail.com", "aol.com", "icloud.com", "me.com", "mac.com", "proton.me"),
        *("protonmail.com", "pm.me", "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de"),
        *("t-online.de", "freenet.de", "mail.ru", "yandex.ru", "yandex.com", "rambler.ru", "bk.ru"),
        *("wp.pl", "o2.pl", "onet.pl", "interia.pl", "gazeta.pl", "poczta.fm", "op.pl", "tlen.pl"),
        *("seznam.cz", "centrum.cz", "email.cz", "orange.fr", "free.fr", "laposte.net", "sfr.fr"),
        *("wanadoo.fr", "libero.it", "virgilio.it", "qq.com", "163.com", "126.com", "sina.com"),
        *("zoho.com", "fastmail.com", "hey.com", "comcast.net", "verizon.net", "att.net"),
        *("sbcglobal.net", "cox.net", "bellsouth.net", "btinternet.com", "sky.com", "mail.com"),
        *("naver.com", "daum.net", "hanmail.net", "uol.com.br", "bol.com.br", "rediffmail.com"),
    ]
)
# Where many companies have a page: the domain is none of theirs.
_HOSTING = frozenset(
    [
        *("linkedin.com", "facebook.com", "instagram.com", "twitter.com", "x.com", "youtube.com"),
        *("github.com", "github.io", "gitlab.com", "google.com", "sites.google.com", "goo.gl"),
        *("wordpress.com", "blogspot.com", "wixsite.com", "wix.com", "weebly.com", "medium.com"),
        *(
            "squarespace.com",
            "webflow.io",
            "netlify.app",
            "vercel.app",
            "herokuapp.com",
            "xing.com",
        ),
        *("notion.site", "myshopify.com", "carrd.co", "crunchbase.com", "amazonaws.com", "bit.ly"),
        *(
            "linktr.ee",
            "tumblr.com",
            "jimdo.com",
            "jimdofree.com",
            "azurewebsites.net",
            "pages.dev",
        ),
    ]
)


def is_shared(address: str) -> bool:
    """Whether an address is the mailbox of a team: it does not identify a person."""
    local = address.rpartition("@")[0].partition("+")[0]
    # 'info-pl' and 'sales.emea' are mailboxes of teams, too.
    return bool(local) and (
        local in _SHARED
        or re.sub(r"[-_.]", "", local) in _SHARED
        or re.split(r"[-_.]", local)[0] in _SHARED - {"it", "all", "hi", "pr", "hr", "me"}
    )


def is_free_mail(domain: str) -> bool:
    """Whether everybody can have an address of this domain."""
    return (
        domain in _FREE_MAIL
        or re.fullmatch(r"(yahoo|hotmail|live|outlook)\.[a-z.]+", domain) is not None
    )


def is_company_domain(domain: str) -> bool:
    """Whether a domain can tell one company from the others."""
    return not is_free_mail(domain) and not any(
        domain == host or domain.endswith(f".{host}") for host in _HOSTING
    )


def work_address(address: str | None) -> str:
    """The address if it is one at work that belongs to one person; empty otherwise."""
    if not address or is_shared(address) or is_free_mail(address.rpartition("@")[2]):
        return ""
    return address


def contradict(
    one_email: str | None,
    other_email: str | None,
    one_profile: str | None = None,
    other_profile: str | None = None,
) -> bool:
    """Whether profiles or addresses at work show that two entries are two people."""
    if one_profile and other_profile:
        return one_profile != other_profile
    one, other = work_address(one_email), work_address(other_email)
    return bool(one and other and one != other)
