//! The few words that need knowing: contractions, hesitations, spelling variants, numerals, currencies.

/// What a number word contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numeral {
    /// 0 to 9.
    Unit(u64),
    /// 10 to 19.
    Teen(u64),
    /// 20, 30, … 90.
    Tens(u64),
    /// Times a hundred.
    Hundred,
    /// Times a thousand, a million, a billion.
    Scale(u64),
}

/// The numeral that a word is, ordinals included (`second` is left to time).
pub(super) fn numeral(word: &str) -> Option<Numeral> {
    use Numeral::*;
    Some(match word {
        "zero" => Unit(0),
        "one" | "first" => Unit(1),
        "two" => Unit(2),
        "three" | "third" => Unit(3),
        "four" | "fourth" => Unit(4),
        "five" | "fifth" => Unit(5),
        "six" | "sixth" => Unit(6),
        "seven" | "seventh" => Unit(7),
        "eight" | "eighth" => Unit(8),
        "nine" | "ninth" => Unit(9),
        "ten" | "tenth" => Teen(10),
        "eleven" | "eleventh" => Teen(11),
        "twelve" | "twelfth" => Teen(12),
        "thirteen" | "thirteenth" => Teen(13),
        "fourteen" | "fourteenth" => Teen(14),
        "fifteen" | "fifteenth" => Teen(15),
        "sixteen" | "sixteenth" => Teen(16),
        "seventeen" | "seventeenth" => Teen(17),
        "eighteen" | "eighteenth" => Teen(18),
        "nineteen" | "nineteenth" => Teen(19),
        "twenty" | "twentieth" => Tens(20),
        "thirty" | "thirtieth" => Tens(30),
        "forty" | "fortieth" => Tens(40),
        "fifty" | "fiftieth" => Tens(50),
        "sixty" | "sixtieth" => Tens(60),
        "seventy" | "seventieth" => Tens(70),
        "eighty" | "eightieth" => Tens(80),
        "ninety" | "ninetieth" => Tens(90),
        "hundred" | "hundredth" => Hundred,
        "thousand" | "thousandth" => Scale(1_000),
        "million" | "millionth" => Scale(1_000_000),
        "billion" | "billionth" => Scale(1_000_000_000),
        _ => return None,
    })
}

/// The currency a sign stands for.
pub(super) fn currency_sign(c: char) -> Option<&'static str> {
    Some(match c {
        '$' => "dollar",
        '€' => "euro",
        '£' => "pound",
        '¥' => "yen",
        _ => return None,
    })
}

/// Whether a word of the normal form names a currency.
pub(super) fn is_currency(word: &str) -> bool {
    matches!(word, "dollar" | "euro" | "pound" | "yen")
}

/// Lower case without accents.
pub(super) fn fold(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).flat_map(|c| plain(c).chars().collect::<Vec<_>>()).collect()
}

fn plain(c: char) -> String {
    match c {
        '\u{300}'..='\u{36f}' => return String::new(),
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'ä' | 'æ' => "ae",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' => "o",
        'ö' | 'œ' => "oe",
        'ù' | 'ú' | 'û' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ß' => "ss",
        other => return other.to_string(),
    }
    .to_owned()
}

/// A lower-case word, apostrophes included, as the words it stands for; none for a hesitation.
pub(super) fn expand(word: &str) -> Vec<String> {
    let fixed: &[&str] = match word {
        "um" | "uh" | "uhm" | "er" | "erm" | "hm" | "hmm" | "mm" | "mmm" | "mhm" => &[],
        "o'clock" => &["oclock"],
        "won't" => &["will", "not"],
        "can't" | "cannot" => &["can", "not"],
        "shan't" => &["shall", "not"],
        "ain't" => &["is", "not"],
        "let's" => &["let", "us"],
        "y'all" => &["you", "all"],
        "gonna" => &["going", "to"],
        "wanna" => &["want", "to"],
        "gotta" => &["got", "to"],
        "alright" => &["all", "right"],
        "okay" => &["ok"],
        "mr" => &["mister"],
        "mrs" => &["missus"],
        "dr" => &["doctor"],
        "dollars" | "usd" => &["dollar"],
        "euros" | "eur" => &["euro"],
        "pounds" | "gbp" => &["pound"],
        "cents" => &["cent"],
        _ => return ending(word),
    };
    fixed.iter().map(|&w| w.to_owned()).collect()
}

fn ending(word: &str) -> Vec<String> {
    const ENDINGS: [(&str, &str); 6] =
        [("n't", "not"), ("'m", "am"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'d", "would")];
    for (end, full) in ENDINGS {
        if let Some(stem) = word.strip_suffix(end).filter(|s| !s.is_empty()) {
            return vec![stem.replace('\'', ""), full.to_owned()];
        }
    }
    // The s of "it's" is a verb, that of "Anna's" a case.
    let verb = ["it", "he", "she", "that", "what", "where", "who", "how", "when", "there", "here"];
    if let Some(stem) = word.strip_suffix("'s").filter(|s| verb.contains(s)) {
        return vec![stem.to_owned(), "is".to_owned()];
    }
    let bare = word.replace('\'', "");
    if bare.is_empty() { Vec::new() } else { vec![american(bare)] }
}

/// British and American spelling are one. Words that only look alike change too (`advise`), which harms nothing: both
/// transcripts pass here.
fn american(word: String) -> String {
    match word.as_str() {
        "grey" => return "gray".to_owned(),
        "cheque" => return "check".to_owned(),
        "programme" => return "program".to_owned(),
        _ if word.len() < 6 => return word,
        _ => {}
    }
    for consonant in ["b", "i", "l", "m", "n", "v"] {
        let british = format!("{consonant}our");
        if word.contains(&british) {
            return word.replace(&british, &format!("{consonant}or"));
        }
    }
    const ENDINGS: [(&str, &str); 10] = [
        ("ise", "ize"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("ising", "izing"),
        ("isation", "ization"),
        ("tre", "ter"),
        ("ogue", "og"),
        ("elled", "eled"),
        ("elling", "eling"),
        ("ellation", "elation"),
    ];
    for (british, ending) in ENDINGS {
        if let Some(stem) = word.strip_suffix(british) {
            return format!("{stem}{ending}");
        }
    }
    word
}
