"""Languages are told apart, and words meet in all their forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similarity.index.language import (
    STEMMERS,
    certain_language,
    language_of,
    stems,
    stems_asked_for,
    with_content,
)

MEGABYTE = 1_000_000
HOSTILE = {
    "nothing": "",
    "spaces": " \t\n\u2003\u200b",
    "NUL": "a\0b\0",
    "one long word": "a" * MEGABYTE,
    "one long word of capitals": "A" * MEGABYTE,
    "one long word in Polish": "ż" * MEGABYTE,
    "digits": "1" * MEGABYTE,
    "dots": "." * MEGABYTE,
    "spaces without end": " " * MEGABYTE,
    "lines without end": "\n" * MEGABYTE,
    "a long chain": "a." * (MEGABYTE // 4),
    "a long compound": "aB1_" * (MEGABYTE // 8),
    "emoji": "👩‍🚀🏳️‍🌈" * 100,
    "right to left": "\u202eمستودع البيانات\u202c מחסן",
    "combining": "Z̸̡͐a̵̛͠l̷͊̚g̶̈́o̵͒" * 50,
    "no spaces": "データウェアハウス" * 100,
    "control": "".join(map(chr, range(32))),
    "surrogates": "\ud800 word \udfff",
}
# Texts that programs often take for something else than text.
NAUGHTY = [
    # Values and reserved words.
    *("null", "None", "NaN", "undefined", "true", "0", "-1", "1e400", "1/0", "0x7F", "007", "½"),
    *("CON", "LPT1", "con.txt", "__proto__", "hasOwnProperty", "constructor"),
    # Quotes, escapes, and formats.
    *("'", '"', "`", "\\", "\\n", "%s%n%d", "{0}", "{{7*7}}", "${HOME}", "$(id)", "a' OR '1'='1"),
    *("<script>alert(1)</script>", "<!--", "]]>", "&amp;", "=1+1", "@SUM(A1)", "../../etc/passwd"),
    # Control and format characters: NUL, DEL, BOM, joiners, marks of direction, soft hyphen.
    *("\x00", "\x7f", "\ufeffword", "wo\u200brd", "wo\u00adrd", "\u202eabc", "a\u2028b\u2029c"),
    *("\u0085", "\u00a0", "\u3000", "\ufffe", "\ud83d", "\udc00\ud800"),
    # Letters whose case or form changes their length or number.
    *("ß", "ẞ", "İ", "ı", "ŉ", "ǰ", "ﬃ", "Ⅷ", "①", "𝔘𝔫𝔦", "Å", "A\u030a", "ΑΣ", "ς", "ჯ", "ᏸ"),
    # Scripts without capitals or without spaces, numbers of others, emoji.
    *("データ倉庫", "数据仓库", "데이터", "คลังข้อมูล", "डेटा", "ข้อ๑๒", "١٢٣", "مستودع", "מחסן"),
    *("👩🏽‍💻", "🇵🇱🇵", "❤️", "1️⃣", "z̷̧͂a̴̡͐", "_", "__", "_a_", "a_", "-", "--", "a--b", "a.", ".a"),
]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("magazyny", "magazynu", "pl"),
        ("hurtownia", "hurtowni", "pl"),
        ("склады", "склада", "ru"),
        ("хранилище", "хранилища", "ru"),
        ("warehouses", "warehouse", "en"),
        ("Reporting", "reports", "en"),
        ("Lagerhäuser", "Lagerhäusern", "de"),
        ("entrepôts", "entrepôt", "fr"),
        ("almacenes", "almacén", "es"),
    ],
)
def test_should_give_forms_of_a_word_the_same_stem(one: str, other: str, language: str) -> None:
    assert stems(one, language) == stems(other, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Patient records of four hospitals in one warehouse", "en"),
        ("Hurtownia danych dla sieci dwustu sklepów, raporty codziennie rano", "pl"),
        ("Хранилище данных для сети магазинов и отчёты каждое утро", "ru"),
        ("Ein Datenlager für vier Krankenhäuser mit täglichen Berichten", "de"),
        ("Un entrepôt de données pour quatre hôpitaux et leurs rapports", "fr"),
    ],
)
def test_should_recognise_the_language_of_a_sentence(text: str, language: str) -> None:
    assert language_of(text) == language
    assert language_of(text, {language: 90, "en": 10}) == language
    # In a record that has none in this language it must be another.
    assert language_of(text, {"en": 100}) == "en"


def test_should_tell_a_language_for_certain_only_from_the_text() -> None:
    assert certain_language("Хранилище данных для больницы") == "ru"
    assert certain_language("Ein Datenlager für vier Krankenhäuser mit täglichen Berichten") == "de"
    for text in ("", "zzqx", "SAP", "Fathom", "hotel booking"):
        assert certain_language(text) is None


QUESTIONS = [
    "data warehouse",
    "risk reporting",
    "hospital records",
    "ward demo",
    "sales portal",
    "integration platform",
    "SAP migration",
    "claims history",
    "customs",
    "kpi",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("among", [{"en": 300}, {"en": 200, "pl": 100}, {"pl": 900, "en": 100}])
def test_should_take_a_short_english_question_for_english(
    question: str, among: dict[str, int]
) -> None:
    assert language_of(question, among) == "en"


@pytest.mark.parametrize("question", ["hurtownia danych", "raporty dla szpitali", "magazyn"])
def test_should_take_a_short_polish_question_for_polish_in_a_polish_record(question: str) -> None:
    assert language_of(question, {"pl": 90, "en": 10}) == "pl"


def test_should_not_consider_a_language_that_is_rare_in_the_record() -> None:
    german = "Ein Datenlager für vier Krankenhäuser mit täglichen Berichten"
    assert language_of(german, {"en": 500, "de": 4}) == "en"
    assert language_of(german, {"en": 500, "de": 6}) == "de"


def test_should_not_depend_on_the_order_of_the_counts() -> None:
    for question in QUESTIONS:
        counts = {"pl": 50, "de": 50, "cs": 50}
        back = dict(reversed(counts.items()))
        assert language_of(question, counts) == language_of(question, back)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PatientRecords", {"patientrecord", "patient", "record"}),
        ("patient_records", {"patient_record", "patient", "record"}),
        ("HTTPServer", {"httpserver", "http", "server"}),
        ("GTXPro500", {"gtxpro500", "gtx", "pro", "500"}),
        ("HADOOP-123", {"hadoop-123", "hadoop", "123"}),
        ("org.apache.hdfs", {"org.apache.hdfs", "org", "apach", "hdfs"}),
        ("TCP/IP", {"tcp/ip", "tcp", "ip"}),
        ("10:30", {"10:30", "10", "30"}),
        ("e-mail.", {"e-mail", "e", "mail"}),
        ("-lead and trail-", {"lead", "trail"}),
        ("ŁódźRetail", {"łódź", "retail"}),
        ("magazyn_główny", {"magazyn_główni", "magazyn", "główni"}),
        ("СкладТоваров", {"склад", "товаров"}),
        ("żółw22", {"żółw", "22"}),
    ],
)
def test_should_stem_names_whole_and_by_their_parts(text: str, found: set[str]) -> None:
    assert found <= set(stems(text, "en"))
    assert not any(stem in {"", "-", "."} for stem in stems(text, "en"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a plant with 12,500 people", "12500"),
        ("zakład: 12 500 osób", "12500"),
        ("12.500 Beschäftigte", "12500"),
        ("1,250,000 readings a day", "1250000"),
        ("3\u202f400 agents", "3400"),
    ],
)
def test_should_take_a_number_in_groups_for_one_word(text: str, found: str) -> None:
    numbers = [stem for stem in stems(text, "en") if stem.isdigit()]
    assert numbers == [found]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("release 3.11.700.2", ["3", "11", "700", "2"]),
        ("a share of 0.125", ["0", "125"]),
        ("in 2019 100 of them", ["2019", "100"]),
        ("rooms 12, 500 beds", ["12", "500"]),
        ("10.10.2024", ["10", "10", "2024"]),
    ],
)
def test_should_join_no_other_numbers(text: str, numbers: list[str]) -> None:
    assert [stem for stem in stems(text, "en") if stem.isdigit()] == numbers


def test_should_give_no_short_number_as_a_reason() -> None:
    terms = ["meter", "98", "98.4", "3", "27001", "2019", "v2"]
    assert with_content(terms, "en") == ["meter", "27001", "2019", "v2"]


def test_should_leave_stop_words_out_of_english_only() -> None:
    assert stems("What is in the warehouse of the bank", "en") == ["warehous", "bank"]
    # 'do' and 'on' are words in Polish.
    assert len(stems("do on i", "pl")) == 3


def test_should_leave_the_stop_words_of_its_language_out_of_a_question() -> None:
    assert stems_asked_for("What is in the warehouse of the bank", "en") == ["warehous", "bank"]
    assert stems_asked_for("oraz/jest żeby", "pl") == []
    assert stems_asked_for("что это для вас", "ru") == []
    # The documents keep them.
    assert len(stems("oraz jest żeby", "pl")) == 3


def words_said(text: str, language: str) -> list[str]:
    """The stems of the words of a text that have content."""
    return with_content(stems(text, language), language)


def test_should_know_stop_words_whatever_language_a_text_is_taken_for() -> None:
    for language in STEMMERS:
        assert (
            words_said("the with oraz jest или чтобы und nicht avec dont och porque", language)
            == []
        )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, please find attached what we need. Kind regards", "en"),
        ("Proszę o to, czego potrzebujemy. Dziękuję i pozdrawiam", "pl"),
        ("Здравствуйте, нам нужно это. Спасибо, с уважением", "ru"),
        ("Guten Tag, anbei was wir brauchen. Danke und freundliche Grüße", "de"),
        ("Bonjour, veuillez trouver ci-joint. Merci, cordialement", "fr"),
        ("Hola, necesitamos esto. Gracias, saludos", "es"),
    ],
)
def test_should_find_no_content_in_the_filler_of_letters(text: str, language: str) -> None:
    assert len(words_said(text, language)) <= 2


def test_should_keep_words_that_have_content_in_another_language() -> None:
    for text in ("car door", "die casting", "AI", "war room", "pro plan", "plan C", "van fleet"):
        assert len(words_said(text, "en")) == len(text.split())
    assert words_said("die", "de") == words_said("car", "fr") == words_said("pro", "cs") == []


def test_should_stem_an_unknown_language_as_english() -> None:
    assert stems("warehouses", "xx") == stems("warehouses", "en")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("language", ["en", "pl", "ru", "tr"])
def test_should_treat_hostile_text_as_text(name: str, language: str) -> None:
    assert_words(stems(HOSTILE[name], language))
    assert language_of(HOSTILE[name]) in STEMMERS


def test_should_treat_awkward_strings_as_text() -> None:
    for text in NAUGHTY:
        for language in STEMMERS:
            assert_words(stems(text, language))
        assert language_of(text) in STEMMERS


@given(st.text(max_size=200), st.sampled_from(sorted(STEMMERS)))
def test_should_return_stems_without_spaces(text: str, language: str) -> None:
    found = stems(text, language)
    assert_words(found)
    assert stems(text, language) == found


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(sorted(STEMMERS)), st.integers(1, 9)))
def test_should_recognise_only_languages_of_the_record_or_english(
    text: str, among: dict[str, int]
) -> None:
    assert language_of(text, among) in ({*among, "en"} if among else STEMMERS)


def assert_words(found: list[str]) -> None:
    """None is empty or has a space in it: they are stored with spaces between."""
    assert " ".join(found).split() == found
