const MARKS: [&str; 2] = ["#[cfg(test)]", "#[cfg(all(test"];

/// For each line of blanked code, whether it belongs to an item that only tests compile.
pub(super) fn of(code: &str) -> Vec<bool> {
    let mut flags = vec![false; code.lines().count()];
    for (start, item) in test_items(code) {
        let first = line_of(code, start);
        let last = line_of(code, item.end.saturating_sub(1));
        flags.iter_mut().take(last + 1).skip(first).for_each(|flag| *flag = true);
    }
    flags
}

/// Names of the modules that the file declares as `#[cfg(test)] mod name;`: their files are tests as a whole.
pub(crate) fn test_modules(code: &str) -> Vec<String> {
    let declared = |item: &str| {
        let after = item.split_whitespace().skip_while(|word| *word != "mod").nth(1)?;
        after.strip_suffix(';').map(str::to_owned)
    };
    test_items(code).into_iter().filter_map(|(_, item)| declared(&code[item])).collect()
}

/// Where each test-only item's attribute starts, and the span of the item itself.
fn test_items(code: &str) -> Vec<(usize, std::ops::Range<usize>)> {
    let starts = MARKS.iter().flat_map(|mark| code.match_indices(mark).map(|(at, _)| at));
    let mut items: Vec<_> = starts
        .map(|start| {
            let after_attribute = start + matching(&code[start..], '[', ']');
            (start, after_attribute..after_attribute + item_length(&code[after_attribute..]))
        })
        .collect();
    items.sort_by_key(|(start, _)| *start);
    items
}

/// Length of the item at the start of `tail`: to its closing brace, or to the semicolon if it has no body.
fn item_length(tail: &str) -> usize {
    let mut nesting = 0i32;
    for (at, c) in tail.char_indices() {
        match c {
            '(' | '[' => nesting += 1,
            ')' | ']' => nesting -= 1,
            ';' if nesting == 0 => return at + 1,
            '{' if nesting == 0 => return at + matching(&tail[at..], '{', '}'),
            _ => {}
        }
    }
    tail.len()
}

/// Length from the start of `tail` to just behind the bracket that closes its first one.
fn matching(tail: &str, open: char, close: char) -> usize {
    let mut depth = 0usize;
    for (at, c) in tail.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + c.len_utf8();
            }
        }
    }
    tail.len()
}

fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::{of, test_modules};

    #[test]
    fn a_test_module_ends_at_its_brace() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { {} }\n}\nfn c() {}";
        assert_eq!(of(code), [false, true, true, true, true, false]);
    }

    #[test]
    fn further_attributes_and_visibility_belong_to_the_item() {
        let code = "#[cfg(test)]\n#[path(x)]\npub(crate) fn f(a: [u8; 2]) -> u8 {\n}\nfn g() {}";
        assert_eq!(of(code), [true, true, true, true, false]);
    }

    #[test]
    fn declared_modules_are_named() {
        assert_eq!(test_modules("#[cfg(test)]\nmod laws;\nmod other;\n#[cfg(test)]\nmod inline {}\n"), ["laws"]);
    }
}
