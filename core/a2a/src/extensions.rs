//! Extensions that a client declares, and those that an agent requires.

use crate::error::{A2aError, ErrorKind};
use crate::model::AgentCard;

/// Name of the header that carries the URIs of extensions, in both directions.
pub const EXTENSIONS_HEADER: &str = "A2A-Extensions";

/// Its name in 0.3.
pub const EXTENSIONS_HEADER_0_3: &str = "X-A2A-Extensions";

/// No more URIs than this are read.
const MOST: usize = 64;

/// The URIs in a header, each once, in the order in which they stand.
pub fn read(header: &str) -> Vec<&str> {
    let mut uris = Vec::new();
    for uri in header.split(',').map(str::trim).filter(|uri| !uri.is_empty()).take(MOST) {
        if !uris.contains(&uri) {
            uris.push(uri);
        }
    }
    uris
}

/// Those of the declared extensions that the agent supports: what it uses in this call and says in the header of its answer.
/// ```
/// use duologue_a2a::extensions;
/// use duologue_a2a::model::{AgentCapabilities, AgentCard, AgentExtension};
///
/// let extension = AgentExtension { uri: "urn:x".into(), required: true, ..Default::default() };
/// let capabilities = AgentCapabilities { extensions: vec![extension], ..Default::default() };
/// let card = AgentCard { capabilities, ..Default::default() };
/// assert_eq!(extensions::agree(&card, &extensions::read("urn:y, urn:x"))?, ["urn:x"]);
/// assert!(extensions::agree(&card, &[]).is_err());
/// # Ok::<(), duologue_a2a::error::A2aError>(())
/// ```
///
/// # Errors
/// [`ErrorKind::ExtensionSupportRequired`] where one that the card requires was not declared (specification 1.0.1 §3.3.4).
pub fn agree<'a>(card: &'a AgentCard, declared: &[&str]) -> Result<Vec<&'a str>, A2aError> {
    let extensions = &card.capabilities.extensions;
    let is_declared = |uri: &str| declared.contains(&uri);
    if let Some(missing) = extensions.iter().find(|extension| extension.required && !is_declared(&extension.uri)) {
        let message = format!("This agent requires {}: declare it in the header {EXTENSIONS_HEADER}", missing.uri);
        return Err(A2aError::new(ErrorKind::ExtensionSupportRequired, message).with("extension", &missing.uri));
    }
    Ok(extensions.iter().map(|extension| extension.uri.as_str()).filter(|uri| is_declared(uri)).collect())
}
