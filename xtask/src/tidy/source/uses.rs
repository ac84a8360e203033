/// Line and full path of every name that the `use` declarations in blanked code bring in.
pub(super) fn paths(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let starts_item = code[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let Some(end) = code[at..].find(';').filter(|_| starts_item) else { continue };
        let line = code[..at].matches('\n').count() + 1;
        let tree = code[at + 4..at + end].split_whitespace().collect::<Vec<_>>().join(" ");
        expand("", &tree, &mut |path| found.push((line, path)));
    }
    found
}

fn expand(prefix: &str, tree: &str, emit: &mut dyn FnMut(String)) {
    match tree.split_once('{') {
        None => {
            // What follows ` as ` is a new name and no part of the path.
            let path = tree.split(" as ").next().unwrap_or(tree);
            emit(format!("{prefix}{}", path.trim()));
        }
        Some((head, rest)) => {
            let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
            for branch in branches(inner) {
                expand(&format!("{prefix}{}", head.trim()), branch, emit);
            }
        }
    }
}

/// Splits at the commas that stand in no inner braces.
fn branches(inner: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0i32, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[start..]);
    found.retain(|branch| !branch.trim().is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::paths;

    fn names(code: &str) -> Vec<String> {
        paths(code).into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn nested_trees_are_taken_apart() {
        assert_eq!(
            names("use std::{fs, net::{Ipv4Addr, TcpStream}};"),
            ["std::fs", "std::net::Ipv4Addr", "std::net::TcpStream"]
        );
    }

    #[test]
    fn a_new_name_is_no_part_of_the_path() {
        assert_eq!(names("use std::{fs as disk, io};"), ["std::fs", "std::io"]);
    }

    #[test]
    fn lines_are_those_of_the_declaration() {
        assert_eq!(paths("\npub use std::{\n  fs,\n};"), [(2, "std::fs".to_owned())]);
    }

    #[test]
    fn other_words_that_end_in_use_are_not_declarations() {
        assert_eq!(names("fn reuse (x);"), Vec::<String>::new());
    }
}
