//! Names of tools.

/// The longest name that language models take.
const LONGEST: usize = 64;
/// What every session has by itself.
const BUILT_IN: &str = "end_call";

/// Whether it is a name that models take, and that is free.
pub(crate) fn check(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(is_letter) {
        return Err(format!("a name has 1 to {LONGEST} letters, digits, `_` or `-`"));
    }
    if name == BUILT_IN { Err(format!("`{BUILT_IN}` is built in")) } else { Ok(()) }
}

/// A stranger's name for models: other characters become `_`.
pub(crate) fn foreign(prefix: Option<&str>, name: &str) -> Result<String, String> {
    let name: String = name.chars().map(|c| if is_letter(c) { c } else { '_' }).collect();
    let name = match prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}_{name}"),
        _ => name,
    };
    check(&name).map(|()| name)
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_models_take() {
        assert!(check("look_up-2").is_ok());
        for bad in ["", "a b", "größe", "end_call", &"x".repeat(65)] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(foreign(None, "fs/read.file").unwrap(), "fs_read_file");
        assert_eq!(foreign(Some("disk"), "read").unwrap(), "disk_read");
        assert!(foreign(Some("disk"), &"x".repeat(60)).is_err() && foreign(None, "end_call").is_err());
    }
}
