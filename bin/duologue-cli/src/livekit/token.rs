//! `duologue token …`

use super::args::{GrantArgs, InspectArgs, KindArg, MintArgs, TokenArgs, TokenCommand};
use super::{moment, now, plain, span};
use crate::output::{Exit, Failure, note, note_error, print, print_json};
use duologue_agents::{KeyPair, server_key};
use duologue_livekit_wire::proto::{RoomAgentDispatch, RoomConfiguration};
use duologue_livekit_wire::token::{self, Claims, TokenError, VideoGrants};
use duologue_providers::Settings;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;

/// Bytes of a token at most; more are not read.
const MAX: u64 = 1 << 16;

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
enum MintError {
    #[error(
        "this token would grant nothing\n  help: give --room and --identity to join a room, --room and --admin to manage one, or --create, --list or --worker"
    )]
    Nothing,
}

/// Why no token can be looked at.
#[derive(Debug, thiserror::Error)]
enum InspectError {
    #[error(
        "what standard input holds is no token: it is no text\n  help: a token is three parts of letters and digits joined by dots; pass it alone, as `duologue token mint` prints it"
    )]
    NoText,
    #[error("standard input cannot be read: {0}\n  help: give the token as the argument, or pipe it in")]
    Input(std::io::Error),
}

pub(crate) fn run(args: &TokenArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    match &args.command {
        TokenCommand::Mint(args) => mint(args, &server_key(settings)?, json),
        TokenCommand::Inspect(args) => inspect(args, settings, json),
    }
}

fn mint(args: &MintArgs, key: &KeyPair, json: bool) -> Result<Exit, Failure> {
    let claims = claims(args, &key.key)?;
    let signed = token::sign(&claims, key.secret.expose())?;
    let expires_at = moment(claims.exp as u64);
    if json {
        print_json(&json!({
            "token": signed, "identity": args.identity, "room": args.room, "expires_at": expires_at,
            "grants": claims.video,
        }));
    } else {
        print(signed);
        note(format!("It {}, until {expires_at}.", rights(&claims.video).join(", ")));
    }
    Ok(Exit::Done)
}

fn claims(args: &MintArgs, key: &str) -> Result<Claims, MintError> {
    let mut claims = token::claims(key, args.identity.as_deref().unwrap_or_default(), now(), args.ttl);
    claims.video = grants(args);
    if rights(&claims.video).is_empty() {
        return Err(MintError::Nothing);
    }
    claims.name = args.name.clone().unwrap_or_default();
    claims.kind = match args.kind {
        KindArg::Standard => "",
        KindArg::Agent => "agent",
        KindArg::Sip => "sip",
        KindArg::Ingress => "ingress",
        KindArg::Egress => "egress",
    }
    .to_owned();
    claims.metadata = args.metadata.clone().unwrap_or_default();
    claims.attributes = args.attributes.iter().cloned().collect();
    if !args.agents.is_empty() {
        let agent = |name: &String| RoomAgentDispatch { agent_name: name.clone(), ..Default::default() };
        let agents = args.agents.iter().map(agent).collect();
        claims.room_config = Some(RoomConfiguration { agents, ..Default::default() });
    }
    Ok(claims)
}

fn grants(args: &MintArgs) -> VideoGrants {
    let GrantArgs { no_publish, no_subscribe, no_data, update_own, hidden, admin, create, list, worker } = args.grants;
    // What is left out is granted.
    let denied = |denied: bool| denied.then_some(false);
    VideoGrants {
        room: args.room.clone().unwrap_or_default(),
        room_join: args.identity.is_some(),
        room_admin: admin,
        room_create: create,
        room_list: list,
        can_publish: denied(no_publish),
        can_subscribe: denied(no_subscribe),
        // Where it may not publish, it may send no data unless that is said.
        can_publish_data: if no_publish && !no_data { Some(true) } else { denied(no_data) },
        can_update_own_metadata: update_own.then_some(true),
        hidden,
        agent: worker || (args.identity.is_some() && args.kind == KindArg::Agent),
        ..Default::default()
    }
}

/// What a token lets its holder do, in words that follow "it".
fn rights(grants: &VideoGrants) -> Vec<String> {
    let mut rights = Vec::new();
    let room = plain(&grants.room);
    if grants.room_join {
        rights.push(format!("joins {room}{}", if grants.hidden { " unseen" } else { "" }));
        let sources = match grants.can_publish_sources.as_slice() {
            [] => String::new(),
            some => format!(" {}", plain(&some.join(" and "))),
        };
        let mut either =
            |may: bool, does: &str, does_not: &str| rights.push(if may { does } else { does_not }.to_owned());
        either(grants.can_publish(), &format!("publishes{sources}"), "does not publish");
        either(grants.can_subscribe(), "hears others", "hears nobody");
        either(grants.can_publish_data(), "sends data", "sends no data");
        if grants.can_update_own_metadata() {
            rights.push("changes what others see of it".to_owned());
        }
    }
    let granted = [
        (grants.room_admin, format!("manages {room}")),
        (!grants.destination_room.is_empty(), format!("moves others to {}", plain(&grants.destination_room))),
        (grants.room_create, "creates and removes rooms".to_owned()),
        (grants.room_list, "lists rooms".to_owned()),
        (grants.agent && !grants.room_join, "registers workers".to_owned()),
        (grants.recorder, "records".to_owned()),
        (grants.room_record, "starts recordings".to_owned()),
        (grants.ingress_admin, "manages ingress".to_owned()),
    ];
    rights.extend(granted.into_iter().filter(|(granted, _)| *granted).map(|(_, right)| right));
    rights
}

