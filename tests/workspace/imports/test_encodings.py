"""Encodings that are guessed, named, or refused."""

import pytest

from tests.workspace.imports.files import put
from workspace.errors import Invalid
from workspace.imports.encodings import decode, guess, label
from workspace.imports.files import read_file

POLISH = "account\nBrzęczyszczykiewicz Żródła\nGdański Młyn\nŚwiętojańska Oaza\n"
CZECH = "account\nŽelezárny Třinec\nPivovar Náchod\nČeské dráhy\nKůrovec Šumava\n"
GERMAN = "account\nMühlenbräu Göttingen\nÄrztehaus Süd\nGroßhandel Löwe\nBüro für Übersetzung\n"
FRENCH = "account\nÉtablissements Lefèvre\nBoulangerie du Château\nForêt française\n"
RUSSIAN = "account\nСеверный ветер\nХлебозавод номер семь\nТюменские дороги\n"
UKRAINIAN = "account\nЛьвівський хліб\nКиївські мережі\nЇжачок\n"
JAPANESE = "account\n山田製作所\nさくら銀行\nミナト商会\n"
CHINESE = "account\n南方电力公司\n长江大桥工程局\n"
KOREAN = "account\n한빛은행\n대한전기공업\n"
TURKISH = "account\nGüneş Işıkları Sigorta\nÇağlayan Dağıtım\nŞeker Üretim\n"
GREEK = "account\nΗλιοτρόπιο Ενέργεια\nΝαυτιλία Κρήτης\n"
LITHUANIAN = "name,account\nŠarūnė Žemaitė,Ąžuolų baldai\nIgnas Čepas,Klaipėdos alus\n"
LATVIAN = "account\nRīgas ūdens\nĶīmijas rūpnīca\nDaugavpils šķiedra\n"
ESTONIAN = "account\nTõrva Õlletehas\nŠokolaadi Äri\nŽurnaal Öö\n"
HEBREW = "account\nמאפיית הגליל\nחברת המים של ירושלים\n"
# With letters that Windows-1252 has in other places.
WITH_EURO = "name,account,price\nZoé Lefèvre,Maison Œuvre,9 €\nŽan Košak,Les Sœurs,8 €\n"


@pytest.mark.parametrize(
    ("text", "encodings"),
    [
        (POLISH, "cp1250 iso8859_2 cp852 mac_latin2"),
        (CZECH, "cp1250 iso8859_2 cp852"),
        (GERMAN, "cp1252 iso8859_1 iso8859_15 mac_roman cp850 cp852 iso8859_2 cp1250"),
        (FRENCH, "cp1252 iso8859_1 mac_roman cp850"),
        (RUSSIAN, "cp1251 koi8_r cp866 mac_cyrillic iso8859_5"),
        (RUSSIAN.upper(), "cp1251 koi8_r cp866 mac_cyrillic iso8859_5"),
        (UKRAINIAN, "cp1251 koi8_u"),
        (JAPANESE, "cp932 euc_jp"),
        (CHINESE, "gb18030 gbk"),
        (KOREAN, "euc_kr"),
        (TURKISH, "cp1254"),
        (GREEK, "cp1253 iso8859_7 cp737 mac_greek"),
        (LITHUANIAN, "cp1257 iso8859_13"),
        (LATVIAN, "cp1257 iso8859_13"),
        (ESTONIAN, "cp1257 iso8859_15"),
        (HEBREW, "cp1255 iso8859_8"),
        (WITH_EURO, "iso8859_15"),
    ],
)
def test_should_read_names_in_the_encoding_of_their_system(text, encodings):
    for encoding in encodings.split():
        found, warnings = decode(text.encode(encoding))
        assert found == text, encoding
        assert "was read as" in warnings[0], encoding


def test_should_keep_the_signs_of_windows_beside_few_letters():
    for text in ("Müller GmbH,Rohr ½ Zoll für Straße\n", "Zoë,3½ ans\n", "¾ liter för Åsa\n"):
        assert decode(text.encode("cp1252"))[0] == text


@pytest.mark.parametrize(
    "raw",
    [
        "Jörg\n".encode() + "Jörg\n".encode("cp1252"),
        "account,city\nŻuk,".encode() + "Łódź\n".encode("cp1250"),
        ("Søren\n" * 20).encode() + "Søren\n".encode("mac_roman"),
        "Привет\n".encode("cp1251") * 5 + "Привет\n".encode(),
    ],
)
def test_should_refuse_a_file_in_two_encodings(raw):
    with pytest.raises(Invalid, match="Some of its lines are in UTF-8 and others"):
        decode(raw)


@pytest.mark.parametrize("raw", [b"a\nx\xb1\xb1y\xa6z\n", b"a\nx\xa6\xa6y\xb1\xb1\xb1z\n"])
def test_should_refuse_what_is_plausible_in_no_encoding(raw):
    assert guess(raw) is None
    with pytest.raises(Invalid, match="encoding is not known"):
        decode(raw)


def test_should_read_a_file_in_the_encoding_that_is_named(tmp_path):
    path = put(tmp_path, "a.csv", "account\nKřež\n", "cp852")
    assert read_file(path, encoding="cp852").rows[1].cells == ["Křež"]
    for name, problem in (("klingon", "no encoding"), ("utf-8", "not encoded"), ("hex", "no enc")):
        with pytest.raises(Invalid, match=problem):
            read_file(path, encoding=name)


@pytest.mark.parametrize("text", ["account\nMÃ¼hle\n", "account\nGr\ufffdn\n", "a\nÅ‚ÄÄ…ka\n"])
def test_should_warn_of_letters_that_were_lost_before(text):
    found, warnings = decode(text.encode())
    assert found == text
    assert len(warnings) == 1


def test_should_call_encodings_by_their_usual_names():
    assert [label(name) for name in ("cp1250", "cp852", "mac_roman", "cp932")] == [
        *("Windows-1250", "CP852", "Mac Roman", "Shift-JIS"),
    ]
