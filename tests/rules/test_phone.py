"""Phone numbers: the documented forms, what is refused and with which sentence, and what is never dialled."""

from pathlib import Path

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.intake.phone import BadNumber, NumberRules, PhoneNumber, parse, refuse_unless_diallable

LENIENT = NumberRules()
VALID = NumberRules(valid=True)
SPELLINGS = Path(__file__).parent.parent / "data" / "emergency-spellings.txt"
BOSTON = "+16175551234"

READ = {
    "eleven digits": ("16175551234", PhoneNumber(BOSTON)),
    "ten digits": ("6175551234", PhoneNumber(BOSTON)),
    "plus": ("+16175551234", PhoneNumber(BOSTON)),
    "tel URL": ("tel:+16175551234", PhoneNumber(BOSTON)),
    "tel in capitals": ("TEL:+16175551234", PhoneNumber(BOSTON)),
    "local tel URL": ("tel:6175551234", PhoneNumber(BOSTON)),
    "caller ID": ("+16175551234;ani=8009957586", PhoneNumber(BOSTON, "8009957586")),
    "caller ID and keys": ("tel:+16175551234;ani=8009957586;postd=1234", PhoneNumber(BOSTON, "8009957586", "1234")),
    "keys and caller ID": ("tel:+16175551234;postd=1234;ani=8009957586", PhoneNumber(BOSTON, "8009957586", "1234")),
    "capital names": ("+16175551234;ANI=8009957586;PostD=2", PhoneNumber(BOSTON, "8009957586", "2")),
    "separators in the caller ID": ("+16175551234;ani=(800) 995-7586", PhoneNumber(BOSTON, "8009957586")),
    "all keys": ("+16175551234;postd=1*2#abcd,PW,pw", PhoneNumber(BOSTON, "", "1*2#ABCD,pw,pw")),
    "keys may spell 911": ("+16175551234;postd=911", PhoneNumber(BOSTON, "", "911")),
    "the vendor's extension": ("tel:+16177123000;postd=1234", PhoneNumber("+16177123000", "", "1234")),
    "the vendor's caller ID": ("tel:+10123456789;ani=1234567890", PhoneNumber("+10123456789", "1234567890")),
    "the vendor's answer": ("+1234567890;ani=8001234567", PhoneNumber("+1234567890", "8001234567")),
    "RFC 2806 separators": ("+1-(617).555 1234", PhoneNumber(BOSTON)),
    "blanks around": ("  6175551234\t", PhoneNumber(BOSTON)),
    "a + that a form made a blank": (" 16175551234", PhoneNumber(BOSTON)),
    "blanks around parameters": ("6175551234 ; ani = 8009957586 ;", PhoneNumber(BOSTON, "8009957586")),
    "unknown parameters": ("+16175551234;isub=12;postd=1;x-y", PhoneNumber(BOSTON, "", "1", ("isub=12", "x-y"))),
    "context +1": ("tel:617-555-1234;phone-context=+1", PhoneNumber(BOSTON, "", "", ("phone-context=+1",))),
    "fullwidth": ("＋１（６１７）５５５－１２３４", PhoneNumber(BOSTON)),
    "fullwidth parameters": ("６１７５５５１２３４；ａｎｉ＝８００９９５７５８６", PhoneNumber(BOSTON, "8009957586")),
    "Arabic": ("+١٦١٧٥٥٥١٢٣٤", PhoneNumber(BOSTON)),
    "Persian": ("۶۱۷۵۵۵۱۲۳۴", PhoneNumber(BOSTON)),
    "Devanagari": ("६१७५५५१२३४", PhoneNumber(BOSTON)),
    "typographic dashes and blanks": ("617\u2011555\u20131\u00a0234", PhoneNumber(BOSTON)),
    "seven digits": ("+6834012", PhoneNumber("+6834012")),
    "fifteen digits": ("+491234567890123", PhoneNumber("+491234567890123")),
    "area code no plan knows": ("0123456789", PhoneNumber("+10123456789")),
}


@pytest.mark.parametrize(("text", "number"), READ.values(), ids=READ)
def test_a_documented_form_is_read(text: str, number: PhoneNumber) -> None:
    assert parse(text, LENIENT) == number


