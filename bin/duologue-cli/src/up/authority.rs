//! The identity authority of a platform, for the agents of this machine.

use crate::output::{Failure, note};
use duologue_identity::{Answer, Authority, AuthorityClient, AuthorityConfig, Order};
use duologue_ids::TrustDomain;
use duologue_providers::Settings;

/// An authority that serves the Workload API while the platform runs; or one that did so before, in the same data directory.
pub(crate) struct RunningAuthority {
    pub(crate) socket: String,
    pub(crate) trust_domain: TrustDomain,
    _own: Option<Authority>,
}

impl RunningAuthority {
    /// Where it cannot be started, everything else goes on without.
    pub(crate) async fn start(settings: &Settings) -> Option<RunningAuthority> {
        match RunningAuthority::try_start(settings).await {
            Ok(running) => Some(running),
            Err(why) => {
                note(format!("warning: agents get no identities from here: {why}"));
                None
            }
        }
    }

    async fn try_start(settings: &Settings) -> Result<RunningAuthority, Failure> {
        let folder = std::path::absolute(settings.home().join("authority"))?;
        if let Ok(Answer::Status(status)) = AuthorityClient::new(&folder).perform(&Order::Show).await {
            note("An identity authority runs in this data directory already; identities are given by that one.");
            return Ok(RunningAuthority { socket: status.socket, trust_domain: status.domain, _own: None });
        }
        let trust_domain: TrustDomain = settings.get("identity.trust_domain").unwrap_or_default().parse()?;
        let authority = Authority::start(AuthorityConfig::new(&folder, trust_domain.clone())).await?;
        Ok(RunningAuthority { socket: authority.socket().to_string(), trust_domain, _own: Some(authority) })
    }
}
