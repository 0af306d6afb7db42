"""Columns that decide what rows mean: a file that would be read without them is not imported."""

import pytest

from workspace.errors import Invalid
from workspace.imports.files import RawFile, split_rows
from workspace.imports.recognition import Reading, recognise


def read(text, reading=None):
    return recognise(RawFile("file.csv", "", split_rows(text)), reading=reading)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("Checkpoint", ("Offer", "Closed Won")),
        ("Lane", ("Verloren", "Angebot")),
        ("How it went", ("Won - better price", "open")),
        ("Board", ("3. Closed Lost", "1. Lead")),
        ("Krok", ("Wygrana", "Oferta")),
        ("Où", ("Gagnée", "Devis")),
        ("Шаг", ("Выиграна", "Встреча")),
        ("Category of forecast", ("Closed", "Pipeline")),
        ("Closing chance", ("100 %", "30 %")),
        ("Wahrscheinlichkeit", ("0", "30")),
        ("Pipeline stage id", ("closedwon", "987654")),
        ("Stage ID", ("987655", "987654")),
        ("Actual close", ("2024-05-06", "")),
        ("Kontraktstand", ("cancelled", "signed")),
    ],
)
def test_should_ask_about_a_column_that_says_how_deals_ended(column, cells):
    rows = "".join(f'Lift {number},900,"{cell}"\n' for number, cell in enumerate(cells))
    with pytest.raises(Invalid, match="would be left unread"):
        read(f"Deal Name,Amount,{column}\n{rows}")


def test_should_ask_where_the_stage_does_not_tell_what_another_column_does():
    text = "Deal Name,Stage,Verdict\nLift,Offer,Won\nDock,Closed Won,Won\n"
    with pytest.raises(Invalid, match="'Verdict' would be left unread, but holds 'Won'"):
        read(text)
    # What the importer says is done.
    mapped = read(text, Reading(columns={"verdict": "status"}))
    assert [row.cells["status"] for row in mapped.rows] == ["Won", "Won"]
    left_out = read(text, Reading(columns={"verdict": ""}))
    assert [row.cells["stage"] for row in left_out.rows] == ["Offer", "Closed Won"]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Name,Stage,Amount,Remarks", "Lift,Offer,9,We lost contact and won it back"),
        ("Name,Stage,Amount,Segment", "Lift,Offer,9,Customer"),
        ("Name,Stage,Amount,Probability", "Lift,Closed Won,9,100"),
        ("Name,Stage,Amount,Forecast category", "Lift,Signature,9,Closed"),
        ("Name,Stage,Amount,NDA", "Lift,Offer,9,Signed"),
        ("Name,Stage,Amount,Previous step", "Lift,Offer,9,Closed Lost"),
        ("Name,Stage,Amount,Verdict", "Lift,Closed Won,9,Won"),
        ("Name,Stage,Amount,Comment", 'Lift,Offer,9,"Won, pending signature"'),
        ("Name,Stage,Amount,Pain", "Lift,Offer,9,Loss: 3 shifts a week"),
        ("Name,Amount,Ticket", "Lift,9,New"),
        ("Name,Amount,Seller's mood", "Lift,9,open"),
        ("Name,Amount,Chance", "Lift,9,30"),
    ],
)
def test_should_ask_nothing_about_texts_that_tell_no_end(header, row):
    assert read(f"{header}\n{row}\n").kind == "deals"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Firma,Salgsnavn,Beløp,Lukkedato", "Nordlys,Heis,900,2024-05-06"),
        ("Company,Land,Artikel,Menge", "Nordlys,NO,Lift,3"),
        ("Company,Order,Total", "Nordlys,17,500"),
        ("Company,Country,Article,Quantity", "Nordlys,NO,Lift,3"),
        ("Company,Closed deals", "Nordlys,Lift"),
        ("Company,Invoice no", "Nordlys,17"),
        ("Kunde,Country,Artikel,Menge,Preis", "Nordlys,NO,Lift,3,4"),
    ],
)
def test_should_not_take_every_file_with_a_company_for_one_of_accounts(header, row):
    with pytest.raises(Invalid, match="would be left unread"):
        read(f"{header}\n{row}\n")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Company,Notes,Fax,Owner", "Nordlys,x,1,Ivo"),
        ("Company,Segment", "Nordlys,A"),
        ("Company,Website,Employees,Lead score,SLA,NPS,Founded", "Nordlys,n.example,9,1,a,3,1990"),
        ("Company,Country,Tier,Segment", "Nordlys,NO,1,A"),
        ("Company,Closed deals,Open deals,People,Done activities", "Nordlys,3,1,12,40"),
        ("Organization - Name,Organization - Won deals,Organization - Address", "Nordlys,0,Kaivo"),
        ("Company,Domain,Industry,Country,Tier,Segment,Potential,Branch,Channel",
         "Nordlys,nordlys.example,Banking,NO,1,A,9,b,c"),
    ],
)  # fmt: skip
def test_should_take_a_file_about_companies_for_one_of_accounts(header, row):
    assert read(f"{header}\n{row}\n").kind == "accounts"
