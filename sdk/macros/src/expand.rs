//! What becomes of a function: a type of its name that can be called and that turns into a capability or a tool.

use crate::signature::{Argument, Signature};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, Result};

/// What the function is to be.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Capability,
    Tool,
}

pub(crate) fn expand(kind: Kind, attribute: TokenStream, function: TokenStream) -> Result<TokenStream> {
    let signature = Signature::read(attribute, function)?;
    let (visibility, name) = (&signature.function.vis, &signature.function.sig.ident);
    let docs = signature.function.attrs.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let (method, into) = (method(&signature), into(kind, &signature));
    Ok(quote! {
        #(#docs)*
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name;

        const _: () = {
            // A parameter, or anything in the body, may have the name of the function: in here it is one, which hides nothing.
            #[allow(dead_code)]
            fn #name() {}

            impl #name {
                #method
            }
        };

        #into
    })
}

/// The function as it was written, under the name `call`.
fn method(signature: &Signature) -> TokenStream {
    let mut function = signature.function.clone();
    function.sig.ident = Ident::new("call", function.sig.ident.span());
    function.vis = syn::parse_quote!(pub);
    quote! {
        #[allow(clippy::too_many_arguments, clippy::unused_async, missing_docs, unreachable_pub)]
        #function
    }
}

fn into(kind: Kind, signature: &Signature) -> TokenStream {
    let function = &signature.function.sig.ident;
    let (name, description) = (&signature.name, &signature.description);
    let (parameters, ty) = parameters(signature);
    let arguments = signature.arguments.iter().map(|argument| match argument {
        Argument::Context => quote!(&context),
        Argument::Parameter(name, ..) => quote!(params.#name),
        Argument::Parameters(_) => quote!(params),
    });
    let call = quote!(#function::call(#(#arguments),*).await);
    let outcome = if signature.may_fail {
        quote!(#call.map_err(::core::convert::Into::into))
    } else {
        quote!(::core::result::Result::Ok(#call))
    };
    let (of, method, made) = match kind {
        Kind::Capability => ("IntoCapability", "into_capability", "Capability"),
        Kind::Tool => ("IntoTool", "into_tool", "Tool"),
    };
    let (of, method, made) = (format_ident!("{of}"), format_ident!("{method}"), format_ident!("{made}"));
    quote! {
        impl ::duologue::#of for #function {
            fn #method(self) -> ::duologue::#made {
                #parameters
                ::duologue::#made::new(#name, #description, |params: #ty, context| {
                    let _ = &params;
                    ::std::boxed::Box::pin(async move {
                        let _ = &context;
                        #outcome
                    })
                })
            }
        }
    }
}

/// The type of the parameters, and what it is called.
fn parameters(signature: &Signature) -> (TokenStream, TokenStream) {
    let mut fields = Vec::new();
    for argument in &signature.arguments {
        match argument {
            Argument::Context => {}
            Argument::Parameters(ty) => return (TokenStream::new(), quote!(#ty)),
            Argument::Parameter(name, ty, attributes) => fields.push(quote!(#(#attributes)* #name: #ty)),
        }
    }
    let defined = quote! {
        #[derive(::duologue::__private::serde::Deserialize, ::duologue::__private::schemars::JsonSchema)]
        #[serde(crate = "::duologue::__private::serde", deny_unknown_fields)]
        #[schemars(crate = "::duologue::__private::schemars")]
        struct Params { #(#fields),* }
    };
    (defined, quote!(Params))
}
