//! How things are read aloud, by example; and laws that hold for any text.

use super::{normalise, sentences};
use proptest::prelude::*;

/// Written, spoken.
const EXAMPLES: &[(&str, &str)] = &[
    // Ordinary words stay as they are.
    ("Hello there, how are you?", "Hello there, how are you?"),
    ("I don't know — maybe.", "I don't know — maybe."),
    ("It’s “fine”", "It's \"fine\""),
    ("a well-known e-mail", "a well-known e-mail"),
    ("**Great** `news`!", "Great news!"),
    ("Thanks 😀!", "Thanks!"),
    ("one\ntwo", "one. two"),
    // Numbers.
    ("0", "zero"),
    ("I have 3 cats and 21 dogs.", "I have three cats and twenty-one dogs."),
    ("130 people", "one hundred thirty people"),
    ("1,250 items", "one thousand two hundred fifty items"),
    ("1500 people", "one thousand five hundred people"),
    ("3,000,000", "three million"),
    ("20000", "twenty thousand"),
    ("-5 points", "minus five points"),
    ("3.14", "three point one four"),
    ("the 1st, 2nd, 3rd and 21st", "the first, second, third and twenty-first"),
    ("the 12th and 20th", "the twelfth and twentieth"),
    ("in the 1990s", "in the nineteen nineties"),
    ("the 80s", "the eighties"),
    ("~20 or <5 or >9", "about twenty or less than five or more than nine"),
    ("10x faster", "ten times faster"),
    ("10k users", "ten thousand users"),
    ("3-5 days", "three to five days"),
    ("pages 10 – 15", "pages ten to fifteen"),
    ("1/2 cup, 3/4 done", "one half cup, three quarters done"),
    ("1 1/2 hours", "one and one half hours"),
    ("open 24/7", "open twenty-four seven"),
    ("½ price", "one half price"),
    // Years.
    ("in 1984", "in nineteen eighty-four"),
    ("since 2005.", "since two thousand five."),
    ("2026", "twenty twenty-six"),
    ("1905", "nineteen oh five"),
    ("about 2000 customers", "about two thousand customers"),
    ("2023-2024", "twenty twenty-three to twenty twenty-four"),
    // Times.
    ("at 9:30", "at nine thirty"),
    ("at 9:30 am tomorrow", "at nine thirty A.M tomorrow"),
    ("at 9.30 am or 9.30", "at nine thirty A.M or nine point three zero"),
    ("9:05pm", "nine oh five P.M"),
    ("at 10:00.", "at ten o'clock."),
    ("at 10:00 a.m. on Friday", "at ten A.M on Friday"),
    ("by 5 p.m.", "by five P.M."),
    ("by 5 p.m. Monday", "by five P.M Monday"),
    ("Come at 9 a.m. Bring it.", "Come at nine A.M. Bring it."),
    ("17:45", "seventeen forty-five"),
    ("9am-5pm", "nine A.M to five P.M"),
    ("9:30-10:15", "nine thirty to ten fifteen"),
    ("9-11 am", "nine to eleven A.M"),
    ("it took 1:02:03", "it took one oh two and three seconds"),
    // Dates.
    ("2026-03-14", "March fourteenth, twenty twenty-six"),
    ("3/14/2026", "March fourteenth, twenty twenty-six"),
    ("12/25/99", "December twenty-fifth, nineteen ninety-nine"),
    ("on March 3.", "on March third."),
    ("on March 3rd, 2026, we", "on March third, twenty twenty-six, we"),
    ("Jan. 5", "January fifth"),
    ("Sept 21 at noon", "September twenty-first at noon"),
    ("March 2026", "March twenty twenty-six"),
    ("on 3 March", "on the third of March"),
    ("the 3rd of March", "the third of March"),
    ("I may 3 times", "I may three times"),
    ("Mon., Oct. 5", "Monday, October fifth"),
    // Money.
    ("$12.50", "twelve dollars and fifty cents"),
    ("$1", "one dollar"),
    ("$1.01", "one dollar and one cent"),
    ("$0.99", "ninety-nine cents"),
    ("$1,250.00!", "one thousand two hundred fifty dollars!"),
    ("-$5", "minus five dollars"),
    ("$3.5 million", "three point five million dollars"),
    ("$5k", "five thousand dollars"),
    ("$10-$20", "ten to twenty dollars"),
    ("$9.99/month", "nine dollars and ninety-nine cents per month"),
    ("€40 or 40 EUR", "forty euros or forty euros"),
    ("£2.50", "two pounds and fifty pence"),
    ("USD 15", "fifteen dollars"),
    ("50¢", "fifty cents"),
    // Shares and units.
    ("12% off", "twelve percent off"),
    ("99.9 %", "ninety-nine point nine percent"),
    ("10-15%", "ten to fifteen percent"),
    ("5km", "five kilometers"),
    ("1 GB of 16GB", "one gigabyte of sixteen gigabytes"),
    ("100 Mbps", "one hundred megabits per second"),
    ("20°C or 68 °F", "twenty degrees Celsius or sixty-eight degrees Fahrenheit"),
    ("a 90° turn", "a ninety degrees turn"),
    ("30 min. later", "thirty minutes later"),
    // Codes.
    ("order TX-4821", "order T.X, four eight two one"),
    ("order number 4821", "order number four eight two one"),
    ("your code is 309.", "your code is three zero nine."),
    ("order 250 chairs", "order two hundred fifty chairs"),
    ("#4821", "number four eight two one"),
    ("No. 5", "number five"),
    ("No. I won't.", "No. I won't."),
    ("order 47291 please", "order four seven two nine one please"),
    ("007", "zero zero seven"),
    ("COVID-19", "COVID nineteen"),
    ("B12", "B twelve"),
    ("A1B2", "A one B two"),
    ("version 2.4.1", "version two point four point one"),
    ("4K and 5G", "four K and five G"),
    ("card ending in 4242", "card ending in four two four two"),
    ("4242424242424242", "four two four two, four two four two, four two four two, four two four two"),
    ("SKU AB-1234-Z", "SKU A.B, one two three four, Z"),
    // Telephone and addresses on the net.
    ("call 555-0142.", "call five five five, zero one four two."),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("1-800-555-0199", "one, eight zero zero, five five five, zero one nine nine"),
    ("+1 555 123 4567 now", "plus one, five five five, one two three, four five six seven now"),
    ("555.123.4567", "five five five, one two three, four five six seven"),
    ("joe.smith42@example.com", "joe dot smith four two at example dot com"),
    ("see www.example.com/help.", "see W.W.W dot example dot com slash help."),
    ("https://example.org/a-b", "example dot org slash A dash B"),
    // Short forms.
    ("Dr. Smith", "doctor Smith"),
    ("42 Oak Dr.", "forty-two Oak drive."),
    ("42 Maple St.", "forty-two Maple street."),
    ("St. James", "saint James"),
    ("42 St. James St., Apt. 5", "forty-two saint James street, apartment five"),
    ("Mr. and Mrs. Jones", "mister and missus Jones"),
    ("Oak Ave. is near", "Oak avenue is near"),
    ("pens, paper, etc.", "pens, paper, et cetera."),
    ("e.g. this, i.e. that", "for example this, that is that"),
    ("w/o fees", "without fees"),
    ("A&B and AT&T", "A and B and A.T and T"),
    ("salt & pepper", "salt and pepper"),
    ("and/or", "and or"),
    ("he/she", "he or she"),
    ("TCP/IP", "TCP IP"),
    ("1 + 2 = 3", "one plus two equals three"),
    ("ping me @ noon", "ping me at noon"),
    // Nothing to say.
    ("", ""),
    ("...", ""),
    ("?! — …", ""),
    ("😀🎉", ""),
    ("❓", ""),
];

