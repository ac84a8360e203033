//! The Workload API.

use super::Inner;
use super::attest::Attested;
use super::office::Office;
use super::root::Issued;
use crate::clock;
use crate::jwt;
use crate::workload::wire::spiffe_workload_api_server::SpiffeWorkloadApi;
use crate::workload::wire::{
    JwtBundlesRequest, JwtBundlesResponse, Jwtsvid, JwtsvidRequest, JwtsvidResponse, ValidateJwtsvidRequest,
    ValidateJwtsvidResponse, X509BundlesRequest, X509BundlesResponse, X509svid, X509svidRequest, X509svidResponse,
};
use crate::workload::{SECURITY_HEADER, TOKEN_HEADER};
use duologue_ids::SpiffeId;
use duologue_trust::{Caller, Moment, TokenDigest};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tonic::{Code, Request, Response, Status};

/// Most audiences of one token, and bytes of one.
const AUDIENCES: usize = 32;
const AUDIENCE_MAX: usize = 2048;

/// Answers one connection's requests.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) inner: Arc<Inner>,
    pub(super) caller: Arc<Attested>,
}

/// One who asks, and what was shown with the request.
#[derive(Clone)]
struct Asking {
    service: Service,
    token: Option<TokenDigest>,
}

impl Service {
    async fn asking<T>(&self, request: &Request<T>) -> Result<(Asking, Vec<SpiffeId>), Status> {
        let metadata = request.metadata();
        if metadata.get(SECURITY_HEADER.0).is_none_or(|value| value != SECURITY_HEADER.1) {
            return Err(Status::invalid_argument(
                "security header missing from request: send workload.spiffe.io: true",
            ));
        }
        let token = metadata.get(TOKEN_HEADER).map(|token| digest(token.as_bytes()));
        let asking = Asking { service: self.clone(), token };
        let ids = asking.admitted(|_, ids| Ok(ids)).await?;
        Ok((asking, ids))
    }
}

