//! `duologue card`: what an agent says of itself.

use super::args::CardArgs;
use super::{print, unconnected};
use crate::output::{self, Exit, Failure, plain};
use duologue_a2a::card::{Form, Header, verify};
use duologue_a2a::model::{AgentCapabilities, AgentCard, SecurityScheme};
use duologue_gateway::outbound::{Fetched, Interface, Options};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) async fn run(args: &CardArgs, home: &Path, json: bool) -> Result<Exit, Failure> {
    let options = args.reach.options(home).await?;
    let fetched = Fetched::at(&args.url, &options).await.map_err(unconnected)?;
    // A card is shown also where there is no way to speak with the agent.
    let chosen = fetched.interface(&options);
    if json {
        output::print_json(&as_json(&fetched, chosen.as_ref().ok()));
        return Ok(Exit::Done);
    }
    show(&fetched, chosen.as_ref().ok(), &options);
    if let Err(error) = chosen {
        output::note(format!("warning: {}", output::harmless(&unconnected(error).to_string())));
    }
    Ok(Exit::Done)
}

/// Keys that the card says that it is signed by.
fn signers(card: &AgentCard) -> Vec<Header> {
    let mut signers = Vec::new();
    let json = serde_json::to_vec(card).unwrap_or_default();
    // Nothing is verified here: only the headers are looked at.
    drop(verify(&json, &[Form::Specified], |header, _, _| {
        if !signers.contains(header) {
            signers.push(header.clone());
        }
        false
    }));
    signers
}

fn as_json(fetched: &Fetched, chosen: Option<&Interface>) -> Value {
    let key = |header: &Header| json!({ "kid": header.kid, "alg": header.alg });
    json!({
        "url": fetched.url.as_str(),
        "version": fetched.dialect.as_str(),
        "card": fetched.card,
        "interface": chosen.map(|one| json!({
            "url": one.url.as_str(), "binding": one.binding.as_str(), "version": one.dialect.as_str(), "tenant": one.tenant,
        })),
        "digest": fetched.digest(),
        "signed_by": signers(&fetched.card).iter().map(key).collect::<Vec<_>>(),
        "verified_by": fetched.signer.as_ref().map(key),
    })
}

fn show(fetched: &Fetched, chosen: Option<&Interface>, options: &Options) {
    let card = &fetched.card;
    output::print(plain(&format!("{} {}", card.name, card.version)).trim_end());
    if !card.description.is_empty() {
        print(&card.description);
    }
    let mut lines = vec![("card", format!("{} (A2A {})", fetched.url, fetched.dialect.as_str()))];
    if let Some(provider) = &card.provider {
        lines.push(("provider", format!("{} {}", provider.organization, provider.url).trim().to_owned()));
    }
    if let Some(url) = &card.documentation_url {
        lines.push(("documentation", url.clone()));
    }
    lines.push(("capabilities", capabilities(&card.capabilities)));
    lines.push(("input", list(&card.default_input_modes)));
    lines.push(("output", list(&card.default_output_modes)));
    let schemes: Vec<String> =
        card.security_schemes.iter().map(|(name, scheme)| format!("{name} ({})", kind(scheme))).collect();
    lines.push(("security", list(&schemes)));
    lines.push(("signature", signature(fetched, options)));
    lines
        .push(("sha-256", fetched.digest().unwrap_or_else(|| "none: a number in it has no canonical form".to_owned())));
    for (name, value) in lines {
        output::print(format!("{name:<14} {}", plain(&value)));
    }
    tables(card, chosen);
}

fn tables(card: &AgentCard, chosen: Option<&Interface>) {
    let mut is_marked = false;
    let interfaces: Vec<[String; 4]> = card
        .supported_interfaces
        .iter()
        .map(|one| {
            let is_chosen = !is_marked
                && chosen.is_some_and(|chosen| {
                    chosen.binding.as_str().eq_ignore_ascii_case(&one.protocol_binding)
                        && one.protocol_version.starts_with(chosen.dialect.as_str())
                        && chosen.tenant == one.tenant
                });
            is_marked |= is_chosen;
            let mark = if is_chosen { "*" } else { "" };
            [mark.to_owned(), one.protocol_binding.clone(), one.protocol_version.clone(), one.url.clone()]
        })
        .collect();
    print_table(["USED", "BINDING", "VERSION", "ADDRESS"], interfaces);
    if !card.skills.is_empty() {
        let skill = |one: &duologue_a2a::model::AgentSkill| [one.id.clone(), one.name.clone(), one.description.clone()];
        let skills: Vec<[String; 3]> = card.skills.iter().map(skill).collect();
        print_table(["SKILL", "NAME", "WHAT"], skills);
    }
    let extensions = &card.capabilities.extensions;
    if !extensions.is_empty() {
        let needed = |required| if required { "required" } else { "" };
        let rows: Vec<[String; 3]> = extensions
            .iter()
            .map(|one| [one.uri.clone(), needed(one.required).to_owned(), one.description.clone()])
            .collect();
        print_table(["EXTENSION", "", "WHAT"], rows);
    }
}

/// A table, set off from what is above it.
fn print_table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) {
    let rows: Vec<_> = rows.into_iter().map(|row| row.map(|cell| plain(&cell))).collect();
    output::print(format!("\n{}", output::table(head, &rows)));
}

fn list(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn capabilities(capabilities: &AgentCapabilities) -> String {
    let all = [
        (capabilities.streaming, "streaming"),
        (capabilities.push_notifications, "push notifications"),
        (capabilities.extended_agent_card, "extended card"),
    ];
    list(&all.iter().filter(|(has, _)| *has == Some(true)).map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>())
}

const fn kind(scheme: &SecurityScheme) -> &'static str {
    match scheme {
        SecurityScheme::ApiKey(_) => "API key",
        SecurityScheme::HttpAuth(_) => "HTTP authentication",
        SecurityScheme::OAuth2(_) => "OAuth 2",
        SecurityScheme::OpenIdConnect(_) => "OpenID Connect",
        SecurityScheme::MutualTls(_) => "mutual TLS",
    }
}

fn signature(fetched: &Fetched, options: &Options) -> String {
    if let Some(header) = &fetched.signer {
        return format!("verified: by key {} ({})", header.kid, header.alg);
    }
    let signers = signers(&fetched.card);
    let names: Vec<String> = signers.iter().map(|header| format!("{} ({})", header.kid, header.alg)).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false if options.card_keys.is_none() => {
            format!("not verified: says that it is by key {}; --keys FILE verifies it", names.join(", "))
        }
        false => format!("not verified: by key {}", names.join(", ")),
    }
}
