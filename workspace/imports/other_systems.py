"""Formats of other systems: exports of CRMs and of events, adapted to Dealkin's columns.

The exports of HubSpot, Salesforce, Pipedrive, Dynamics, Zoho, Odoo, Twenty, EspoCRM and atomic-crm
differ in the names of their columns, so that one format a kind reads all of them: each column has
the names that these systems give it, the surest first.
"""

from workspace.imports import adapted_rows as adapted
from workspace.imports.formats import Format, needs

_COMPANY = (
    *("account", "account name", "company", "company name", "organization", "organisation"),
    *("organization name", "organisation name", "associated company", "primary company"),
    *("associated company primary", "primary associated company", "company account"),
    *("customer", "client", "customer name", "client name", "employer", "parent customer"),
    *("potential customer", "company name for emails", "firma", "unternehmen", "kunde", "klient"),
    *("account id name", "related company", "business account", "company account name"),
    *("person organization", "person organisation", "kontrahent", "nazwa firmy", "societe"),
    *("entreprise", "nom du compte", "spolecnost", "empresa", "accountname", "компания", "клиент"),
)
_LINKEDIN = (
    *("profile", "profile url", "linkedin", "linkedin url", "linkedin profile", "linkedin link"),
    *("linkedin profile url", "linkedin bio", "linkedin primary link url", "linkedinlink"),
    *("person linkedin url", "linkedin url person", "linkedin com"),
)
_EMAIL = (
    *("email", "e-mail", "mail", "email address", "e-mail address", "emails", "primary email"),
    *("email primary", "emails primary email", "work email", "email work", "business email"),
    *("email 1", "e-mail 1", "e-mail 1 address", "emailaddress1", "email 1 value", "person email"),
    *("person email work", "person email", "person email home", "email home", "home email"),
    *("email other", "other email", "personal email", "e mail adresse", "email adresse"),
    *("adres e mail", "adres email", "электронная почта", "эл почта", "почта"),
)
_PHONE = (
    *("phone", "phone number", "telephone", "telephone number", "phonenumber", "telephone1"),
    *("business phone", "work phone", "phone work", "office phone", "direct phone"),
    *("phone 1", "telefon", "phone number1", "primary phone", "telefonnummer", "телефон"),
)
_STREET = (
    *("street", "street address", "address street", "street 1", "address 1 street 1"),
    *("address1 line1", "addressstreet", "address street 1", "address address street 1"),
    *("street road name of address", "organization street road name of address", "address line 1"),
    *("address 1", "street name", "strasse", "ulica", "address"),
)
_HOUSE_NUMBER = ("house number of address", "organization house number of address", "house number")
_STREET_2 = (
    *("street 2", "street2", "street address 2", "address 1 street 2", "address1 line2"),
    *("address street 2", "address address street 2", "address line 2"),
)
_POSTCODE = (
    *("postcode", "postal code", "zip", "zip code", "zipcode", "zip postal code", "postalcode"),
    *("address postal code", "addresspostalcode", "address 1 zip postal code", "address zip"),
    *("address1 postalcode", "address postcode", "address address postcode", "plz"),
    *("zip postal code of address", "organization zip postal code of address"),
    *("kod pocztowy", "code postal"),
)
_CITY = (
    *("city", "town", "address city", "addresscity", "address 1 city", "address1 city"),
    *("address address city", "city town village locality of address", "primary city"),
    *("organization city town village locality of address", "ort", "miasto", "stadt", "город"),
)
_COUNTRY = ("land", "kraj", "pays", "zeme", "pais", "страна")
_OWNER = (
    *("owner", "deal owner", "opportunity owner", "owner name", "account executive", "salesperson"),
    *(
        "sales rep",
        "sales agent",
        "assigned to",
        "assigned user",
        "assigned user name",
        "sales owner",
    ),
    *("deal owner name", "owner full name", "potential owner", "deal owner email", "owner email"),
    *("hubspot owner id", "owner id", "ownerid", "point of contact", "responsible"),
)
_COUNTS_OF_DEALS = ("open_deals", "closed_deals", "won_deals", "lost_deals")
_ACCOUNT_FACTS: dict[str, tuple[str, ...]] = {
    "record_id": (
        "record id",
        "id",
        "account id",
        "company id",
        "organization id",
        "organisation id",
    ),
    "domain": (
        *("domain", "company domain name", "domain name", "website", "website url", "url"),
        *("web site", "web page", "homepage", "domain name primary link url", "web"),
        *("company domain", "company website", "account website", "organization website"),
        *("webseite", "internetseite", "strona www", "strona internetowa", "сайт"),
    ),
    "industry": (
        "industry",
        "company industry",
        "sector",
        "account industry",
        "branche",
        "branza",
        "отрасль",
    ),
    "headcount": (
        *("headcount", "employees", "number of employees", "numberofemployees"),
        *("employee count", "no of employees", "company size", "size", "employee range"),
        *("num employees", "employees range", "staff", "number of staff", "mitarbeiter"),
        *("anzahl mitarbeiter", "mitarbeiterzahl", "pracownicy", "liczba pracownikow"),
        *("сотрудников", "сотрудники", "число сотрудников", "количество сотрудников"),
    ),
    "phone": (
        *_PHONE,
        *("main phone", "company phone", "account phone", "address 1 phone", "organization phone"),
        *("phones primary phone number", "switchboard"),
    ),
    "street": (*_STREET, "billing street", "billingstreet", "billing address street"),
    "house_number": _HOUSE_NUMBER,
    "street_2": _STREET_2,
    "postcode": (
        *_POSTCODE,
        *("billing postal code", "billingpostalcode", "billing zip postal code", "billing code"),
        *("billing address postal code", "billing zip"),
    ),
    "city": (*_CITY, "billing city", "billingcity", "billing address city", "hq city"),
    "country": (
        *("country", "country region", "billing country", "billing address country"),
        *("address country", "hq country", "headquarters country", "shipping country"),
        *("billingcountry", "address 1 country region", "address1 country", "country id"),
        *("organization country of address", "country of address", "addresscountry"),
        *_COUNTRY,
    ),
    "region": ("sales region", "territory region"),
    "parent": (
        *("parent", "parent account", "parent company", "parent account name"),
        *("parent organization", "subsidiary of"),
    ),
    "relationship": (),
    "description": ("description", "about us", "about", "company description"),
}
_OPENED = (
    *(
        "opened",
        "create date",
        "created date",
        "createdate",
        "createddate",
        "created",
        "created on",
    ),
    *("created at", "created time", "creation date", "date created", "deal created", "add time"),
    *("deal deal created", "deal add time", "opened on", "open date", "date entered"),
    *("created_at", "createdat", "deal created on"),
)