REFUSED = {
    "nothing": ("", "holds no digits"),
    "only a plus": ("+", "holds no digits"),
    "only a scheme": ("tel:", "holds no digits"),
    "six digits": ("+123456", "has 6 digits; after + there must be 7 to 15"),
    "sixteen digits": ("+1234567890123456", "has 16 digits; after + there must be 7 to 15"),
    "nine digits": ("617555123", "has 9 digits; without + there must be 10, or 11 that begin with 1"),
    "a foreign number without +": ("442079460000", "in a form + is sent as %2B"),
    "eleven digits without 1": ("26175551234", "has 11 digits"),
    "00": ("00442079460000", "send + and the country code instead of 00 or 011"),
    "011": ("011442079460000", "send + and the country code instead of 00 or 011"),
    "+0": ("+06175551234", "no country code begins with 0"),
    "(0)": ("+44 (0)20 7946 0000", "leave out the (0)"),
    "letters": ("1-800-FLOWERS", "'F' can't be part of a number"),
    "two pluses": ("++16175551234", "'+' can't be part of a number"),
    "a quote of a spreadsheet": ("'6175551234", "''' can't be part of a number"),
    "another scheme": ("sip:6175551234", "'s' can't be part of a number"),
    "tab": ("617\t5551234", "the invisible character U+0009"),
    "line break": ("617\n5551234", "the invisible character U+000A"),
    "RTL override": ("\u202e6175551234", "the invisible character U+202E"),
    "zero-width space": ("617\u200b5551234", "the invisible character U+200B"),
    "superscript": ("617555123\u2074", "'\u2074' can't be part of a number"),
    "emoji": ("617555123\U0001f4de", "'\U0001f4de' can't be part of a number"),
    "x123": ("6175551234x123", "send ;postd=123"),
    "ext. 5": ("617-555-1234 ext. 5", "send ;postd=5"),
    "Extension 77": ("617-555-1234 Extension 77", "send ;postd=77"),
    "#9": ("617-555-1234 #9", "send ;postd=9"),
    ";ext=5": ("tel:+16175551234;ext=5", "send ;postd=5"),
    "caller ID of eleven digits": ("6175551234;ani=18009957586", "ani must be 10 digits without the leading 1"),
    "caller ID of nine digits": ("6175551234;ani=800995758", "ani must be 10 digits"),
    "caller ID with +": ("6175551234;ani=+8009957586", "ani must be 10 digits"),
    "empty caller ID": ("6175551234;ani=", "ani must be 10 digits"),
    "letters as keys": ("6175551234;postd=12E", "postd may hold"),
    "empty keys": ("6175551234;postd=", "postd may hold"),
    "two caller IDs": ("6175551234;ani=8009957586;ani=8009957587", "ani is given twice"),
    "no parameter": ("6175551234;John Smith", "after a semicolon there must be a parameter"),
    "foreign context": ("tel:2079460000;phone-context=+44", "phone-context is read for +1 only"),
    "domain as context": ("tel:6175551234;phone-context=example.com", "phone-context is read for +1 only"),
}


