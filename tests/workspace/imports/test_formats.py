"""Recognising the format of a file by its header."""

import pytest

from workspace.errors import Invalid
from workspace.imports.files import RawFile, split_rows
from workspace.imports.recognition import Reading, recognise


def sheet(text):
    return recognise(RawFile("file.csv", "", split_rows(text)))


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("account,domain,industry,headcount,country,region,parent,relationship,description",
         "accounts"),
        ("product,family,description,list_price,currency", "products"),
        ("competitor,domain,description", "competitors"),
        ("name,email,title,roles,city,country,timezone,languages,home_town,skills,about",
         "members"),
        ("name,email,account,title,department,city,country,languages,home_town,about", "people"),
        ("person,organisation,title,department,start,end,source", "employment"),
        ("person,institution,degree,field,start,end,source", "education"),
        ("deal,name,account,owner,stage,amount,currency,opened,expected_close,closed,products,"
         "competitors,use_case,notes,reason,confidential,next_step", "deals"),
        ("deal,role,person,since", "seats"),
        ("asset,kind,summary,url,products,author,published,expires,withdrawn,language", "assets"),
        ("asset,deal,stage,by,used_on,helped,comment", "uses"),
        ("deal,at,by,kind,text", "activity"),
        ("account", "accounts"),
        ("product", "products"),
        ("competitor", "competitors"),
        ("asset,kind", "assets"),
        ("deal", "deals"),
        ("deal,account", "deals"),
        ("name,stage", "deals"),
        ("name,account,amount,industry", "deals"),
        ("name,email", "people"),
        ("name,account,title", "people"),
        ("deal,role", "seats"),
        ("asset,deal", "uses"),
        ("STAGE,Deal Name,Expected Close,Use-Case,Account name", "deals"),
        ("account,sector,year_established,revenue,employees,office_location,subsidiary_of",
         "accounts"),
        ("product,series,sales_price", "products"),
        ("sales_agent,manager,regional_office", "members"),
        ("close_value,opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date",
         "deals"),
    ],
)  # fmt: skip
def test_should_know_a_file_by_its_columns(header, kind):
    assert sheet(header).kind == kind
    assert sheet(",".join(reversed(header.split(",")))).kind == kind


@pytest.mark.parametrize(
    "header",
    ["Table,Field,Description", "a,b,c", "name", "name,description,price", "1,2,3", "person,role"],
)
def test_should_refuse_what_it_does_not_know(header):
    with pytest.raises(Invalid, match="not those of any file"):
        sheet(f"{header}\naccounts,account,Company name\n")


def test_should_refuse_what_could_be_two_things():
    with pytest.raises(Invalid, match="people or deals"):
        sheet("name,account\nAnn,Acme")
    with pytest.raises(Invalid, match="'account' is there more than once"):
        sheet("account,industry,Account\nAcme,J62,Acme")
    with pytest.raises(Invalid, match="It is empty"):
        sheet("\n\n")


def test_should_report_the_columns_that_it_leaves_out():
    found = sheet("account,colour,,\nAcme,red,,\nBasel,blue,,x\n")
    assert found.warnings == [
        "The column 'colour' is not one of accounts and was left out.",
        "The column '' is not one of accounts and was left out.",
    ]


def test_should_find_the_header_below_a_remark():
    found = sheet("Export of 2024-03-12\n\ndeal,name,stage\n1,One,Won\n")
    assert [(row.line, row.cells) for row in found.rows] == [
        (4, {"deal": "1", "name": "One", "stage": "Won"})
    ]


def test_should_put_short_rows_right_and_refuse_long_ones():
    short, long, padded = sheet("deal,name\n1\n2,Two,extra\n3,Three,,\n").rows
    assert short.cells == {"deal": "1"}
    assert long.problems == ["It has 3 cells, but the header has 2."]
    assert padded.cells == {"deal": "3", "name": "Three"}


def test_should_read_its_own_error_file_again():
    found = sheet("line,problem,deal,next_step\n7,It was bad.,D-1,'=call\n8,,D-2,'tis late\n")
    assert [row.cells for row in found.rows] == [
        {"deal": "D-1", "next_step": "=call"},
        {"deal": "D-2", "next_step": "'tis late"},
    ]
    assert found.warnings == []


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\n1,2,3\n4,5,6\n",
        "1,2,3\n4,5,6\n",
        "id,date,amount\n1,2024-03-12,7\n",
        "name\nAnn\nBob\n",
        "A,B,C\n1,2,3,4,5\n6\n",
        "header one,header two\n,\n,\n",
        "Slovak Republic|Region|Value\nBratislava|West|7\n",
        "sepal length,sepal width,species\n5.1,3.5,setosa\n",
        "city,latitude,longitude\nŁódź,51.8,19.5\n",
        '{"type": "FeatureCollection", "features": []}\n',
        "<html>\n<body>\n<p>Not a table</p>\n",
        "import csv\nprint('no table')\n",
        "id      city        value\n1       Gdynia      7\n",
        "# A comment, and another\n# One more line\nkey,value\n1,2\n",
    ],
)
def test_should_refuse_every_other_table(text):
    with pytest.raises(Invalid):
        sheet(text)


def test_should_read_columns_as_the_importer_says():
    rows = split_rows("Was;Wer;Umsatz;Bearbeitungsphase\nLift;Borealis;900;Won\n")
    file = RawFile("file.csv", "", rows)
    with pytest.raises(Invalid):
        recognise(file)
    named = {"was": "name", "wer": "account", "umsatz": "amount", "bearbeitungsphase": "Stage"}
    sheet = recognise(file, reading=Reading(columns=named))
    assert (sheet.kind, sheet.header[0], sheet.warnings) == ("deals", "Was", [])
    assert sheet.rows[0].cells == {
        "name": "Lift", "account": "Borealis", "amount": "900", "stage": "Won"
    }  # fmt: skip


def test_should_leave_out_a_decisive_column_if_the_importer_says_so():
    file = RawFile("file.csv", "", split_rows("name,account,amount,Outcome so far\nA,B,1,lost\n"))
    with pytest.raises(Invalid, match="would be left unread"):
        recognise(file)
    sheet = recognise(file, reading=Reading(columns={"outcome_so_far": ""}))
    assert (sheet.kind, sheet.warnings) == ("deals", [])
