//! Where an agent's card is, and whether it is its own.

use super::address::{below, parse, shown};
use super::error::{ConnectError, reasons};
use super::http::body_of;
use super::options::Options;
use duologue_a2a::card::{self, Form};
use duologue_a2a::model::AgentCard;
use duologue_a2a::version::Dialect;
use http::header::{ACCEPT, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use reqwest::Url;

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

/// Where the card of an agent at an address can be.
pub(super) fn places(url: &Url) -> Result<Vec<Url>, ConnectError> {
    if url.path().ends_with(".json") {
        return Ok(vec![url.clone()]);
    }
    let mut all: Vec<Url> = PLACES.iter().map(|place| below(url, place)).collect::<Result<_, _>>()?;
    if !url.path().trim_matches('/').is_empty() {
        for place in PLACES {
            all.push(
                url.join(place)
                    .map_err(|error| ConnectError::BadAddress { url: shown(url.as_str()), why: error.to_string() })?,
            );
        }
    }
    Ok(all)
}

/// Fetches the card from the first place that has one.
pub(super) async fn fetch(
    client: &reqwest::Client,
    url: &str,
    headers: &HeaderMap,
    options: &Options,
) -> Result<Fetched, ConnectError> {
    let url = parse(url, options.allow_plaintext)?;
    let mut tried = Vec::new();
    for place in places(&url)? {
        match ask(client, &place, headers, options).await? {
            Asked::Card(fetched) => return Ok(*fetched),
            Asked::Unchanged => tried.push(format!("{place} (not changed, though nobody has it)")),
            Asked::Nothing(status) => tried.push(format!("{} ({status})", shown(place.as_str()))),
        }
    }
    Err(ConnectError::NoCard { tried: tried.join(", ") })
}

/// Fetches the card again, where it has changed.
pub(super) async fn fetch_newer(
    client: &reqwest::Client,
    known: &Fetched,
    mut headers: HeaderMap,
    options: &Options,
) -> Result<Option<Fetched>, ConnectError> {
    if let Some(etag) = known.etag.as_deref().and_then(|etag| etag.parse().ok()) {
        headers.insert(IF_NONE_MATCH, etag);
    }
    match ask(client, &known.url, &headers, options).await? {
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

async fn ask(
    client: &reqwest::Client,
    url: &Url,
    headers: &HeaderMap,
    options: &Options,
) -> Result<Asked, ConnectError> {
    let place = shown(url.as_str());
    let unreachable = |why: String| ConnectError::Unreachable { url: place.clone(), why };
    let answer = async {
        let request = client.get(url.clone()).headers(headers.clone()).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|error| unreachable(reasons(&error)))?;
        let (status, etag) = (response.status(), response.headers().get(ETAG).cloned());
        let body = body_of(response, options.limits.body).await.map_err(unreachable)?;
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
