//! `openapi.json` is what the program serves.

use std::path::Path;

#[test]
fn the_contract_in_git_is_the_one_that_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let served = serde_json::to_string_pretty(&duologue_api::openapi()).unwrap() + "\n";
    if std::env::var_os("DUOLOGUE_WRITE_CONTRACT").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == served,
        "openapi.json is not what the program serves: DUOLOGUE_WRITE_CONTRACT=1 cargo test -p duologue-api writes it; the \
         page's client is made of it (make page)"
    );
}
