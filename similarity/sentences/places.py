"""Pure: countries and sales regions as sentences name them, in English, Polish and Russian."""

from functools import cache

from similarity.sentences.words import Phrases
from workspace.accounts.geography import country_names

# English names and adjectives, which are written with a capital.
ENGLISH = {
    "PL": "Poland; Polish; Poles", "DE": "Germany; German; Germans", "FR": "France; French",
    "IT": "Italy; Italian", "ES": "Spain; Spanish", "PT": "Portugal; Portuguese",
    "GB": "United Kingdom; UK; Great Britain; Britain; British; England; English; Scotland;"
    " Scottish; Wales; Welsh; Northern Ireland",
    "IE": "Ireland; Irish", "NL": "Netherlands; Dutch; Holland", "BE": "Belgium; Belgian",
    "LU": "Luxembourg; Luxembourgish", "AT": "Austria; Austrian", "CH": "Switzerland; Swiss",
    "CZ": "Czechia; Czech Republic; Czech", "SK": "Slovakia; Slovak; Slovakian",
    "HU": "Hungary; Hungarian", "RO": "Romania; Romanian", "BG": "Bulgaria; Bulgarian",
    "UA": "Ukraine; Ukrainian", "BY": "Belarus; Belarusian", "RU": "Russia; Russian",
    "LT": "Lithuania; Lithuanian", "LV": "Latvia; Latvian", "EE": "Estonia; Estonian",
    "SE": "Sweden; Swedish", "NO": "Norway; Norwegian", "DK": "Denmark; Danish",
    "FI": "Finland; Finnish", "IS": "Iceland; Icelandic", "GR": "Greece; Greek",
    "TR": "Turkey; Turkish; Türkiye", "SI": "Slovenia; Slovenian", "HR": "Croatia; Croatian",
    "RS": "Serbia; Serbian", "CY": "Cyprus; Cypriot", "MT": "Malta; Maltese",
    "AL": "Albania; Albanian", "MD": "Moldova; Moldovan", "GE": "Georgian",
    "US": "United States; USA; U S; US; American", "CA": "Canada; Canadian",
    "MX": "Mexico; Mexican", "BR": "Brazil; Brazilian", "AR": "Argentina; Argentinian; Argentine",
    "CL": "Chile; Chilean", "CO": "Colombia; Colombian", "PE": "Peru; Peruvian",
    "CN": "China; Chinese", "JP": "Japan; Japanese", "KR": "South Korea; Korea; Korean; South"
    " Korean",
    "IN": "India; Indian", "AU": "Australia; Australian", "NZ": "New Zealand",
    "SG": "Singapore; Singaporean", "MY": "Malaysia; Malaysian", "TH": "Thailand; Thai",
    "VN": "Vietnam; Vietnamese", "ID": "Indonesia; Indonesian", "PH": "Philippines; Filipino",
    "KZ": "Kazakhstan; Kazakh", "UZ": "Uzbekistan; Uzbek", "AM": "Armenia; Armenian",
    "AZ": "Azerbaijan; Azerbaijani", "IL": "Israel; Israeli", "AE": "United Arab Emirates; UAE;"
    " Emirati; Emirates", "SA": "Saudi Arabia; Saudi", "QA": "Qatar; Qatari", "EG": "Egypt;"
    " Egyptian",
    "MA": "Morocco; Moroccan", "ZA": "South Africa; South African", "NG": "Nigeria; Nigerian",
    "KE": "Kenya; Kenyan",
}  # fmt: skip
# Polish and Russian names and adjectives, by their stems.
INFLECTED = {
    "PL": "polsk*; polsc*; польск*; польш*",
    "DE": "niemiec*; niemc*; niemcz*; немецк*; германи*; германск*",
    "FR": "francj*; francus*; франци*; французск*",
    "IT": "włoch; włochy; włosk*; włoszech; włochach; włoszc*; итали*; итальянск*",
    "ES": "hiszpan*; испан*",
    "PT": "portugal*; португал*",
    "GB": "wielk* brytani*; brytyjsk*; angli*; angielsk*; szkocj*; szkock*; великобритани*;"
    " британск*; англи*; английск*; шотланд*",
    "IE": "irland*; ирланд*",
    "NL": "holandi*; holender*; niderland*; голланд*; нидерланд*",
    "BE": "belgi*; belgijsk*; бельги*; бельгийск*",
    "AT": "austri*; austriack*; австри*; австрийск*",
    "CH": "szwajcar*; швейцар*",
    "CZ": "czech; czechy; czechach; czesk*; czeskie*; чехи*; чешск*",
    "SK": "słowacj*; słowack*; словаки*; словацк*",
    "HU": "węgry; węgier; węgiersk*; węgrzech; węgrami; венгри*; венгерск*",
    "RO": "rumuni*; rumuńsk*; румыни*; румынск*",
    "BG": "bułgar*; болгар*",
    "UA": "ukrain*; ukraiń*; украин*",
    "BY": "białoru*; беларус*; белорус*",
    "RU": "rosja; rosji; rosję; rosją; rosyjsk*; россии; россия; россию; россией; российск*;"
    " русск*",
    "LT": "litwa; litwy; litwie; litwę; litewsk*; литва; литвы; литве; литву; литовск*",
    "LV": "łotw*; łotewsk*; латви*; латвийск*; латышск*",
    "EE": "estoni*; estońsk*; эстони*; эстонск*",
    "SE": "szwecj*; szwedzk*; швеци*; шведск*",
    "NO": "norwegi*; norwesk*; норвеги*; норвежск*",
    "DK": "dani; dania; danię; danią; duńsk*; дания; дании; данию; датск*",
    "FI": "finland*; fińsk*; финлянд*; финск*",
    "IS": "islandi*; islandzk*; исланди*; исландск*",
    "GR": "grecj*; greck*; греци*; греческ*",
    "TR": "turcj*; tureck*; турци*; турецк*",
    "SI": "słoweni*; słoweńsk*; словени*; словенск*",
    "HR": "chorwac*; хорвати*; хорватск*",
    "RS": "serbi*; serbsk*; серби*; сербск*",
    "MD": "mołdaw*; молдав*; молдов*",
    "US": "stan* zjednoczon*; usa; amerykańsk*; соединённ* штат*; соединенн* штат*; сша;"
    " американск*",
    "CA": "kanad*; канад*",
    "MX": "meksyk*; мексик*",
    "BR": "brazyli*; brazylijsk*; бразили*; бразильск*",
    "AR": "argenty*; аргентин*",
    "CN": "chiny; chin; chinach; chinami; chińsk*; китай; китая; китае; китаем; китайск*",
    "JP": "japoni*; japońsk*; япони*; японск*",
    "KR": "kore*; корея; кореи; корее; корею; корейск*",
    "IN": "indie; indii; indiach; indyjsk*; индия; индии; индию; индийск*",
    "AU": "australi*; австрали*",
    "KZ": "kazachsta*; kazachsk*; казахста*; казахск*",
    "UZ": "uzbe*; узбек*",
    "AM": "armeni*; ormiańsk*; армени*; армянск*",
    "AZ": "azerbejdża*; азербайджан*",
    "GE": "gruzj*; gruzińsk*; грузи*; грузинск*",
    "IL": "izrael*; израил*",
    "AE": "emirat*; zjednoczon* emirat* arabsk*; эмират*; оаэ; объединённ* арабск* эмират*;"
    " объединенн* арабск* эмират*",
    "SA": "arabi* saudyjsk*; saudyjsk*; саудовск* арави*; саудовск*",
    "EG": "egip*; египе*",
    "ZA": "republik* południowej afryki; rpa; южноафриканск*; юар",
}
REGIONS = {
    "North America": "North America; North American; ameryk* północn*; północnoamerykańsk*;"
    " северн* америк*; североамериканск*",
    "Latin America": "Latin America; Latin American; LatAm; South America; South American; ameryk*"
    " łaciński*; ameryk* południow*; латинск* америк*; латиноамериканск*; южн* америк*",
    "Northern Europe": "Northern Europe; Northern European; Nordic; Nordics; Scandinavia;"
    " Scandinavian; Baltics; Baltic states; europ* północn*; północn* europ*; skandynaw*;"
    " nordyck*; kraj* bałtyck*; северн* европ*; скандинав*; прибалти*",
    "Western Europe": "Western Europe; Western European; DACH; Benelux; europ* zachodni*;"
    " zachodni* europ*; beneluks*; западн* европ*; западноевропейск*; бенилюкс*",
    "Southern Europe": "Southern Europe; Southern European; Iberia; Iberian; Balkans; Balkan;"
    " Mediterranean; europ* południow*; południow* europ*; bałka*; południowoeuropejsk*; южн*"
    " европ*; балкан*; южноевропейск*",
    "Central & Eastern Europe": "Central and Eastern Europe; Central Europe; Central European;"
    " Eastern Europe; Eastern European; CEE; Visegrad; europ* środkow*; europ* wschodni*;"
    " wschodni* europ*; środkow* europ*; środkowoeuropejsk*; wschodnioeuropejsk*; восточн* европ*;"
    " центральн* европ*; восточноевропейск*; центральноевропейск*; снг",
    "Middle East": "Middle East; Middle Eastern; Gulf states; bliski* wsch*; bliskowschodni*;"
    " ближн* восто*; ближневосточн*",
    "Africa": "Africa; African; West Africa; East Africa; afryk*; afrykańsk*; африк*; африканск*",
    "Asia-Pacific": "Asia Pacific; APAC; Asia; Asian; Southeast Asia; South East Asia; azj*;"
    " azjatyck*; ази*; азиатск*; азиатско тихоокеанск*",
}
# Looks like a place and is none: languages, dishes, sayings.
NO_PLACES = (
    "polish up; Polish notation; French fries; French doors; French press; Greek yoghurt; Greek"
    " yogurt; Greek salad; Danish pastry; Danish pastries; Swiss army; Swiss cheese; Swiss roll;"
    " Chinese wall; Chinese walls; Turkish delight; Russian roulette; Dutch auction; Dutch"
    " auctions; Dutch courage; American Express; English breakfast; Brussels sprouts; New England;"
    " Bank of America; jogurt* grecki*; sałatk* greck*; fasolk* po bretońsku; pierog* rusk*;"
    " kuchni* włosk*; orzech* włosk*; русск* салат*; греческ* йогурт*; грецк*; турецк* кофе;"
    " бразильск* орех*; американск* горк*; французск* булк*; шведск* стол*; szwedzk* stół;"
    " szwedzkim stole"
)


@cache
def english_countries() -> Phrases:
    """The English names and adjectives of countries."""
    known = " ".join(ENGLISH.values()).lower()
    others = [
        (code, name)
        for name, code in country_names("en").items()
        if len(name) > 4 and name.lower() not in known
    ]
    return Phrases([*ENGLISH.items(), *others])


@cache
def inflected_countries() -> Phrases:
    """The Polish and Russian names and adjectives of countries, and their endings."""
    others = [
        (code, " ".join(f"{_stem(word)}*" for word in name.replace(";", " ").split()))
        for language in ("pl", "ru")
        for name, code in country_names(language).items()
        if code not in INFLECTED and len(name) > 4 and "(" not in name and "," not in name
    ]
    return Phrases([*INFLECTED.items(), *others])


@cache
def regions() -> Phrases:
    """The sales regions, in all three languages."""
    return Phrases.of(REGIONS)


@cache
def no_places() -> Phrases:
    """What only looks like a place."""
    return Phrases.of({"": NO_PLACES})


def _stem(word: str) -> str:
    """A name without the vowel that other cases change."""
    return word[:-1] if len(word) > 4 and word[-1].lower() in "aeiouyąęаеиоуыэюяь" else word
