//! What a function says of the capability that it is to be.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, MetaNameValue, Pat, PatType, Result, ReturnType,
    Token, Type,
};

/// A function as it was read. Its arguments no longer have attributes.
pub(crate) struct Signature {
    pub(crate) function: ItemFn,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) arguments: Vec<Argument>,
    /// Whether it returns a `Result`.
    pub(crate) may_fail: bool,
}

/// An argument.
pub(crate) enum Argument {
    /// The call itself.
    Context,
    /// One parameter: its name, type and attributes.
    Parameter(Ident, Type, Vec<Attribute>),
    /// All parameters.
    Parameters(Type),
}

impl Signature {
    pub(crate) fn read(attribute: TokenStream, function: TokenStream) -> Result<Signature> {
        let mut function: ItemFn = syn::parse2(function)?;
        let given = Given::read(attribute)?;
        if function.sig.asyncness.is_none() {
            return Err(Error::new(
                function.sig.fn_token.span(),
                "write `async fn`: calls wait for it without holding a thread",
            ));
        }
        if let Some(generic) = function.sig.generics.params.first() {
            return Err(Error::new(
                generic.span(),
                "no generics here: parameters have types that a caller can be told of",
            ));
        }
        let arguments = function.sig.inputs.iter_mut().map(argument).collect::<Result<Vec<_>>>()?;
        let whole = arguments.iter().filter(|argument| matches!(argument, Argument::Parameters(_))).count();
        let single = arguments.iter().filter(|argument| matches!(argument, Argument::Parameter(..))).count();
        if whole > 1 || whole == 1 && single > 0 {
            let message = "`#[params]` stands on the only argument beside the context";
            return Err(Error::new(function.sig.inputs.span(), message));
        }
        let name = given.name.unwrap_or_else(|| function.sig.ident.to_string().trim_start_matches("r#").to_owned());
        if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            let message = "a name has 1 to 64 letters, digits, `_` or `-`, which is what language models take";
            return Err(Error::new(function.sig.ident.span(), message));
        }
        let description = given.description.unwrap_or_else(|| doc(&function.attrs));
        if description.is_empty() {
            let message = "say what it does in a doc comment: callers, people and models, read it";
            return Err(Error::new(function.sig.ident.span(), message));
        }
        let may_fail = returns_result(&function.sig.output);
        Ok(Signature { function, name, description, arguments, may_fail })
    }
}

/// What the attribute itself says.
#[derive(Default)]
struct Given {
    name: Option<String>,
    description: Option<String>,
}

impl Given {
    fn read(attribute: TokenStream) -> Result<Given> {
        let mut given = Given::default();
        for pair in Punctuated::<MetaNameValue, Token![,]>::parse_terminated.parse2(attribute)? {
            let Some(text) = text(&pair.value) else {
                return Err(Error::new(pair.value.span(), "give a text in quotes"));
            };
            match () {
                () if pair.path.is_ident("name") => given.name = Some(text),
                () if pair.path.is_ident("description") => given.description = Some(text),
                () => return Err(Error::new(pair.path.span(), "there is `name` and `description`")),
            }
        }
        Ok(given)
    }
}

fn argument(argument: &mut FnArg) -> Result<Argument> {
    let FnArg::Typed(PatType { attrs, pat, ty, .. }) = argument else {
        let message =
            "no `self` here: make a capability of a closure (`Capability::new`) where it needs something to hold";
        return Err(Error::new(argument.span(), message));
    };
    let attributes = std::mem::take(attrs);
    if is_context(ty) {
        return Ok(Argument::Context);
    }
    if attributes.iter().any(|attribute| attribute.path().is_ident("params")) {
        return Ok(Argument::Parameters((**ty).clone()));
    }
    match &**pat {
        Pat::Ident(name) if name.by_ref.is_none() => {
            Ok(Argument::Parameter(name.ident.clone(), (**ty).clone(), attributes))
        }
        other => Err(Error::new(other.span(), "give the parameter a name, which is what callers know it by")),
    }
}

/// A reference to something that is called `Context`.
fn is_context(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    match &*reference.elem {
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == "Context"),
        _ => false,
    }
}

fn returns_result(output: &ReturnType) -> bool {
    match output {
        ReturnType::Type(_, ty) => match &**ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == "Result"),
            _ => false,
        },
        ReturnType::Default => false,
    }
}

/// The doc comment as one text.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines = lines.filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) => text(&pair.value),
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
