//! Two agents with identities of whatever Workload API `SPIFFE_ENDPOINT_SOCKET` names, for tests against authorities by others:
//! `spiffe_pair serve OWN-ID CALLER-ID` says where it is and ends with its input; `spiffe_pair call OWN-ID CALLEE-ID URL SECONDS`
//! calls it all that time, on new connections and on kept ones, by every binding, and says as JSON what came of it.

use async_trait::async_trait;
use duologue_a2a::model::{AgentCard, Part, SendMessageRequest};
use duologue_gateway::outbound::{Binding, Client, Identity, Options, message};
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind, serve_mtls};
use duologue_identity::{
    Acceptor, Authorizer, Connections, Dialler, ENDPOINT_VARIABLE, IdentitySource, LedgerRules, WorkloadClient,
};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

type Failed = Box<dyn std::error::Error + Send + Sync>;

struct Greeter;

#[async_trait]
impl Agent for Greeter {
    fn card(&self) -> AgentCard {
        AgentCard { name: "Greeter".into(), version: "1".into(), ..AgentCard::default() }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        Ok(Answer::Message(turn.says(turn.caller())))
    }
}

async fn source(own: &str) -> Result<IdentitySource, Failed> {
    let endpoint = std::env::var(ENDPOINT_VARIABLE)?.parse()?;
    let source = IdentitySource::workload_api(WorkloadClient::new(endpoint, None), Some(own.parse()?));
    source.ready(Duration::from_secs(60)).await?;
    Ok(source)
}

/// Short, so that many connections are made anew.
const RULES: LedgerRules = LedgerRules { max_age: Duration::from_secs(10), grace: Duration::from_secs(5) };

async fn serve(own: &str, caller: &str) -> Result<(), Failed> {
    let source = source(own).await?;
    let listener = bind(([127, 0, 0, 1], 0).into()).await?;
    let url = format!("https://{}", listener.local_addr()?);
    let gateway = Gateway::new(Arc::new(Greeter), GatewayConfig::mtls(&url));
    let acceptor = Acceptor::new(&source, Authorizer::exactly([caller.parse()?]), &Connections::new(&source, RULES));
    println!("{url}");
    let ended = async { drop(tokio::io::stdin().read_to_end(&mut Vec::new()).await) };
    serve_mtls(gateway, listener, acceptor, ended, Duration::from_secs(5)).await;
    Ok(())
}

#[derive(Default)]
struct Tally {
    made: u64,
    errors: Vec<String>,
}

async fn calls(options: Options, url: String, is_fresh: bool, until: Instant) -> Result<Tally, Failed> {
    let mut tally = Tally::default();
    let mut client = Client::connect(&url, options.clone()).await?;
    let mut pace = tokio::time::interval(Duration::from_millis(10));
    while Instant::now() < until {
        pace.tick().await;
        if is_fresh {
            client = client.with(options.clone())?;
        }
        let message = message(vec![Part::text("who")]);
        tally.made += 1;
        if let Err(error) = client.send_message(SendMessageRequest { message, ..Default::default() }).await {
            tally.errors.push(error.to_string());
        }
    }
    Ok(tally)
}

async fn call(own: &str, callee: &str, url: &str, seconds: u64) -> Result<(), Failed> {
    let source = source(own).await?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let identity =
        Identity::new(Dialler::new(&source, &Connections::new(&source, RULES)), Authorizer::exactly([callee.parse()?]));
    let mut tasks = tokio::task::JoinSet::new();
    for binding in [Binding::JsonRpc, Binding::Http, Binding::Grpc] {
        for is_fresh in [true, false] {
            let options = Options { bindings: vec![binding], identity: Some(identity.clone()), ..Options::default() };
            tasks.spawn(calls(options, url.to_owned(), is_fresh, until));
        }
    }
    let (mut leaves, mut roots) = (BTreeSet::new(), BTreeSet::new());
    let mut look = tokio::time::interval(Duration::from_millis(100));
    while Instant::now() < until {
        look.tick().await;
        if let Ok(svid) = source.svid() {
            leaves.insert(svid.chain()[0].to_vec());
        }
        roots.extend(source.trust().bundles().flat_map(|(_, roots)| roots.iter().map(|root| root.to_vec())));
    }
    let mut whole = Tally::default();
    for tally in tasks.join_all().await {
        let tally = tally?;
        whole.made += tally.made;
        whole.errors.extend(tally.errors);
    }
    let Tally { made, errors } = whole;
    let (svids, roots, failed) = (leaves.len(), roots.len(), errors.len());
    let first = errors.into_iter().take(5).collect::<Vec<_>>();
    println!(
        "{}",
        serde_json::json!({"made": made, "failed": failed, "errors": first, "svids": svids, "roots": roots})
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", own, caller] => serve(own, caller).await,
        ["call", own, callee, url, seconds] => call(own, callee, url, seconds.parse()?).await,
        _ => Err("give serve OWN-ID CALLER-ID, or call OWN-ID CALLEE-ID URL SECONDS".into()),
    }
}
