//! Who somebody is, and what its token grants. Statuses and words are those of livekit-server (`pkg/service/auth.go`,
//! `rtcservice.go`), which clients show and act on; a token itself is never repeated.

use crate::clock::Clock;
use crate::config::ApiKey;
use axum::http::{HeaderMap, StatusCode, header};
use duologue_livekit_wire::join::JoinRequestError;
use duologue_livekit_wire::proto::participant_info::Kind;
use duologue_livekit_wire::proto::{ParticipantPermission, TrackSource};
use duologue_livekit_wire::query::QueryError;
use duologue_livekit_wire::token::{self, Claims, SignError, TokenError, VideoGrants};
use std::sync::Arc;
use std::time::Duration;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("invalid authorization header. Must start with Bearer ")]
    NotBearer,
    #[error("invalid authorization token")]
    Malformed,
    #[error("invalid API key: {0}")]
    Key(String),
    #[error("invalid token: {0}")]
    Token(TokenError),
    #[error("no permissions to access the room")]
    NoGrant,
    #[error("permissions denied")]
    NotToJoin,
    #[error("identity cannot be empty")]
    NoIdentity,
    #[error("participant identity length exceeds limits: max length {0}")]
    LongIdentity(usize),
    #[error("no room name")]
    NoRoom,
    #[error("room name length exceeds limits: max length {0}")]
    LongRoom(usize),
    #[error("join_request is required")]
    NoRequest,
    #[error("cannot read join request: {0}")]
    Request(#[from] JoinRequestError),
    #[error("cannot decode attributes: {0}")]
    Query(#[from] QueryError),
    #[error("room has exceeded its max participants")]
    Full,
    #[error("the server has as many rooms as it takes; delete one, or raise its limit")]
    TooManyRooms,
    #[error("the server is shutting down")]
    Leaving,
    #[error("{0}")]
    Peer(String),
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::NotBearer | Refusal::Malformed | Refusal::Key(_) | Refusal::Token(_) => StatusCode::UNAUTHORIZED,
            Refusal::NoGrant | Refusal::NotToJoin => StatusCode::UNAUTHORIZED,
            Refusal::NoIdentity | Refusal::LongIdentity(_) | Refusal::NoRoom | Refusal::LongRoom(_) => {
                StatusCode::BAD_REQUEST
            }
            Refusal::NoRequest | Refusal::Request(_) | Refusal::Query(_) => StatusCode::BAD_REQUEST,
            Refusal::Full | Refusal::Peer(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Refusal::TooManyRooms | Refusal::Leaving => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Somebody whose token holds.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) claims: Claims,
    /// The key that its token was made with, and the next ones will be.
    pub(crate) key: Arc<ApiKey>,
}

/// The keys of a server.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Arc<[Arc<ApiKey>]>);

impl Keys {
    /// `None` where there is no key, or an empty one.
    pub(crate) fn new(keys: Vec<ApiKey>) -> Option<Keys> {
        let sound = |key: &ApiKey| !key.key.is_empty() && !key.secret.expose().is_empty();
        (!keys.is_empty() && keys.iter().all(sound)).then(|| Keys(keys.into_iter().map(Arc::new).collect()))
    }

    /// Whose token a request brings, in a header or in its address; none where it brings none.
    pub(crate) fn visitor(&self, headers: &HeaderMap, query: &str, clock: Clock) -> Result<Option<Visitor>, Refusal> {
        let given = match headers.get(header::AUTHORIZATION) {
            Some(value) => {
                let value = value.to_str().map_err(|_| Refusal::NotBearer)?;
                Some(value.strip_prefix("Bearer ").ok_or(Refusal::NotBearer)?)
            }
            None => parameter(query, "access_token"),
        };
        given.filter(|token| !token.is_empty()).map(|token| self.verified(token, clock)).transpose()
    }

    fn verified(&self, token: &str, clock: Clock) -> Result<Visitor, Refusal> {
        let issuer = token::issuer(token).map_err(|_| Refusal::Malformed)?;
        let Some(key) = self.0.iter().find(|key| key.key == issuer) else { return Err(Refusal::Key(issuer)) };
        let claims = token::verify(token, &key.key, key.secret.expose(), clock.unix_seconds());
        Ok(Visitor { claims: claims.map_err(Refusal::Token)?, key: Arc::clone(key) })
    }
}

/// A parameter of an address, where it needs no unescaping: tokens and base64 do not.
pub(crate) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
}

/// What a token lets somebody do in its room. What it does not mention is allowed, but for changing one's own metadata.
#[allow(deprecated)]
pub(crate) fn permission(grants: &VideoGrants) -> ParticipantPermission {
    let can_publish = grants.can_publish.unwrap_or(true);
    ParticipantPermission {
        can_publish,
        can_subscribe: grants.can_subscribe.unwrap_or(true),
        can_publish_data: grants.can_publish_data.unwrap_or(can_publish),
        can_publish_sources: grants.can_publish_sources.iter().map(|name| source(name).into()).collect(),
        can_update_metadata: grants.can_update_own_metadata.unwrap_or(false),
        hidden: grants.hidden,
        recorder: grants.recorder,
        agent: grants.agent,
        ..Default::default()
    }
}

/// The grants of somebody to whom this is permitted now.
pub(crate) fn grants(now: &ParticipantPermission, before: &VideoGrants) -> VideoGrants {
    VideoGrants {
        can_publish: Some(now.can_publish),
        can_subscribe: Some(now.can_subscribe),
        can_publish_data: Some(now.can_publish_data),
        can_publish_sources: sources(&now.can_publish_sources),
        can_update_own_metadata: Some(now.can_update_metadata),
        ..before.clone()
    }
}

/// Sources as tokens spell them.
pub(crate) fn sources(sources: &[i32]) -> Vec<String> {
    let known = sources.iter().filter_map(|source| TrackSource::try_from(*source).ok());
    known.map(|source| source.as_str_name().to_ascii_lowercase()).collect()
}

/// A source that no token can name is one that nobody publishes: the list stays a limit.
fn source(name: &str) -> TrackSource {
    TrackSource::from_str_name(&name.to_ascii_uppercase()).unwrap_or(TrackSource::Unknown)
}

/// What kind of participant a token makes of its bearer.
pub(crate) fn kind(claims: &Claims) -> Kind {
    Kind::from_str_name(&claims.kind.to_ascii_uppercase()).unwrap_or(Kind::Standard)
}

/// A token with these claims, valid from now on for as long.
pub(crate) fn sign(claims: Claims, key: &ApiKey, clock: Clock, ttl: Duration) -> Result<String, SignError> {
    let times = token::claims(&key.key, &claims.sub, clock.unix_seconds(), ttl);
    token::sign(&Claims { iss: times.iss, nbf: times.nbf, exp: times.exp, ..claims }, key.secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_becomes_grants_and_a_permission_again() {
        let video = VideoGrants {
            can_publish_sources: vec!["microphone".into(), "SCREEN_SHARE_AUDIO".into()],
            can_publish: Some(true),
            hidden: true,
            ..Default::default()
        };
        let first = permission(&video);
        assert_eq!(first.can_publish_sources, [2, 4]);
        assert!(first.can_publish_data && first.can_subscribe && !first.can_update_metadata && first.hidden);
        assert_eq!(permission(&grants(&first, &video)), first);
        assert!(!permission(&VideoGrants { can_publish: Some(false), ..Default::default() }).can_publish_data);
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        assert_eq!(parameter("a_access_token=1&access_token=x.y&access_token=z", "access_token"), Some("x.y"));
        assert_eq!(parameter("access_token", "access_token"), None);
    }
}
