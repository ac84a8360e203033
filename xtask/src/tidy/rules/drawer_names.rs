//! No drawers: a module is named after what it holds.

use crate::tidy::source::contains_word;
use crate::tidy::{Finding, SourceFile, Workspace};

const DRAWERS: [&str; 7] = ["utils", "util", "common", "helpers", "helper", "misc", "manager2"];

pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let folders =
        workspace.packages.iter().filter_map(|package| Some((package.folder.clone(), drawer_in(&package.folder)?)));
    let files = workspace.files.iter().filter_map(|file| Some((file.path.clone(), drawer_in(&file.path)?)));
    let modules = workspace.files.iter().flat_map(inline_drawers);
    folders.chain(files).chain(modules).map(|(place, name)| finding(place, name)).collect()
}

fn drawer_in(path: &str) -> Option<&'static str> {
    let mut parts = path.split('/').map(|part| part.trim_end_matches(".rs"));
    parts.find_map(|part| DRAWERS.into_iter().find(|drawer| *drawer == part))
}

fn inline_drawers(file: &SourceFile) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (at, line) in file.code.lines().enumerate() {
        let drawer = |name: &&&str| line.contains('{') && contains_word(line, &format!("mod {name}"));
        found.extend(DRAWERS.iter().find(drawer).map(|name| (format!("{}:{}", file.path, at + 1), *name)));
    }
    found
}

fn finding(place: String, name: &str) -> Finding {
    Finding {
        rule: "drawer-names",
        place,
        what: format!("`{name}` names a drawer"),
        why: "anything fits into a drawer, so everything ends up there and nobody finds it again".into(),
        instead: "name it after what it holds (`clause`, `backoff`), or move each function to the type that it serves"
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::model::fixtures::file;

    #[test]
    fn drawers_are_found_as_files_folders_and_modules() {
        assert_eq!(check(&file("io/x/src/utils.rs", ""))[0].place, "io/x/src/utils.rs");
        assert_eq!(check(&file("tests/common/mod.rs", "")).len(), 1);
        assert_eq!(check(&file("io/x/src/a.rs", "pub mod misc {\n}\n"))[0].place, "io/x/src/a.rs:1");
    }

    #[test]
    fn names_that_only_contain_the_word_pass() {
        assert_eq!(check(&file("io/x/src/common_name.rs", "mod utilisation {}\n")), []);
    }
}
