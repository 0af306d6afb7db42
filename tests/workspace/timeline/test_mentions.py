"""Names after an @: every way to write one means the same member, and no text breaks it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from workspace.timeline.mentions import MENTION, Directory, texts_of, written_forms

MEMBERS = [
    ("zofia-sledz", "Zofia Śledź"),
    ("bjorn-ostergaard", "Bjørn Østergaard"),
    ("maire-o-neill", "Máire O'Neill"),
    ("jean-luc-d-aubigne", "Jean-Luc d'Aubigné"),
    ("sam-lee", "Sam Lee"),
    ("sam-lee-2", "Sam Lee"),
    ("person", "Мария Кузнецова"),
]
DIRECTORY = Directory(MEMBERS)
# Two members share this name.
UNIQUE = [(key, name) for key, name in MEMBERS if name != "Sam Lee"]
typed_like = st.sampled_from([str.upper, str.lower, str.title, str])
joints = st.sampled_from([" ", "-", "\u00a0", "'", "\u2019", "."])


@given(st.sampled_from(UNIQUE), typed_like, joints, st.integers(0, 3), st.sampled_from("!,) \n:"))
def test_should_mean_one_member_however_a_name_is_typed(
    member: tuple[str, str], case, joint: str, turn: int, after: str
) -> None:
    key, name = member
    words = name.replace("-", " ").replace("'", " ").split()
    turn %= len(words)
    typed = "@" + case(joint.join(words[turn:] + words[:turn]))
    (found,) = DIRECTORY.names_in(f"Hello {typed}{after}and more")
    assert found.keys == (key,)
    assert found.typed == " ".join(typed.split())


def test_should_tell_namesakes_apart_by_their_keys_only() -> None:
    def keys(text: str) -> list[tuple[str, ...]]:
        return [name.keys for name in DIRECTORY.names_in(text)]

    assert keys("@Sam Lee and @Lee Sam") == [("sam-lee", "sam-lee-2")] * 2
    assert keys("@sam-lee, @sam-lee-2 weeks") == [("sam-lee",), ("sam-lee-2",)]
    assert keys("@Sam Lee 2 weeks") == [("sam-lee", "sam-lee-2")]
    assert keys("@sam-lee-3 @sam-leeds @sam_lee") == [(), (), ()]


@given(st.text(st.sampled_from("@ aSŚśo'’-._`*\n[](2Мß\u0301\u00a0\\/<>"), max_size=60))
def test_should_read_any_text(text: str) -> None:
    for piece in [text, *texts_of(text)]:
        end = 0
        for name in DIRECTORY.names_in(piece):
            assert end <= name.start < name.end <= len(piece)
            assert name.typed.startswith("@")
            end = name.end
    # A key with a text around it is one mention of this key.
    assert MENTION.findall(f" @zofia-sledz {text.lstrip()}")[0] == "zofia-sledz"


@given(st.text(max_size=12))
def test_should_spell_any_name(name: str) -> None:
    assert all(" " not in spelling for spelling in written_forms(name))


def test_should_read_a_long_text_of_many_names_soon() -> None:
    text = " ".join(f"@Zofia x{number}" for number in range(2_000))
    before = time.process_time()
    assert len(list(DIRECTORY.names_in(text))) == 2_000
    assert time.process_time() - before < 5
