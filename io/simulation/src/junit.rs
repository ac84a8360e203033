use crate::results::{BoundResult, CaseResult, ConversationResult, Run};
use std::fmt::Write;

/// Says in a run that was stopped that it was.
const INCOMPLETE: &str = "  <testsuite name=\"run\" tests=\"1\" failures=\"0\" errors=\"1\" time=\"0.000\">
    <testcase classname=\"run\" name=\"all conversations were held\" time=\"0.000\">
      <error message=\"the run was stopped before all conversations were held\"/>
    </testcase>
  </testsuite>
";

/// A run as JUnit XML: a suite for each case, a test for each conversation and each bound.
pub(crate) fn junit(run: &Run) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let bounds = |c: &CaseResult| c.bounds.len();
    let tests = run.conversations + run.cases.iter().map(bounds).sum::<usize>();
    let (failures, errors) = (run.cases.iter().map(failures).sum::<usize>(), usize::from(!run.complete));
    let tests = tests + errors;
    let _ = writeln!(
        xml,
        "<testsuites name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{:.3}\">",
        escaped(&run.suite),
        run.simulated_s
    );
    for case in &run.cases {
        let time: f64 = case.conversations.iter().map(|c| c.duration_s).sum();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{time:.3}\">",
            escaped(&case.id),
            case.conversations.len() + bounds(case),
            self::failures(case)
        );
        case.conversations.iter().for_each(|c| conversation(&mut xml, &case.id, c));
        case.bounds.iter().for_each(|b| bound(&mut xml, &case.id, b));
        xml.push_str("  </testsuite>\n");
    }
    if !run.complete {
        xml.push_str(INCOMPLETE);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn failures(case: &CaseResult) -> usize {
    case.conversations.iter().filter(|c| !c.passed).count() + case.bounds.iter().filter(|b| !b.passed).count()
}

fn conversation(xml: &mut String, case: &str, result: &ConversationResult) {
    let name = format!("seed {}", result.seed);
    let failure = (!result.passed).then(|| {
        let failures = result.failures();
        let first = failures.first().cloned().unwrap_or_else(|| "its goal was not reached".to_owned());
        (first, format!("{}\n{}", failures.join("\n"), result.folder))
    });
    test(xml, case, (&name, result.duration_s), failure);
}

fn bound(xml: &mut String, case: &str, result: &BoundResult) {
    let limits = [("at least", result.bound.min), ("at most", result.bound.max)];
    let wanted: Vec<String> = limits.iter().filter_map(|(word, v)| v.map(|v| format!("{word} {v}"))).collect();
    let value = result.value.map_or("no value".to_owned(), |v| v.to_string());
    let failure = (!result.passed).then(|| {
        let why = format!("{} is {value}, wanted {}", result.metric, wanted.join(" and "));
        (why.clone(), why)
    });
    test(xml, case, (&result.metric, 0.0), failure);
}

fn test(xml: &mut String, case: &str, (name, time): (&str, f64), failure: Option<(String, String)>) {
    let _ = write!(xml, "    <testcase classname=\"{}\" name=\"{}\" time=\"{time:.3}\"", escaped(case), escaped(name));
    let _ = match failure {
        None => writeln!(xml, "/>"),
        Some((message, text)) => writeln!(
            xml,
            ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
            escaped(&message),
            escaped(&text)
        ),
    };
}

/// As text or attribute of XML 1.0, which has no place for most control characters at all.
fn escaped(text: &str) -> String {
    let allowed = |c: &char| *c >= ' ' && !matches!(c, '\u{FFFE}' | '\u{FFFF}') || matches!(c, '\n' | '\t');
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(allowed) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::{case, held, run};

    #[test]
    fn a_run_that_was_stopped_is_no_success() {
        let mut run = run(vec![case("a", vec![held("a", 1, &[])], &[])]);
        assert!(junit(&run).contains("tests=\"1\" failures=\"0\" errors=\"0\"") && !junit(&run).contains("<error"));
        run.complete = false;
        assert!(junit(&run).contains("tests=\"2\" failures=\"0\" errors=\"1\"") && junit(&run).contains("<error"));
    }

    #[test]
    fn what_people_said_cannot_end_an_attribute() {
        assert_eq!(escaped("a<b> & \"c\"\u{1}\n"), "a&lt;b&gt; &amp; &quot;c&quot;&#10;");
    }
}
