//! Which of an agent's interfaces is used.

use super::address::{is_same_host, parse, parse_grpc};
use super::card::Fetched;
use super::error::ConnectError;
use super::options::Options;
use crate::binding::Binding;
use duologue_a2a::model::AgentInterface;
use duologue_a2a::version::Dialect;
use reqwest::Url;

/// The interface of an agent that is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its address.
    pub url: Url,
    /// How calls are carried.
    pub binding: Binding,
    /// The version that is spoken.
    pub dialect: Dialect,
    /// The tenant that calls are for; empty: none.
    pub tenant: String,
}

/// The most preferred of those that can be used: by version, then by binding, then as the agent lists them.
pub(super) fn choose(fetched: &Fetched, options: &Options) -> Result<Interface, ConnectError> {
    let all = &fetched.card.supported_interfaces;
    let usable: Vec<Result<Interface, String>> = all.iter().map(|one| usable(one, fetched, options)).collect();
    for dialect in &options.dialects {
        for binding in &options.bindings {
            let fits = |one: &&Interface| one.dialect == *dialect && one.binding == *binding;
            if let Some(found) = usable.iter().flatten().find(fits) {
                return Ok(found.clone());
            }
        }
    }
    let told = all.iter().zip(&usable).map(|(one, usable)| {
        let why = usable.as_ref().err().map_or("not among those", String::as_str);
        format!("{} {} at {} ({why})", one.protocol_binding, one.protocol_version, super::address::shown(&one.url))
    });
    let names = |all: Vec<&str>| all.join(" or ");
    let bindings = names(options.bindings.iter().map(|binding| binding.as_str()).collect());
    let dialects = names(options.dialects.iter().map(|dialect| dialect.as_str()).collect());
    Err(ConnectError::NothingInCommon {
        offered: told.collect::<Vec<_>>().join(", "),
        wanted: format!("{bindings} in version {dialects}"),
    })
}

/// An interface, or why it cannot be used.
fn usable(one: &AgentInterface, fetched: &Fetched, options: &Options) -> Result<Interface, String> {
    let binding = Binding::named(&one.protocol_binding).ok_or("another binding")?;
    let dialect = Dialect::of(&one.protocol_version).ok_or("another version")?;
    let url = match (binding, dialect) {
        (Binding::Grpc, Dialect::V0_3) => return Err("0.3 is not spoken over gRPC here".to_owned()),
        (Binding::Grpc, _) => parse_grpc(&one.url, options),
        _ => parse(&one.url, options),
    };
    let url = url.map_err(|error| match error {
        ConnectError::Plaintext { .. } => "not encrypted".to_owned(),
        other => other.to_string(),
    })?;
    if options.has_credentials() && fetched.signer.is_none() && !is_same_host(&url, &fetched.url) {
        return Err("credentials go to the card's own host, unless its signature is verified".to_owned());
    }
    Ok(Interface { url, binding, dialect, tenant: one.tenant.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_a2a::model::{AgentCard, Secret};

    fn fetched(interfaces: &[(&str, &str, &str)]) -> Fetched {
        let of = |(url, binding, version): &(&str, &str, &str)| AgentInterface {
            url: (*url).into(),
            protocol_binding: (*binding).into(),
            protocol_version: (*version).into(),
            tenant: "t".into(),
        };
        let card = AgentCard { supported_interfaces: interfaces.iter().map(of).collect(), ..AgentCard::default() };
        let url = Url::parse("https://agent.example.org/.well-known/agent-card.json").expect("an address");
        Fetched { card, dialect: Dialect::V1_0, signer: None, url, etag: None }
    }

    fn chosen(fetched: &Fetched, options: &Options) -> Option<(Binding, Dialect, String)> {
        choose(fetched, options).ok().map(|one| (one.binding, one.dialect, one.url.to_string()))
    }

    #[test]
    fn the_newer_version_goes_before_the_preferred_binding() {
        let fetched = fetched(&[
            ("https://agent.example.org/old", "JSONRPC", "0.3.0"),
            ("https://agent.example.org/rest", "HTTP+JSON", "1.0"),
            ("agent.example.org:443", "GRPC", "1.0"),
        ]);
        let rest = (Binding::Http, Dialect::V1_0, "https://agent.example.org/rest".to_owned());
        assert_eq!(chosen(&fetched, &Options::default()), Some(rest));
        let grpc = Options { bindings: vec![Binding::Grpc], ..Options::default() };
        let there = (Binding::Grpc, Dialect::V1_0, "https://agent.example.org/".to_owned());
        assert_eq!(chosen(&fetched, &grpc), Some(there));
        let old = Options { dialects: vec![Dialect::V0_3], ..Options::default() };
        assert_eq!(chosen(&fetched, &old).map(|chosen| chosen.0), Some(Binding::JsonRpc));
    }

    #[test]
    fn what_is_not_used_is_told_with_its_reason() {
        let fetched = fetched(&[
            ("http://agent.example.org/", "JSONRPC", "1.0"),
            ("https://agent.example.org/", "SOAP", "1.0"),
            ("https://agent.example.org/", "JSONRPC", "2.0"),
            ("agent.example.org:1", "GRPC", "0.3"),
        ]);
        let told = choose(&fetched, &Options::default()).expect_err("none can be used").to_string();
        for why in ["(not encrypted)", "(another binding)", "(another version)", "(0.3 is not spoken over gRPC here)"] {
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn credentials_go_to_the_cards_own_host() {
        let elsewhere = fetched(&[("https://other.example.org/", "JSONRPC", "1.0")]);
        assert!(choose(&elsewhere, &Options::default()).is_ok());
        let with = Options { bearer: Some(Secret::new("x")), ..Options::default() };
        assert!(choose(&elsewhere, &with).is_err());
        assert!(choose(&fetched(&[("https://agent.example.org:8443/", "JSONRPC", "1.0")]), &with).is_ok());
    }
}