/// What of a token is kept.
pub(super) fn digest(token: &[u8]) -> TokenDigest {
    TokenDigest(Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Asking {
    /// What `make` makes for who this is, if it still is.
    async fn admitted<T: Send + 'static>(
        &self,
        make: impl FnOnce(&mut Office, Vec<SpiffeId>) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let (inner, caller, token) =
            (Arc::clone(&self.service.inner), Arc::clone(&self.service.caller), self.token.clone());
        // It reads files, and the whole program where its bytes are asked for; and others may be waiting for a disk.
        let made = tokio::task::spawn_blocking(move || {
            let asks = |uid: u32, path: &str| inner.office().registry.asks_for_bytes(uid, path);
            let caller = caller.caller(asks).map_err(|error| not_issued(&error.to_string()))?;
            let mut office = inner.office();
            let ids = admit(&mut office, &caller, token.as_ref()).map_err(|why| not_issued(&why))?;
            make(&mut office, ids)
        });
        made.await.unwrap_or_else(|_| Err(not_issued("the authority is ending")))
    }

    /// What `make` makes, whenever it differs from what was sent before.
    fn stream<T: Clone + PartialEq + Send + 'static>(self, make: Make<T>) -> BoxStream<'static, Result<T, Status>> {
        let changes = self.service.inner.changes();
        let following = Following { asking: self, changes, make, sent: None, again: None };
        stream::unfold(Some(following), |following| async move {
            let mut following = following?;
            match following.next().await {
                Ok(message) => Some((Ok(message), Some(following))),
                Err(status) => Some((Err(status), None)),
            }
        })
        .boxed()
    }
}

fn admit(office: &mut Office, caller: &Caller, token: Option<&TokenDigest>) -> Result<Vec<SpiffeId>, String> {
    let before = office.registry.tokens.clone();
    let ids = office.registry.admit(caller, token, clock::now()).map_err(|error| error.to_string())?;
    if office.registry.tokens != before {
        // Shown once is shown for ever, also after a crash.
        if let Err(error) = office.save() {
            office.registry.tokens = before;
            return Err(error.to_string());
        }
    }
    Ok(ids)
}

fn not_issued(why: &str) -> Status {
    tracing::info!(%why, "no identity issued");
    Status::permission_denied(format!("no identity issued: {why}"))
}

/// Makes a message about ids, and says when it is to be made anew.
type Make<T> = fn(&mut Office, &[SpiffeId]) -> Result<(T, Moment), Status>;

struct Following<T> {
    asking: Asking,
    changes: watch::Receiver<u64>,
    make: Make<T>,
    sent: Option<T>,
    again: Option<Moment>,
}

impl<T: Clone + PartialEq + Send + 'static> Following<T> {
    async fn next(&mut self) -> Result<T, Status> {
        loop {
            if let Some(again) = self.again {
                self.wait(again).await?;
            }
            self.changes.mark_unchanged();
            let make = self.make;
            let (message, again) = self.asking.admitted(move |office, ids| make(office, &ids)).await?;
            // Not sooner than this, whatever the clock does.
            self.again = Some(again.max(clock::now().plus(Duration::from_millis(50))));
            if self.sent.as_ref() != Some(&message) {
                self.sent = Some(message.clone());
                return Ok(message);
            }
        }
    }

    async fn wait(&mut self, again: Moment) -> Result<(), Status> {
        let wait = again.since(clock::now()).min(Duration::from_secs(24 * 3600));
        tokio::select! {
            changed = self.changes.changed() => changed.map_err(|_| Status::unavailable("the authority is ending")),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

#[async_trait::async_trait]
impl SpiffeWorkloadApi for Service {
    type FetchX509SVIDStream = BoxStream<'static, Result<X509svidResponse, Status>>;
    type FetchX509BundlesStream = BoxStream<'static, Result<X509BundlesResponse, Status>>;
    type FetchJWTBundlesStream = BoxStream<'static, Result<JwtBundlesResponse, Status>>;

    async fn fetch_x509svid(
        &self,
        request: Request<X509svidRequest>,
    ) -> Result<Response<Self::FetchX509SVIDStream>, Status> {
        let (asking, _) = self.asking(&request).await?;
        Ok(Response::new(asking.stream(svids)))
    }

    async fn fetch_x509_bundles(
        &self,
        request: Request<X509BundlesRequest>,
    ) -> Result<Response<Self::FetchX509BundlesStream>, Status> {
        let (asking, _) = self.asking(&request).await?;
        Ok(Response::new(asking.stream(|office, _| {
            let mut bundles = federated(office);
            bundles.insert(office.domain.id().to_string(), own(office));
            Ok((X509BundlesResponse { crl: office.lists().to_vec(), bundles }, Moment::FAR))
        })))
    }

    async fn fetch_jwtsvid(&self, request: Request<JwtsvidRequest>) -> Result<Response<JwtsvidResponse>, Status> {
        let (_, ids) = self.asking(&request).await?;
        let JwtsvidRequest { audience, spiffe_id } = request.into_inner();
        let is_bad = |one: &String| one.is_empty() || one.len() > AUDIENCE_MAX;
        if audience.is_empty() || audience.len() > AUDIENCES || audience.iter().any(is_bad) {
            return Err(Status::invalid_argument(
                "name the audience of the token: one to 32 names of up to 2048 bytes",
            ));
        }
        let wanted: Vec<SpiffeId> =
            ids.into_iter().filter(|id| spiffe_id.is_empty() || id.to_string() == spiffe_id).collect();
        if wanted.is_empty() {
            return Err(Status::permission_denied(format!(
                "no identity issued: {spiffe_id:?} is none of this process"
            )));
        }
        let office = self.inner.office();
        let svid = |id: &SpiffeId| {
            let svid = office.token(id, &audience, clock::now()).map_err(|error| internal(&error))?;
            Ok(Jwtsvid { spiffe_id: id.to_string(), svid, hint: String::new() })
        };
        let svids = wanted.iter().map(svid).collect::<Result<_, Status>>()?;
        Ok(Response::new(JwtsvidResponse { svids }))
    }

    async fn fetch_jwt_bundles(
        &self,
        request: Request<JwtBundlesRequest>,
    ) -> Result<Response<Self::FetchJWTBundlesStream>, Status> {
        let (asking, _) = self.asking(&request).await?;
        Ok(Response::new(asking.stream(|office, _| {
            let bundle = |(domain, document): (duologue_ids::TrustDomain, duologue_trust::document::Document)| {
                (domain.id().to_string(), document.write_jwt().into_bytes())
            };
            let bundles = office.jwt_bundles().into_iter().map(bundle).collect();
            Ok((JwtBundlesResponse { bundles }, Moment::FAR))
        })))
    }

    async fn validate_jwtsvid(
        &self,
        request: Request<ValidateJwtsvidRequest>,
    ) -> Result<Response<ValidateJwtsvidResponse>, Status> {
        self.asking(&request).await?;
        let ValidateJwtsvidRequest { audience, svid } = request.into_inner();
        if audience.is_empty() {
            return Err(Status::invalid_argument("name the audience that the token has to be for"));
        }
        let office = self.inner.office();
        let bad = |error: duologue_trust::jwt::BadJwt| Status::invalid_argument(error.to_string());
        let (id, _) = jwt::validate(&svid, &audience, &office.jwt_bundles(), clock::now()).map_err(bad)?;
        if office.registry.revoked.contains(&id) {
            return Err(bad(duologue_trust::jwt::BadJwt::Revoked));
        }
        let claims = claims(&svid).map(|claims| Struct { fields: claims });
        Ok(Response::new(ValidateJwtsvidResponse { spiffe_id: id.to_string(), claims }))
    }
}

fn svids(office: &mut Office, ids: &[SpiffeId]) -> Result<(X509svidResponse, Moment), Status> {
    let now = clock::now();
    let mut again = Moment::FAR;
    let mut svids = Vec::new();
    for id in ids {
        let issued = office.svid(id, now).map_err(|error| internal(&error))?;
        again = again.min(issued.renewal());
        svids.push(svid(issued, office));
    }
    let answer = X509svidResponse { svids, crl: office.lists().to_vec(), federated_bundles: federated(office) };
    Ok((answer, again))
}

fn svid(issued: Issued, office: &Office) -> X509svid {
    X509svid {
        spiffe_id: issued.id.to_string(),
        x509_svid: issued.certificate.to_vec(),
        x509_svid_key: issued.key,
        bundle: own(office),
        hint: String::new(),
    }
}

fn own(office: &Office) -> Vec<u8> {
    office.bundle().iter().flat_map(|certificate| certificate.to_vec()).collect()
}

fn federated(office: &Office) -> HashMap<String, Vec<u8>> {
    let bundles = office.foreign.iter().filter(|(_, document)| !document.x509.is_empty());
    bundles.map(|(domain, document)| (domain.id().to_string(), document.x509.concat())).collect()
}

fn internal(error: &super::office::OfficeError) -> Status {
    tracing::error!(%error, "nothing could be issued");
    Status::new(Code::Internal, error.to_string())
}

/// All claims of a token that was verified.
fn claims(token: &str) -> Option<std::collections::BTreeMap<String, Value>> {
    use base64::Engine;
    let part = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok()?;
    let serde_json::Value::Object(claims) = serde_json::from_slice(&bytes).ok()? else { return None };
    Some(claims.into_iter().map(|(name, claim)| (name, value(claim))).collect())
}

fn value(json: serde_json::Value) -> Value {
    let kind = match json {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(is) => Kind::BoolValue(is),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text),
        serde_json::Value::Array(list) => Kind::ListValue(ListValue { values: list.into_iter().map(value).collect() }),
        serde_json::Value::Object(map) => {
            Kind::StructValue(Struct { fields: map.into_iter().map(|(name, json)| (name, value(json))).collect() })
        }
    };
    Value { kind: Some(kind) }
}