@pytest.mark.parametrize(("text", "rule"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_says_what_is_wrong(text: str, rule: str) -> None:
    with pytest.raises(BadNumber) as refusal:
        parse(text, LENIENT)
    assert rule in str(refusal.value)


def _spellings() -> list[str]:
    lines = SPELLINGS.read_text(encoding="utf-8").split("\n")
    return [line for line in lines if line and not line.startswith("# ")]


@pytest.mark.parametrize("rules", [LENIENT, VALID, NumberRules(countries=frozenset())], ids=["possible", "valid", "-"])
@pytest.mark.parametrize("text", _spellings(), ids=ascii)
def test_no_spelling_of_an_emergency_number_passes(text: str, rules: NumberRules) -> None:
    with pytest.raises(BadNumber):
        parse(text, rules)


@pytest.mark.parametrize("text", ["911", "+1911", "9-1-1", "９１１", "+1 911 555 1234", "0000000911", "+44999", "988"])
def test_an_emergency_number_is_refused_by_its_name(text: str) -> None:
    with pytest.raises(BadNumber, match="emergency"):
        parse(text, LENIENT)


@pytest.mark.parametrize(
    ("country", "text"), [("FR", "17"), ("NZ", "111"), ("NE", "723141"), ("MX", "066"), ("FR", "0000000017")]
)
def test_the_emergency_numbers_of_the_owners_country_are_known(country: str, text: str) -> None:
    with pytest.raises(BadNumber, match="emergency"):
        parse(text, NumberRules(countries=frozenset({country})))


LOOK_ALIKES = {
    "911 as exchange": "617-911-1234",
    "911 at the end": "+1 617 555 0911",
    "911 in the middle": "+1 659 115 5512",
    "area code 919, starting 91 9": "919-555-1234",
    "area code 912, starting 9 12": "912-555-1234",
    "only 0, 1, 9, ending 911": "901-900-1911",
    "toll-free ending 1911": "800-800-1911",
    "area code 988 may come": "988-555-1234",
    "area code 999": "999-555-1234",
    "nines": "9999999999",
    "ones": "1111111111",
    "zeros after 900": "9000000000",
    "ones and zeros ending 110": "1010101110",
    "Delhi, +91 1": "+911123456789",
    "the usual made-up Indian number": "+911234567890",
    "Indian mobile of 0, 1, 9 ending 911": "+919001000911",
    "German subscriber after 112": "+4911234567",
    "German number ending 112": "+4930901112",
    "London ending 0999": "+442079460999",
    "Manchester ending 999": "+441614960999",
    "Japanese mobile ending 0911": "+818010000911",
    "Japanese number ending 110": "+81312340110",
    "Sydney ending 000": "+61291234000",
    "Turkish mobile ending 112": "+905001000112",
    "Niue, four digits": "+6834112",
    "Uzbekistan": "+998901000911",
}


@pytest.mark.parametrize("text", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_number_that_only_looks_like_an_emergency_number_passes(text: str) -> None:
    assert parse(text, LENIENT).number.endswith(text[-2:])


ORDINARY = [
    phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    if (number := phonenumbers.example_number_for_type(region, kind))
]


@pytest.mark.parametrize("rules", [LENIENT, VALID, NumberRules(countries=frozenset({"FR", "NE", "OM"}))])
def test_an_ordinary_number_of_every_country_passes(rules: NumberRules) -> None:
    assert [str(parse(text, rules)) for text in ORDINARY] == [f"tel:{text}" for text in ORDINARY]


@pytest.mark.parametrize("text", ["+10123456789", "+1234567890", "+442079460", "6171234567890"[:10], "+99912345678"])
def test_numbers_that_cannot_exist_are_refused_on_request(text: str) -> None:
    with pytest.raises(BadNumber, match="no such number can exist"):
        parse(text, VALID)


@pytest.mark.parametrize("text", ["6175550100", "+442079460000", "tel:+16172530000;ani=8009957586", "8005550100"])
def test_numbers_that_can_exist_pass_on_request(text: str) -> None:
    assert parse(text, VALID) == parse(text, LENIENT)


HOME = NumberRules(countries=frozenset({"US", "CA"}))


@pytest.mark.parametrize(
    "text",
    ["6175550100", "4165550100", "8005550100", "+10123456789", "+1234567890", "+1 710 555 0100"],
    ids=["US", "CA", "toll-free", "the vendor's", "too short", "no region"],
)
def test_numbers_at_home_are_diallable_and_an_unknown_region_of_1_is_us(text: str) -> None:
    refuse_unless_diallable(parse(text, HOME), HOME, premium=False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+442079460000", "in GB"),
        ("+18765550123", "in JM"),
        ("+881612345678", "outside all countries"),
        ("+97912345678", "outside all countries"),
        ("+44123456", "in GB"),
    ],
    ids=["GB", "Jamaica under +1", "satellite", "international premium", "no such number"],
)
def test_numbers_abroad_are_not_diallable(text: str, place: str) -> None:
    with pytest.raises(BadNumber, match=f"a number {place} is not called from here, only CA, US"):
        refuse_unless_diallable(parse(text, HOME), HOME, premium=True)


def test_a_number_without_a_country_is_not_diallable() -> None:
    with pytest.raises(BadNumber, match="no country has this country code"):
        refuse_unless_diallable(parse("+99912345678", HOME), HOME, premium=True)


@pytest.mark.parametrize("text", ["9005551234", "+19001234567", "+19000000000"])
def test_premium_rate_numbers_need_a_setting(text: str) -> None:
    number = parse(text, HOME)
    refuse_unless_diallable(number, HOME, premium=True)
    with pytest.raises(BadNumber, match="premium-rate"):
        refuse_unless_diallable(number, HOME, premium=False)


NUMBER_LIKE = st.text(alphabet="0123456789+-.() ;=#*,:xpwtelanidosTELANI９１0000119")


@given(st.one_of(st.text(), NUMBER_LIKE, st.from_regex(r"(tel:)?\+?1?[2-9]\d{9}(;[a-z-]{1,4}(=[^;]*)?)*")))
@example("+16175551234;x=１;y= \u3000z ; ;postd=a")
def test_any_text_is_read_to_a_stable_normal_form_or_refused_in_words(text: str) -> None:
    for rules in (LENIENT, VALID):
        try:
            number = parse(text, rules)
        except BadNumber as refusal:
            assert str(refusal)  # noqa: PT017 - there need not be a refusal
        else:
            assert parse(str(number), rules) == number


@given(st.text(alphabet="0189", min_size=1, max_size=15), st.sampled_from(["911", "112", "999"]))
def test_zeros_in_front_never_carry_an_emergency_number_through(prefix: str, emergency: str) -> None:
    for text in (emergency, f"+{emergency}", f"+1{'0' * len(prefix)}{emergency}", f"+44{'0' * len(prefix)}{emergency}"):
        with pytest.raises(BadNumber):
            parse(text, LENIENT)
