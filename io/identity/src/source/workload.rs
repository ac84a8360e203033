//! Identity from a Workload API.

use super::{Desk, IdentitySource};
use crate::svid::{Svid, split};
use crate::trust::Trust;
use crate::workload::wire::{X509svid, X509svidResponse};
use crate::workload::{WorkloadClient, WorkloadError, domain_of};
use duologue_ids::SpiffeId;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::Duration;

/// The pause after a stream broke; it doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// It grows no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl IdentitySource {
    /// The identity that a Workload API gives this process: a SPIRE agent's, or that of our own authority. With an id, the one of
    /// that id where there are several; otherwise the first. Where the API cannot be reached, what is there goes on being used until
    /// it runs out. Renews in whatever runtime this is called.
    pub fn workload_api(client: WorkloadClient, id: Option<SpiffeId>) -> IdentitySource {
        let (source, desk, end) = IdentitySource::new();
        tokio::spawn(end.run_until_cancelled_owned(follow(client, id, desk)));
        source
    }
}

async fn follow(client: WorkloadClient, id: Option<SpiffeId>, desk: Arc<Desk>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let error = stream(&client, id.as_ref(), &desk, &mut pause).await;
        desk.failed(error.to_string());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn stream(client: &WorkloadClient, id: Option<&SpiffeId>, desk: &Desk, pause: &mut Duration) -> WorkloadError {
    let mut stream = match client.x509_svids().await {
        Ok(stream) => stream,
        Err(error) => return error,
    };
    loop {
        let answer = match stream.message().await {
            Ok(Some(answer)) => answer,
            Ok(None) => return client.unusable(&"the stream of identities ended"),
            Err(status) => return client.failed(&status),
        };
        match read(answer, id) {
            Ok((svid, trust)) => {
                desk.put(svid, trust);
                *pause = FIRST_PAUSE;
            }
            Err(why) => desk.failed(client.unusable(&why).to_string()),
        }
    }
}

fn read(answer: X509svidResponse, id: Option<&SpiffeId>) -> Result<(Svid, Trust), String> {
    let mut offered = answer.svids.into_iter();
    let wanted = |svid: &X509svid| id.is_none_or(|id| svid.spiffe_id == id.to_string());
    let missing = || match id {
        Some(id) => format!("{id} is not among the identities of this process"),
        None => "there is no identity in the answer".to_owned(),
    };
    let svid = offered.find(wanted).ok_or_else(missing)?;
    let chain = split(&svid.x509_svid).ok_or("the certificates of the identity are no DER")?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(svid.x509_svid_key));
    let bundle = split(&svid.bundle).ok_or("the bundle is no DER")?;
    let svid = Svid::of(chain, &key).map_err(|error| error.to_string())?;
    let mut bundles = vec![(svid.id().trust_domain().clone(), bundle)];
    for (domain, bundle) in answer.federated_bundles {
        let domain = domain_of(&domain).ok_or_else(|| format!("{domain:?} is no trust domain"))?;
        // The own domain's stands beside the identity; nobody else says who is of it.
        if domain != bundles[0].0 {
            bundles.push((domain, split(&bundle).ok_or("a federated bundle is no DER")?));
        }
    }
    let trust = Trust::of(bundles, answer.crl).map_err(|error| error.to_string())?;
    Ok((svid, trust))
}
