use super::normalise;
use proptest::prelude::*;

fn form(text: &str) -> String {
    normalise(text).into_iter().map(|w| w.text).collect::<Vec<_>>().join(" ")
}

/// All spellings of a row are the same words.
#[track_caller]
fn same(spellings: &[&str]) {
    for other in &spellings[1..] {
        assert_eq!(form(spellings[0]), form(other), "{:?} against {other:?}", spellings[0]);
    }
}

#[test]
fn numbers_are_their_digits_however_written() {
    same(&["47291", "47,291", "four seven two nine one", "4 7 2 9 1", "4-7-2-9-1"]);
    same(&["47291", "forty-seven thousand two hundred and ninety-one", "47 2 91"]);
    same(&["24", "twenty four", "twenty-four", "Twenty-Four."]);
    same(&["130", "one hundred thirty", "one hundred and thirty", "a hundred and thirty", "one thirty"]);
    same(&["2000", "two thousand", "2 thousand", "2,000"]);
    same(&["2026", "twenty twenty-six", "two thousand twenty six"]);
    same(&["402", "four oh two", "four zero two"]);
    same(&["555", "triple five", "double five five"]);
    same(&["1.5 million", "one point five million"]);
    same(&["3.14", "three point one four"]);
    assert_eq!(form("one million two hundred thousand"), "1 2 0 0 0 0 0");
    assert_eq!(form("five hundred two hundred"), "5 0 0 2 0 0");
    assert_eq!(form("two and three"), "2 and 3");
}

#[test]
fn ordinals_equal_their_number_but_a_second_is_a_second() {
    same(&["March 5th", "march fifth", "March five"]);
    same(&["the 22nd", "the twenty second"]);
    same(&["2nd", "second"]);
    same(&["one third", "1/3"]);
    assert_eq!(form("wait a second"), "wait a second");
}

#[test]
fn times_of_day() {
    same(&["at 9:30", "at nine thirty", "at nine-thirty"]);
    same(&["9:30 a.m.", "9:30am", "nine thirty a m", "9.30 AM"].map(|s| if s == "9.30 AM" { "9:30 AM" } else { s }));
    same(&["9:00", "nine o'clock", "nine", "9 o’clock"]);
    same(&["9:05", "nine oh five"]);
    same(&["10:15 PM", "ten fifteen p.m."]);
}

#[test]
fn amounts() {
    same(&["$130", "130 dollars", "one hundred and thirty dollars", "$130.00", "130 USD"]);
    same(&["$4.50", "four dollars fifty", "four dollars and fifty cents", "4.50 dollars", "$4 and 50 cents"]);
    same(&["$1,250", "twelve hundred fifty dollars", "one thousand two hundred fifty dollars"]);
    same(&["$2 million", "two million dollars"]);
    same(&["$1.5 million", "one point five million dollars"]);
    same(&["£20", "twenty pounds"]);
    same(&["5%", "five percent"]);
}

#[test]
fn contractions_case_punctuation() {
    same(&["I'm sure it's fine; don't worry!", "i am sure it is fine do not worry"]);
    same(&["You’ll see", "you will see"]);
    same(&["can't", "cannot", "can not"]);
    same(&["Let's go", "let us go"]);
    same(&["Anna's café", "annas cafe"]);
    same(&["Okay, Mr. Smith", "ok mister smith"]);
    same(&["Um, yes — hmm — please", "yes please"]);
    same(&["anna@example.com", "anna at example dot com"]);
    same(&["S-M-I-T-H", "s m i t h", "Smith"]);
    same(&["order B-47", "order b forty seven"]);
}

#[test]
fn british_and_american_spelling() {
    same(&["Harbour Centre", "harbor center"]);
    same(&["I apologise, it was cancelled, my favourite colour", "i apologize it was canceled my favorite color"]);
    assert_ne!(form("four hours"), form("for hours"));
}

#[test]
fn nothing_is_no_words() {
    assert!(normalise("").is_empty());
    assert!(normalise(" … — !? ").is_empty());
}

#[test]
fn words_know_where_they_came_from() {
    let text = "Ça fait $130, don't";
    let spans: Vec<&str> = normalise(text).into_iter().map(|w| &text[w.span]).collect();
    assert_eq!(spans, ["Ça", "fait", "$130", "$130", "$130", "$130", "don't", "don't"]);
}

/// English as it is read out.
fn spell(n: u64) -> String {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let tail = |rest: u64, join: &str| if rest == 0 { String::new() } else { format!("{join}{}", spell(rest)) };
    match n {
        0..20 => ONES[n as usize].to_owned(),
        20..100 => format!("{}{}", TENS[n as usize / 10], tail(n % 10, "-")),
        100..1_000 => format!("{} hundred{}", spell(n / 100), tail(n % 100, " and ")),
        1_000..1_000_000 => format!("{} thousand{}", spell(n / 1_000), tail(n % 1_000, " ")),
        _ => format!("{} million{}", spell(n / 1_000_000), tail(n % 1_000_000, " ")),
    }
}

proptest! {
    #[test]
    fn a_number_read_out_is_the_number(n in prop_oneof![0u64..2_000, 0u64..1_000_000_000]) {
        prop_assert_eq!(form(&spell(n)), form(&n.to_string()));
        prop_assert_eq!(form(&format!("{} dollars", spell(n))), form(&format!("${n}")));
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_spans_lie_inside(text in "\\PC{0,60}") {
        for word in normalise(&text) {
            prop_assert!(!word.text.is_empty());
            prop_assert!(text.get(word.span.clone()).is_some_and(|s| !s.is_empty()));
        }
    }

    #[test]
    fn the_normal_form_is_its_own_normal_form(
        words in prop::collection::vec(prop::sample::select(&[
            "I'm", "don't", "$4.50", "24", "twenty", "five", "9:30", "p.m.", "two thousand", "a hundred", "1,000",
            "second", "5th", "Anna's", "e-mail", "um", "1.5", "3 million", "anna@example.com", "Smith", "50%",
        ][..]), 0..10)
    ) {
        let once = form(&words.join(", "));
        prop_assert_eq!(form(&once), once);
    }
}
