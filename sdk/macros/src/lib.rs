//! The attributes of the crate `duologue`, which re-exports and explains them: [`macro@capability`] and [`macro@tool`].

#![forbid(unsafe_code)]

mod expand;
mod signature;

use proc_macro::TokenStream;

/// Makes a capability of an async function: something that other agents call by its name.
///
/// The function's name is the capability's, its doc comment the description, and its arguments, with their doc comments, are
/// the parameters; attributes of serde and schemars on them hold. An argument of type `&Context` is the call itself. What it
/// returns is serialized; of a `Result` the error has to turn into a `CapabilityError`.
///
/// One argument marked `#[params]` is all the parameters in place of one of them. `#[capability(name = "…", description = "…")]` goes
/// before what the function says. The function stays callable as `its_name::call(…)`.
#[proc_macro_attribute]
pub fn capability(attribute: TokenStream, function: TokenStream) -> TokenStream {
    expanded(expand::Kind::Capability, attribute, function)
}

/// Makes a tool of an async function: something that a language model calls in a conversation.
///
/// Written as [`macro@capability`] is.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, function: TokenStream) -> TokenStream {
    expanded(expand::Kind::Tool, attribute, function)
}

fn expanded(kind: expand::Kind, attribute: TokenStream, function: TokenStream) -> TokenStream {
    expand::expand(kind, attribute.into(), function.into()).unwrap_or_else(|error| error.to_compile_error()).into()
}