OTHER_FORMATS = (
    # The list of attendees that the organiser of an event exports.
    Format(
        "memberships",
        needs(
            *("person,organisation", "name,organisation", "email,organisation"),
            "first_name,last_name,organisation",
        ),
        {
            "person": (),
            "name": ("name", "attendee"),
            "first_name": ("first name",),
            "last_name": ("last name",),
            "email": ("email", "e-mail", "email address"),
            "account": ("account", "company", "company name", "account name"),
            "title": ("title", "job title", "position"),
            "organisation": ("event",),
            "start": ("date",),
            "role": (),
            "source": (),
        },
        adapted.attendance,
    ),
    # The four files of the sales data set that many CRM courses use.
    Format(
        "products",
        needs("product,family,list_price"),
        {"product": (), "family": ("series",), "list_price": ("sales_price",)},
        dict,
    ),
    Format(
        "accounts",
        needs("account,industry,year_established"),
        {
            "account": (),
            "industry": ("sector",),
            "year_established": (),
            "revenue": (),
            "headcount": ("employees",),
            "country": ("office_location",),
            "parent": ("subsidiary_of",),
        },
        adapted.company,
    ),
    Format(
        "members",
        needs("name,manager"),
        {"name": ("sales_agent",), "manager": (), "region": ("regional_office",)},
        adapted.sales_team,
    ),
    Format(
        "deals",
        needs("deal,owner,stage"),
        {
            "deal": ("opportunity_id",),
            "owner": ("sales_agent",),
            "products": ("product",),
            "account": (),
            "stage": ("deal_stage",),
            "opened": ("engage_date",),
            "closed": ("close_date",),
            "amount": ("close_value",),
        },
        adapted.opportunity,
    ),
    # Contacts, whose first and last names stand apart.
    Format(
        "people",
        needs("name,email", "name,account", "name,title", "first_name,last_name"),
        {
            "name": (
                *("name", "full name", "contact name", "display name", "contact", "person name"),
                "contact full name",
            ),
            "first_name": (
                *("first name", "firstname", "given name", "forename", "name first name"),
                *("person first name", "contact first name", "vorname", "imie", "prenom", "имя"),
            ),
            "middle_name": ("middle name", "middlename", "additional name"),
            "last_name": (
                *("last name", "lastname", "family name", "surname", "name last name"),
                *(
                    "person last name",
                    "contact last name",
                    "nachname",
                    "nazwisko",
                    "nom",
                    "фамилия",
                ),
            ),
            # What tells two people of one name apart.
            "record_id": (
                *("record id", "contact id", "person id", "contact record id", "hs object id"),
                "id",
            ),
            "is_company": ("is a company", "is company", "company type"),
            "email": _EMAIL,
            "account": _COMPANY,
            "account_id": (
                *("account id", "accountid", "primary associated company id", "company id"),
                *("associated company ids", "associated company id", "organization id"),
            ),
            "title": (
                *("job title", "jobtitle", "position", "job position", "occupation", "role title"),
                *("person job title", "contact title", "stanowisko", "funktion", "должность"),
                *("berufsbezeichnung", "title"),
            ),
            "department": (),
            "phone": (
                *_PHONE,
                *("person phone", "person phone work", "contact phone", "primary work phone"),
                *("phones primary phone number", "phone number 1"),
            ),
            "mobile": (
                *("mobile", "mobile phone", "mobile phone number", "mobilephone", "cell phone"),
                *("phone mobile", "person phone mobile", "mobile number", "cell", "handy"),
            ),
            "street": (*_STREET, "mailing street", "mailingstreet", "business street"),
            "house_number": _HOUSE_NUMBER,
            "street_2": (*_STREET_2, "business street 2"),
            "postcode": (
                *_POSTCODE,
                *("mailing postal code", "mailingpostalcode", "mailing zip postal code"),
                *("mailing zip", "business postal code"),
            ),
            "city": (*_CITY, "mailing city", "mailingcity", "business city"),
            "country": (
                *("country", "country region", "mailing country", "business country region"),
                *("business country", "address country", "primary country", "mailingcountry"),
                *("address 1 country region", "address1 country", "addresscountry", "country id"),
                *_COUNTRY,
            ),
            "languages": (),
            "home_town": (),
            "about": ("about", "background"),
            "profile": _LINKEDIN,
        },
        adapted.contact,
    ),
    # Companies; some systems call the name of a company just 'name'.
    Format("accounts", needs("account"), {"account": _COMPANY, **_ACCOUNT_FACTS}, adapted.located),
    Format(
        "accounts",
        needs(
            *("account,domain", "account,industry", "account,headcount"),
            *(f"account,{count}" for count in _COUNTS_OF_DEALS),
        ),
        {
            "account": ("name", "display name"),
            **_ACCOUNT_FACTS,
            # Pipedrive's organisations are known by them; they are not kept.
            **{count: (count,) for count in _COUNTS_OF_DEALS},
        },
        adapted.located,
    ),
    # Deals, opportunities, potentials.
    Format(
        "deals",
        needs(
            *(
                f"name,{column}"
                for column in [
                    *("stage", "status", "is_won", "is_closed", "owner", "amount", "opened"),
                    *("close_date", "expected_close", "closed", "reason", "next_step"),
                    *("expected_revenue", "status_reason"),
                ]
            )
        ),
        {
            "deal": ("deal", "deal key"),
            "record_id": (
                *("record id", "deal id", "opportunity id", "deal deal id", "id", "deal record id"),
                *(
                    "potential id",
                    "hs object id",
                    "opportunity 18 digit id",
                    "external id",
                    "deal_id",
                ),
            ),
            "name": (
                *("name", "deal name", "dealname", "opportunity name", "opportunityname", "topic"),
                *("deal title", "deal deal title", "potential name", "opportunity", "title"),
                *("deal subject", "opportunity title", "lead title"),
                *("name der opportunity", "opportunity-name", "name der verkaufschance"),
                *("verkaufschance", "nazwa szansy", "nazwa szansy sprzedazy", "nazwa transakcji"),
                *("nom de l opportunite", "nom de la transaction", "nazev obchodu"),
                *("nazev prilezitosti", "название сделки", "сделка", "nombre de la oportunidad"),
                *("nombre del negocio", "nome", "nombre", "nom", "nazwa", "nazev", "название"),
            ),
            "account": (
                *_COMPANY,
                *("deal organization", "deal organisation", "deal company"),
            ),
            "account_id": (
                *("account id", "accountid", "associated company ids", "associated company id"),
                *("company id", "organization id"),
            ),
            "owner": (*_OWNER, "deal owner"),
            "stage": (
                *("stage", "deal stage", "dealstage", "stage name", "stagename", "sales stage"),
                *(
                    "deal deal stage",
                    "pipeline stage",
                    "opportunity stage",
                    "phase",
                    "stufe",
                    "etap",
                ),
                *("stage label", "deal stage name", "current stage", "pipeline phase"),
                *("vertriebsphase", "verkaufsphase", "etap sprzedazy", "etap szansy", "etape"),
                *("etape de vente", "phase de vente", "faze", "faze obchodu", "etapa", "fase"),
                *("etapa de ventas", "этап", "этап сделки", "стадия", "стадия сделки"),
            ),
            "status_reason": ("status reason", "statusreason"),
            "status": (
                *("status", "deal status", "deal deal status", "opportunity status", "outcome"),
                *("deal outcome", "state", "result", "win loss"),
            ),
            "is_won": ("is won", "iswon", "won", "is closed won", "hs is closed won"),
            "is_closed": (
                *("is closed", "isclosed", "hs is closed", "is deal closed", "closed yes no"),
            ),
            "amount": (
                *(
                    "amount",
                    "deal value",
                    "value",
                    "deal amount",
                    "total amount",
                    "deal deal value",
                ),
                *("est revenue", "estimated revenue", "opportunity amount", "amount amount micros"),
                *("estimatedvalue", "estimated value", "total value", "contract value", "tcv"),
                *("betrag", "kwota", "wartosc", "montant", "castka", "importe", "valor", "сумма"),
            ),
            "expected_revenue": ("expected revenue", "expectedrevenue"),
            "currency": (
                *("currency", "deal currency", "currency of value", "deal currency of value"),
                *("currency code", "currencyisocode", "deal currency code", "amount currency"),
                *("total amount currency", "opportunity currency", "amount currency code"),
            ),
            "opened": _OPENED,
            # The day on which a closed deal closed, and on which an open one is expected to.
            "close_date": (
                *(
                    "close date",
                    "closedate",
                    "closing date",
                    "deal close date",
                    "target close date",
                ),
                *("close", "abschlussdatum", "schlusstermin", "data zamkniecia"),
                *("date de cloture", "date de fermeture", "datum uzavreni", "fecha de cierre"),
                *("дата закрытия", "дата завершения"),
            ),
            "expected_close": (
                *("expected close", "expected close date", "est close date", "expected closing"),
                *("estimated close date", "deal expected close date", "expected closing date"),
                *("estimatedclosedate", "forecast close date", "expected close on"),
            ),
            "closed": (
                *("closed", "closed on", "closed date", "actual close date", "actualclosedate"),
                *(
                    "closed at",
                    "deal closed on",
                    "deal deal closed on",
                    "close time",
                    "date closed",
                ),
            ),
            "won_on": ("won time", "deal won time", "won date", "won on", "date won"),
            "lost_on": ("lost time", "deal lost time", "lost date", "lost on", "date lost"),
            "products": ("products", "product", "product name"),
            "competitors": ("competitors", "competitor", "main competitor", "main competitors"),
            "use_case": ("use case",),
            "notes": ("notes", "description", "deal description"),
            "reason": (
                *("reason", "lost reason", "deal lost reason", "closed lost reason", "loss reason"),
                *("closed won reason", "win reason", "won reason", "win loss reason"),
                *("reason for loss", "reason lost"),
            ),
            "confidential": ("confidential",),
            "next_step": ("next step", "nextstep"),
            "next_step_on": ("next step on", "next step date"),
        },
        adapted.deal,
    ),
)
