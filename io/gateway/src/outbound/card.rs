//! Where an agent's card is, and whether it is its own.

use super::address::{below, is_same_host, parse, shown};
use super::carrier::Carrier;
use super::error::ConnectError;
use super::options::Options;
use duologue_a2a::card::{self, Form};
use duologue_a2a::model::AgentCard;
use duologue_a2a::version::Dialect;
use http::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reqwest::Url;
use sha2::{Digest as _, Sha256};

/// RFC 8615; the second is where it was before 0.3.
const PLACES: [&str; 2] = ["/.well-known/agent-card.json", "/.well-known/agent.json"];

/// A card that was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The card.
    pub card: AgentCard,
    /// The version that it is written in.
    pub dialect: Dialect,
    /// Whose signature holds; none: no keys were given to verify it with.
    pub signer: Option<card::Header>,
    /// Where it was found.
    pub url: Url,
    /// For asking whether there is a newer one.
    pub(super) etag: Option<String>,
}

impl Fetched {
    /// SHA-256 of what the card says, in hexadecimal digits: of the canonical form that signatures are over (specification 1.0.1
    /// §8.4.1). None where a number in it has no such form.
    pub fn digest(&self) -> Option<String> {
        let said = card::canonical(&self.card, Form::Specified).ok()?;
        Some(Sha256::digest(said).iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Where the card of an agent at an address can be: the agent's own places, and those of its host.
fn places(url: &Url) -> Result<(Vec<Url>, Vec<Url>), ConnectError> {
    if url.path().ends_with(".json") {
        return Ok((vec![url.clone()], Vec::new()));
    }
    let own = PLACES.iter().map(|place| below(url, place)).collect::<Result<_, _>>()?;
    if url.path().trim_matches('/').is_empty() {
        return Ok((own, Vec::new()));
    }
    let bad = |why: String| ConnectError::BadAddress { url: shown(url.as_str()), why };
    let join = |place: &&str| url.join(place).map_err(|error| bad(error.to_string()));
    let hosts = PLACES.iter().map(join).collect::<Result<_, _>>()?;
    Ok((own, hosts))
}

/// Fetches the card from the first place that has one. The host's is taken only where it is that of the agent at the address.
pub(super) async fn fetch(
    carrier: &Carrier,
    url: &str,
    headers: &HeaderMap,
    options: &Options,
) -> Result<Fetched, ConnectError> {
    let url = parse(url, options)?;
    let (own, hosts) = places(&url)?;
    let mut tried = Vec::new();
    for place in own.iter().chain(&hosts) {
        let status = match ask(carrier, place, headers, options).await? {
            Asked::Card(fetched) if hosts.contains(place) && !is_for(&fetched.card, &url) => {
                let (url, place, name) = (shown(url.as_str()), shown(place.as_str()), fetched.card.name);
                return Err(ConnectError::AnotherAgents { url, place, name });
            }
            Asked::Card(fetched) => return Ok(*fetched),
            Asked::Unchanged => StatusCode::NOT_MODIFIED,
            Asked::Nothing(status) => status,
        };
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(ConnectError::Hidden { url: shown(place.as_str()), status: status.to_string() });
        }
        tried.push(format!("{} ({status})", shown(place.as_str())));
        // It is somewhere else: a card from another place would be another agent's.
        if status.is_redirection() {
            break;
        }
    }
    Err(ConnectError::NoCard { tried: tried.join(", ") })
}

/// Whether a card is of the agent at this address: it is spoken with there, or below.
fn is_for(card: &AgentCard, address: &Url) -> bool {
    let path = address.path().trim_end_matches('/');
    card.supported_interfaces.iter().filter_map(|one| Url::parse(&one.url).ok()).any(|url| {
        let rest = url.path().strip_prefix(path);
        is_same_host(&url, address)
            && url.port_or_known_default() == address.port_or_known_default()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Fetches the card again, where it has changed.
pub(super) async fn fetch_newer(
    carrier: &Carrier,
    known: &Fetched,
    mut headers: HeaderMap,
    options: &Options,
) -> Result<Option<Fetched>, ConnectError> {
    if let Some(etag) = known.etag.as_deref().and_then(|etag| etag.parse().ok()) {
        headers.insert(IF_NONE_MATCH, etag);
    }
    match ask(carrier, &known.url, &headers, options).await? {
        Asked::Card(fetched) => Ok(Some(*fetched)),
        Asked::Unchanged => Ok(None),
        Asked::Nothing(status) => {
            Err(ConnectError::NoCard { tried: format!("{} ({status})", shown(known.url.as_str())) })
        }
    }
}

enum Asked {
    Card(Box<Fetched>),
    Unchanged,
    Nothing(StatusCode),
}

async fn ask(carrier: &Carrier, url: &Url, headers: &HeaderMap, options: &Options) -> Result<Asked, ConnectError> {
    let place = shown(url.as_str());
    let unreachable = |why: String| ConnectError::Unreachable { url: place.clone(), why };
    let answer = async {
        let mut headers = headers.clone();
        headers.append(ACCEPT, HeaderValue::from_static("application/json"));
        let sent = carrier.send((Method::GET, url), headers, None).await;
        let response = sent.map_err(|trouble| trouble.of_connect(place.clone()))?;
        let (status, etag) = (response.status(), response.headers().get(ETAG).cloned());
        let body = response.body(options.limits.body).await.map_err(unreachable)?;
        Ok((status, etag, body))
    };
    let late = |_| ConnectError::TimedOut { url: place.clone(), after: options.timeout };
    let (status, etag, body) = tokio::time::timeout(options.timeout, answer).await.map_err(late)??;
    match status {
        StatusCode::NOT_MODIFIED => return Ok(Asked::Unchanged),
        StatusCode::OK => {}
        other => return Ok(Asked::Nothing(other)),
    }
    let (card, dialect) =
        card::read(&body, &options.limits).map_err(|source| ConnectError::Card { url: place.clone(), source })?;
    let verified = options.card_keys.as_ref().map(|keys| {
        // The SDKs sign another form than the specification's.
        let forms = [Form::Specified, Form::WithoutEmpty];
        card::verify(&body, &forms, |header, input, made| keys.verifies(header, input, made))
    });
    let signer = verified.transpose().map_err(|source| ConnectError::Signature { url: place.clone(), source })?;
    let etag = etag.and_then(|etag| etag.to_str().ok().map(str::to_owned));
    Ok(Asked::Card(Box::new(Fetched { card, dialect, signer, url: url.clone(), etag })))
}
