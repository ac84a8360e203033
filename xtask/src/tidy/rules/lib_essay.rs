//! A crate's front page says what it is for: `lib.rs` begins with `//!`.

use crate::tidy::{Finding, Workspace};

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let front_pages = workspace.files.iter().filter(|file| file.path.ends_with("/src/lib.rs"));
    front_pages
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| Finding {
            rule: "lib-essay",
            place: format!("{}:1", file.path),
            what: "does not begin with `//!`".into(),
            why: "the front page of a crate is where a newcomer starts reading".into(),
            instead: "say in a few sentences what the crate is for and how its types meet, with a snippet that runs"
                .into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::file;

    #[test]
    fn front_pages_begin_with_an_essay() {
        assert_eq!(check(&file("core/ids/src/lib.rs", "//! Ids.\n")), []);
        assert_eq!(check(&file("core/ids/src/lib.rs", "mod a;\n")).len(), 1);
        assert_eq!(check(&file("core/ids/src/other.rs", "mod a;\n")), []);
    }
}
