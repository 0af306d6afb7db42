"""The HTML part of mails."""

import pytest

from workspace.delivery.html_part import html_paragraphs, html_part

LINK = "https://dealkin.example/g/UBAstG5fFMITmUzH93c12R7YPjXSyjI8cA"


def test_should_make_a_button_of_the_first_address_alone() -> None:
    text = f"Answer here:\n\n{LINK}\n\nYour preferences:\n\n{LINK}\n"
    assert html_paragraphs(text).split("\n") == [
        "<p>Answer here:</p>",
        f'<p><a class="button" href="{LINK}">Open dealkin.example</a></p>',
        "<p>Your preferences:</p>",
        f'<p><a href="{LINK}">Open dealkin.example</a></p>',
    ]


@pytest.mark.parametrize(
    "address", ["https://bank.example@evil.example/x", "https://[::1", "https://a b.example"]
)
def test_should_name_no_host_that_an_address_only_seems_to_have(address: str) -> None:
    assert "Open" not in html_paragraphs(address)


def test_should_make_a_list_of_lines_with_hyphens() -> None:
    assert html_paragraphs("Tasks due:\n- Call\n- Write\nThat is all.") == (
        "<p>Tasks due:</p><ul><li>Call</li><li>Write</li></ul><p>That is all.</p>"
    )


def test_should_escape_what_people_write() -> None:
    written = '<b>"x"</b> <https://a.example/?a=1&b=2>, &amp;'
    assert html_paragraphs(written) == (
        "<p>&lt;b&gt;&quot;x&quot;&lt;/b&gt; &lt;"
        '<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>&gt;,'
        " &amp;amp;</p>"
    )
    assert html_paragraphs('https://a.example/"onclick="x') == (
        '<p><a href="https://a.example/">https://a.example/</a>&quot;onclick=&quot;x</p>'
    )


def test_should_have_colours_for_dark_and_light() -> None:
    page = html_part(f"Dear Inês,\n\n{LINK}\n")
    assert 'content="light dark"' in page
    assert "@media (prefers-color-scheme: dark) {" in page
    assert "background: #0a5f55; color: #ffffff" in page
