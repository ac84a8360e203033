//! What every page of Duologue has in common: its look, the switch between light and dark, and the policy that lets only
//! our scripts run.

use super::html::{escaped, fill};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const HEAD: &str = include_str!("head.html");
const BRAND: &str = include_str!("brand.html");
const STYLE: &str = include_str!("style/theme.css");
const SCRIPT: &str = include_str!("script/theme.js");

/// What stands in the `head` element of a page with this title, stylesheet and script; none of it loads anything, and
/// nothing runs but this script and the switch of the colours. That one runs before the body is painted and sends a
/// `themechange` event to the document when the colours change.
///
/// The stylesheet sets the variables (`--ink`, `--card`, `--c0`, …; `--c0` and `--c1` belong to the two parties, and
/// `.p0`, `.p1` choose between them) and the pieces `.page`, `.card`, `.heading`, `.hero`, `.brand`, `.headline`, `.pill`,
/// `.facts`, `.tiles`, `.verdicts`, `.chip`.
pub fn head(title: &str, style: &str, script: &str) -> String {
    let values = [
        ("policy", content_security_policy(&[SCRIPT, script])),
        ("title", escaped(title)),
        ("theme_script", SCRIPT.to_owned()),
        ("theme_style", STYLE.to_owned()),
        ("style", style.to_owned()),
    ];
    fill(HEAD, &values)
}

/// The name and sign of Duologue with the kind of page, and the switch of the colours, which is hidden where scripts do not
/// run.
pub fn brand(kind: &str) -> String {
    fill(BRAND, &[("kind", escaped(kind))])
}

/// A content security policy (CSP level 3) for a page that carries everything itself: exactly these scripts run, found by
/// the digest of their text; sound and pictures come from the page or from beside it; nothing else is loaded.
fn content_security_policy(scripts: &[&str]) -> String {
    let digests: Vec<String> =
        scripts.iter().map(|s| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(s.as_bytes())))).collect();
    format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:; media-src data: blob: 'self' file:; \
         base-uri 'none'; form-action 'none'",
        digests.join(" ")
    )
}
