"""What sentences in three languages deny."""

import re

import pytest

from similarity.sentences.denials import affirmed, denied, question_of, said_absent
from similarity.sentences.words import words_of


@pytest.mark.parametrize(
    ("sentence", "unwanted"),
    [
        ("They do not want recommendations, they need search", "recommendations"),
        ("The customer doesn't need payroll or timesheets, only rosters", "payroll timesheets"),
        ("No need for a chatbot, the hotline stays", "chatbot"),
        ("Not interested in payroll but in rosters", "payroll"),
        ("Planning for bakeries without payroll", "payroll"),
        ("Rosters for nurses, no payroll", "payroll"),
        ("Recommendations are not needed, search is", "Recommendations"),
        ("This is not about forecasts; it is about slots at the docks", "forecasts"),
        ("streaming, not Kafka", "Kafka"),
        ("strumienie, nie Kafka", "Kafka"),
        ("потоки, не Kafka", "Kafka"),
        ("Nie potrzebują rekomendacji, szukają wyszukiwarki", "rekomendacji"),
        ("Klient nie chce płac, tylko grafików", "płac"),
        ("Grafiki dla pielęgniarek, bez płac", "płac"),
        ("Rekomendacje nie są potrzebne, potrzebne są grafiki", "Rekomendacje"),
        ("Nie chodzi o prognozy, lecz o okna w dokach", "prognozy"),
        ("Им не нужны рекомендации, нужен поиск", "рекомендации"),
        ("Рекомендации не нужны, нужен поиск", "Рекомендации"),
        ("Клиент не хочет зарплату, а хочет графики", "зарплату"),
        ("Графики для медсестёр, без зарплаты", "зарплаты"),
        ("Они не нуждаются в прогнозах, им нужны графики", "прогнозах"),
    ],
)
def test_should_leave_out_what_is_not_wanted(sentence: str, unwanted: str) -> None:
    left = affirmed(sentence)
    assert all(word not in left for word in unwanted.split())
    # The clause that says what is wanted stays as it is.
    assert any(clause.strip() in left for clause in re.split(r"[,;]| but | without ", sentence))


@pytest.mark.parametrize(
    "sentence",
    [
        "They cannot plan shifts for their nurses",
        "They have no forecast of fresh goods",
        "They are not happy with their forecast",
        "Not only forecasts but also rosters",
        "Not able to forecast fresh goods",
        "Nie mają prognozy świeżych towarów",
        "Nie tylko prognozy, ale i grafiki",
        "У них нет прогноза свежих товаров",
        "Не только прогнозы, но и графики",
        "No-show prediction for clinics",
        "",
    ],
)
def test_should_keep_what_is_lacking(sentence: str) -> None:
    assert affirmed(sentence) == sentence


@pytest.mark.parametrize(
    ("sentence", "inside"),
    [
        ("not against Opalux but against Datamoor", "against Opalux"),
        ("nie przeciw Opaluxowi, tylko przeciw Datamoorowi", "przeciw Opaluxowi"),
        ("не против Opalux, а против Datamoor", "против Opalux"),
        ("they are not happy with Opalux", ""),
    ],
)
def test_should_end_with_its_clause(sentence: str, inside: str) -> None:
    words = words_of(sentence)
    assert " ".join(words[at].text for at in sorted(denied(words))) == inside


@pytest.mark.parametrize(
    ("sentence", "absent"),
    [
        ("Opalux is not in the race", True),
        ("Opalux is out", True),
        ("Opalux nie startuje", True),
        ("Opalux не участвует", True),
        ("Opalux is in the race", False),
        ("Opalux does not like us", False),
    ],
)
def test_should_deny_what_is_said_to_be_absent(sentence: str, absent: bool) -> None:
    assert said_absent(words_of(sentence), 1) is absent


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("no code", "no code"),
        ("without registration", "without registration"),
        ("bez płac", "bez płac"),
        ("not Kafka", ""),
        ("nie chcą płac", ""),
        ("streaming", "streaming"),
        ("", ""),
    ],
)
def test_should_ask_for_nothing_where_all_is_denied(question: str, asked: str) -> None:
    assert question_of(question) == asked
