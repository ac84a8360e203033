//! What every page of Duologue has in common: its look, the switch between light and dark, and the policy that lets only
//! our scripts run.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The look of a page, as three pieces of text. None of them loads anything.
///
/// The stylesheet sets the variables (`--ink`, `--card`, `--c0`, …; `--c0` and `--c1` belong to the two parties, and
/// `.p0`, `.p1` choose between them) and the pieces `.page`, `.card`, `.heading`, `.hero`, `.brand`, `.headline`, `.pill`,
/// `.facts`, `.tiles`, `.verdicts`, `.chip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Content of a `style` element.
    pub style: &'static str,
    /// Content of a `script` element in the head, before the body is painted. It sends a `themechange` event to the document
    /// when the colours change.
    pub script: &'static str,
    /// The element that the script makes the switch of; it is hidden where scripts do not run.
    pub switch: &'static str,
}

/// The look that the report of a conversation has.
pub const fn theme() -> Theme {
    Theme {
        style: include_str!("style/theme.css"),
        script: include_str!("script/theme.js"),
        switch: "<div class=\"theme\" role=\"group\" aria-label=\"Colours\" hidden></div>",
    }
}

/// A content security policy (CSP level 3) for a page that carries everything itself: exactly these scripts run, found by
/// the digest of their text; sound and pictures come from the page or from beside it; nothing else is loaded.
pub fn content_security_policy(scripts: &[&str]) -> String {
    let digests: Vec<String> =
        scripts.iter().map(|s| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(s.as_bytes())))).collect();
    format!(
        "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:; media-src data: blob: 'self' file:; \
         base-uri 'none'; form-action 'none'",
        digests.join(" ")
    )
}