#[test]
fn examples() {
    let wrong: Vec<String> = EXAMPLES
        .iter()
        .filter(|(written, spoken)| normalise(written) != *spoken)
        .map(|(written, spoken)| format!("{written:?} is read {:?}, not {spoken:?}", normalise(written)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), EXAMPLES.len(), wrong.join("\n"));
}

/// Text that resembles what the readers look for, so that they all get their turn.
fn suspicious() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[0-9]{1,20}",
        "[-+$€£#%&/.:,()@°'\"—]{1,3}",
        "[A-Za-z]{1,4}",
        Just(" ".to_owned()),
        Just("St. ".to_owned()),
        Just("a.m. ".to_owned()),
        Just("March ".to_owned()),
        Just("❓".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) {
    let spoken = normalise(text);
    assert!(!spoken.contains(|c: char| c.is_ascii_digit()), "{text:?} leaves digits: {spoken:?}");
    assert!(!spoken.contains(['❓', '$', '%', '@', '/', '&', '[', ']', '_']), "{text:?} leaves symbols: {spoken:?}");
    assert!(spoken.is_empty() || spoken.contains(char::is_alphabetic), "{text:?} leaves only marks: {spoken:?}");
    let pieces = sentences(&spoken);
    let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
    assert_eq!(pieces.iter().map(|p| letters(p)).sum::<usize>(), letters(&spoken), "{text:?} loses letters");
}

proptest! {
    #[test]
    fn any_text_becomes_pronounceable(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn anything_like_a_number_becomes_pronounceable(text in suspicious()) {
        check(&text);
    }
}
