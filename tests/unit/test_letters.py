"""Bytes to letters: the encoding found, mojibake mended, good text never touched."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakedocs.extract.text import letters
from lakedocs.extract.text.letters import decoded, mended

GERMAN = "Größe und Maße der Tür: 2 Stück, Straße 5, für Ämter"
FRENCH = "Les élèves ont dîné près du château ; ça coûte 12 €"
POLISH = "Zażółć gęślą jaźń, a potem Łódź i Kraków"
CZECH = "Nájemní smlouva kanceláře končí v září příštího roku, prodloužení je možné"
RUSSIAN = "Договор аренды офиса в Москве заканчивается в сентябре"
GREEK = "Η σύμβαση μίσθωσης λήγει τον Σεπτέμβριο του έτους"
TURKISH = "Sözleşme eylül ayında sona eriyor, değişiklik için başvuru gerekir ve ığdır şubesi"
HEBREW = "חוזה השכירות של המשרד מסתיים בספטמבר"
ARABIC = "ينتهي عقد إيجار المكتب في شهر سبتمبر"
JAPANESE = "事務所の賃貸借契約は九月に終了します。更新にはご連絡ください。"
CHINESE = "办公室的租赁合同将于九月到期，请及时续签。"
TAIWANESE = "辦公室的租賃合約將於九月到期，請及時續簽。"
KOREAN = "사무실 임대 계약은 구월에 끝납니다. 연장하려면 연락하세요."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain words only", "ascii"),
        (GERMAN, "utf-8"),
        (GERMAN, "cp1252"),
        (GERMAN, "mac-roman"),
        (FRENCH, "cp1252"),
        (POLISH, "cp1250"),
        (POLISH, "iso8859-2"),
        (CZECH, "cp1250"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "iso8859-5"),
        (GREEK, "cp1253"),
        (TURKISH, "cp1254"),
        (HEBREW, "cp1255"),
        (ARABIC, "cp1256"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
        (JAPANESE, "iso2022-jp"),
        (CHINESE, "gb18030"),
        (TAIWANESE, "big5"),
        (KOREAN, "cp949"),
        ("name,city\nbob,paris\n", "utf-16-le"),
        ("name,city\nbob,paris\n", "utf-16-be"),
        ("名前,年齢\n田中,3\n", "utf-16-le"),
        ("a price of 5 € – “as agreed”, the owner’s", "cp1252"),
    ],
)
def test_letters_are_found(text: str, encoding: str) -> None:
    found = decoded(text.encode(encoding))
    assert found.text == text
    assert 0.5 <= found.confidence <= 1
    assert found.is_guess == (encoding not in ("ascii", "utf-8"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_mark_at_the_beginning_is_certain(encoding: str) -> None:
    found = decoded(RUSSIAN.encode(encoding))
    assert (found.text, found.confidence, found.is_guess) == (RUSSIAN, 1.0, False)


@pytest.mark.parametrize(
    ("data", "declared", "wanted"),
    [
        (RUSSIAN.encode("koi8-r"), "koi8-r", RUSSIAN),
        (GERMAN.encode(), "iso-8859-1", GERMAN),
        (GERMAN.encode(), "us-ascii", GERMAN),
        (GERMAN.encode("cp1252"), "utf-8", GERMAN),
        (JAPANESE.encode("cp932"), "us-ascii", JAPANESE),
        (FRENCH.encode("cp1252"), "iso-8859-1", FRENCH),
        (KOREAN.encode("cp949"), "ks_c_5601-1987", KOREAN),
        (CHINESE.encode("gb18030"), "gb2312", CHINESE),
        (GERMAN.encode(), "no-such-charset", GERMAN),
        (GERMAN.encode(), '"utf-8"', GERMAN),
    ],
    ids=["true", "not latin 1", "not ascii", "not utf-8", "8 bits as ascii", "its wider sister", "korean", "chinese", "unknown", "quoted"],
)
def test_what_is_declared_is_believed_unless_the_bytes_say_otherwise(data: bytes, declared: str, wanted: str) -> None:
    assert decoded(data, declared).text == wanted


def test_more_letters_make_a_guess_surer() -> None:
    sure = [decoded((RUSSIAN[:length] * times).encode("cp1251")).confidence for length, times in ((3, 1), (len(RUSSIAN), 1), (len(RUSSIAN), 40))]
    assert sure == sorted(set(sure))
    assert sure[0] < 0.95 < sure[-1] < 1


def test_a_stray_byte_does_not_spoil_a_text_in_utf8() -> None:
    found = decoded((GERMAN * 30).encode() + b" caf\xe9 " + GERMAN.encode())
    assert found.text == GERMAN * 30 + " café " + GERMAN
    assert found.is_guess


GOOD = [
    GERMAN,
    FRENCH,
    POLISH,
    CZECH,
    RUSSIAN,
    GREEK,
    TURKISH,
    HEBREW,
    ARABIC,
    JAPANESE,
    CHINESE,
    TAIWANESE,
    KOREAN,
    "SÃO PAULO, AÇÃO E REAÇÃO: NÃO À CORRUPÇÃO",
    "Citroën, Noël, naïve Zoë",
    "ÅÄÖ åäö Ærø Þingvellir",
    "«Voilà», dit-il ; 5 €",
    "¿Qué pasó, señor Muñoz?",
    "Ångström 10 Å, ±5 °C, ½ ¼ ¾, µ-law, © 2024 ®",
    "Tiếng Việt có dấu thanh",
    "“Zürich” – ‘Genève’ … 100 ‰",
    "a£b, ¥500, §§ 5–7",
    "ÂME, ÂGE ET CHÂTEAU",
    "Ã Ã Ã",
    "æøå ÆØÅ",
    "İstanbul’da ığdır",
    "ελληνικά με τόνους",
    "हिन्दी में पाठ",
    "😀 emoji 👍🏽 text",
]


@pytest.mark.parametrize("text", GOOD)
def test_good_text_is_left_alone(text: str) -> None:
    assert mended(text) is None


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("text", [GERMAN, FRENCH, "Müller", "10 €", "the owner’s – “own”", "naïve café", "Zoë"])
def test_mojibake_is_mended(text: str, encoding: str, times: int) -> None:
    broken = text
    try:
        for _ in range(times):
            broken = broken.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.skip("bytes that this code page has no letter for do not survive")
    assert mended(broken) == text


def test_other_scripts_are_mended_and_good_lines_beside_stay() -> None:
    broken = [text.encode().decode("latin-1") for text in (RUSSIAN, GREEK, JAPANESE, POLISH)]
    assert mended("\n".join([*broken, GERMAN, "plain"])) == f"{RUSSIAN}\n{GREEK}\n{JAPANESE}\n{POLISH}\n{GERMAN}\nplain"


def test_plain_text_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "is_bad", lambda text: pytest.fail("it was looked at"))
    assert mended("plain words " * 1000) is None
    assert mended("lone accents: café, Zoë, Müller " * 1000) is None
    with pytest.raises(pytest.fail.Exception):
        mended("Ã¼")


_WORDS = sorted({word for text in GOOD for word in text.split() if len(word) > 1})  # `Ã` alone is what is left of a broken `à`
_SIGNS = st.sampled_from([" ", ", ", "; ", " – ", ". ", "\n", " (", ") "])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(_WORDS), _SIGNS), min_size=1, max_size=12))
def test_no_order_of_good_words_is_damaged(pairs: list[tuple[str, str]]) -> None:
    assert mended("".join(word + sign for word, sign in pairs)) is None


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), st.sampled_from(["utf-8", "utf-16", "cp1252", "cp932", "koi8-r", "utf-7"]))
def test_decoding_never_fails(text: str, encoding: str) -> None:
    data = text.encode(encoding, "ignore")
    for declared in ("", "utf-8", "us-ascii", "cp932", "x"):
        assert isinstance(decoded(data, declared).text, str)
