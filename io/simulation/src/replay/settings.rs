use super::SettingError;
use crate::suite::TurnSettings;
use serde_json::{Map, Value};

/// The longest time that a setting takes, ms.
const LONGEST_MS: f64 = 60_000.0;

/// Changes a setting as a command line names it: `endpointing.min_delay_ms=800`, `preemptive=false`. Names are those of
/// a suite's `turns`, with a dot or an underscore after the first word.
///
/// # Errors
/// There is no such setting, or it does not take the value.
pub fn set(turns: &mut TurnSettings, assignment: &str) -> Result<(), SettingError> {
    let (name, text) = assignment.split_once('=').ok_or_else(|| SettingError::Form(assignment.to_owned()))?;
    let (name, text) = (name.trim(), text.trim());
    let key = name.replace('.', "_");
    let mut all = fields(turns);
    if !all.contains_key(&key) {
        let known = all.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(SettingError::Unknown { name: name.to_owned(), known });
    }
    let wrong = |help| SettingError::Value { name: name.to_owned(), value: text.to_owned(), help };
    let value: Value = serde_json::from_str(text).map_err(|_| wrong("it takes a number, `true` or `false`"))?;
    if value.as_f64().is_some_and(|n| !(0.0..=LONGEST_MS).contains(&n)) {
        return Err(wrong("it takes 0 to 60000"));
    }
    let help = match key.as_str() {
        "preemptive" => "it takes `true` or `false`",
        "interruption_min_words" => "it takes a whole number of words",
        _ => "it takes milliseconds",
    };
    if value.is_null() {
        return Err(wrong(help));
    }
    all.insert(key, value);
    *turns = serde_json::from_value(Value::Object(all)).map_err(|_| wrong(help))?;
    Ok(())
}

fn fields(turns: &TurnSettings) -> Map<String, Value> {
    match serde_json::to_value(turns) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn settings_are_named_as_in_a_suite() {
        let mut turns = TurnSettings::default();
        for assignment in ["interruption.min_duration_ms=300", "endpointing_min_delay_ms = 800", "preemptive=false"] {
            set(&mut turns, assignment).unwrap();
        }
        assert_eq!(turns.interruption_min_duration_ms, Some(300.0));
        assert_eq!((turns.endpointing_min_delay_ms, turns.preemptive), (Some(800.0), Some(false)));
    }

    #[test]
    fn what_is_no_setting_is_told() {
        let told = |assignment: &str| set(&mut TurnSettings::default(), assignment).unwrap_err().to_string();
        assert!(told("preemptive").contains("NAME=VALUE"));
        assert!(told("volume=3").contains("interruption_min_duration_ms"), "the known ones are named");
        assert!(told("preemptive=3").contains("`true` or `false`"));
        assert!(told("preemptive=null").contains("`true` or `false`"));
        assert!(told("interruption.min_words=1.5").contains("whole number"));
        assert!(told("endpointing.min_delay_ms=-1").contains("0 to 60000"));
        assert!(told("endpointing.min_delay_ms=soon").contains("number"));
    }

    proptest! {
        #[test]
        fn any_assignment_is_survived(text in any::<String>(), value in any::<String>()) {
            drop(set(&mut TurnSettings::default(), &text));
            drop(set(&mut TurnSettings::default(), &format!("preemptive={value}")));
        }
    }
}
