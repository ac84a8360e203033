//! Who calls: the identity of whoever runs this command.

use crate::output::Failure;
use duologue_identity::{
    Connections, Dialler, ENDPOINT_VARIABLE, Endpoint, IdentitySource, LedgerRules, TOKEN_VARIABLE, WorkloadClient,
};
use duologue_ids::Redacted;
use std::path::Path;
use std::time::Duration;

/// An identity is waited for so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Dials as whom the Workload API of `SPIFFE_ENDPOINT_SOCKET` says this process is, else the authority in the data directory.
pub(crate) async fn dialler(home: &Path) -> Result<Dialler, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let endpoint = match variable(ENDPOINT_VARIABLE) {
        Some(address) => address.parse().map_err(|error| format!("{ENDPOINT_VARIABLE}: {error}"))?,
        None => Endpoint::Unix(home.join("authority").join("workload.sock")),
    };
    if let Endpoint::Unix(socket) = &endpoint
        && !socket.exists()
    {
        let socket = socket.display();
        return Err(format!(
            "no authority has its socket at {socket}, so that this command has no identity to call with\n  help: `duologue up` and \
             `duologue identity authority` run one; {ENDPOINT_VARIABLE} names another's"
        )
        .into());
    }
    let token = variable(TOKEN_VARIABLE).map(Redacted::new);
    let source = IdentitySource::workload_api(WorkloadClient::new(endpoint, token), None);
    source.ready(PATIENCE).await?;
    Ok(Dialler::new(&source, &Connections::new(&source, LedgerRules::default())))
}