/// What is known of a token's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Signature {
    /// Made with the configured key and secret.
    Fits,
    /// Made with others.
    Wrong,
    /// Nothing is configured to compare it with.
    Unchecked,
}

fn inspect(args: &InspectArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let text = given(&args.token)?;
    let claims = token::unverified(text.trim())?;
    let (signature, problem) = check(text.trim(), &claims, server_key(settings).ok().as_ref());
    if json {
        print_json(&as_json(&claims, signature, problem.as_ref()));
    } else {
        show(&claims);
        print(match signature {
            Signature::Fits => "Signature  fits the configured key and secret",
            Signature::Wrong => "Signature  is not made with the configured key and secret",
            Signature::Unchecked => "Signature  not looked at: LIVEKIT_API_KEY or LIVEKIT_API_SECRET is not set",
        });
        if let Some(problem) = &problem {
            note_error(problem);
        }
    }
    Ok(if problem.is_none() { Exit::Done } else { Exit::Failed })
}

fn given(token: &str) -> Result<String, InspectError> {
    if token != "-" {
        return Ok(token.to_owned());
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX).read_to_end(&mut bytes).map_err(InspectError::Input)?;
    String::from_utf8(bytes).map_err(|_| InspectError::NoText)
}

fn check(token: &str, claims: &Claims, key: Option<&KeyPair>) -> (Signature, Option<TokenError>) {
    let Some(key) = key else { return (Signature::Unchecked, token::in_time(claims, now()).err()) };
    match token::verify(token, &key.key, key.secret.expose(), now()) {
        Ok(_) => (Signature::Fits, None),
        // Times are looked at last.
        Err(late @ (TokenError::Expired(_) | TokenError::NotYet(_))) => (Signature::Fits, Some(late)),
        Err(wrong) => (Signature::Wrong, Some(wrong)),
    }
}

fn show(claims: &Claims) {
    let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { plain(text) };
    let kind = or(&claims.kind, "standard");
    let name = if claims.name.is_empty() { String::new() } else { format!(", called {}", plain(&claims.name)) };
    print(format!("For        {} ({kind}{name})", or(&claims.sub, "nobody in particular")));
    print(format!("Made with  API key {}", or(&claims.iss, "(none)")));
    print(format!("Grants     {}", or(&rights(&claims.video).join(", "), "nothing about rooms")));
    if !claims.metadata.is_empty() {
        print(format!("Metadata   {}", plain(&claims.metadata)));
    }
    for (name, value) in claims.attributes.iter().collect::<BTreeMap<_, _>>() {
        print(format!("Attribute  {} = {}", plain(name), plain(value)));
    }
    let agents = claims.room_config.iter().flat_map(|room| &room.agents);
    agents.for_each(|agent| print(format!("Dispatches {}", or(&agent.agent_name, "(any unnamed agent)"))));
    print(format!("From       {}", moment(claims.nbf as u64)));
    if claims.exp == token::ENDLESS {
        return print("Until      (it never expires)");
    }
    let (end, now) = (claims.exp as u64, now());
    let left = match end.checked_sub(now) {
        Some(left) => format!("{} left", span(left)),
        None => format!("expired {} ago", span(now - end)),
    };
    print(format!("Until      {} ({left})", moment(end)));
}

fn as_json(claims: &Claims, signature: Signature, problem: Option<&TokenError>) -> Value {
    json!({
        "identity": claims.sub, "name": claims.name, "kind": claims.kind, "room": claims.video.room,
        "api_key": claims.iss, "valid_from": moment(claims.nbf as u64),
        "expires_at": (claims.exp != token::ENDLESS).then(|| moment(claims.exp as u64)),
        "grants": claims.video, "metadata": claims.metadata,
        "attributes": claims.attributes.iter().collect::<BTreeMap<_, _>>(),
        "agents": claims.room_config.iter().flat_map(|room| &room.agents).map(|a| &a.agent_name).collect::<Vec<_>>(),
        "signature": signature, "valid": problem.is_none(), "problem": problem.map(ToString::to_string),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_in_words() {
        let grants = VideoGrants {
            room_join: true,
            room: "kitchen".into(),
            can_publish: Some(false),
            can_publish_data: Some(true),
            hidden: true,
            room_list: true,
            ..Default::default()
        };
        let told = "joins kitchen unseen, does not publish, hears others, sends data, lists rooms";
        assert_eq!(rights(&grants).join(", "), told);
        assert!(rights(&VideoGrants::default()).is_empty());
    }
}
