//! `a2a-peers serve PORT GRPC_PORT`: an agent on the SDK's server, over all of its bindings.

use crate::greeter::Greeter;
use crate::{Trouble, listen};
use a2a::{AgentCapabilities, AgentCard, AgentInterface, AgentSkill};
use a2a_grpc::GrpcHandler;
use a2a_pb::proto::a2a_service_server::A2aServiceServer;
use a2a_server::agent_card::agent_card_router;
use a2a_server::jsonrpc::jsonrpc_router;
use a2a_server::rest::rest_router;
use a2a_server::{
    DefaultRequestHandler, HttpPushSender, HttpPushSenderConfig, InMemoryPushConfigStore, InMemoryTaskStore,
    StaticAgentCard,
};
use axum::Router;
use std::sync::Arc;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

/// A card with these interfaces: binding and address.
pub fn card(name: &str, interfaces: &[(&str, String)], push: bool) -> AgentCard {
    let plain = || vec!["text/plain".to_owned()];
    AgentCard {
        name: name.into(),
        description: "Greets".into(),
        version: "1.0.0".into(),
        supported_interfaces: interfaces.iter().map(|(binding, url)| AgentInterface::new(url, *binding)).collect(),
        capabilities: AgentCapabilities {
            streaming: Some(true),
            push_notifications: Some(push),
            extensions: None,
            extended_agent_card: None,
        },
        default_input_modes: plain(),
        default_output_modes: plain(),
        skills: vec![AgentSkill {
            id: "greet".into(),
            name: "Greet".into(),
            description: "Greets".into(),
            tags: vec!["greeting".into()],
            examples: None,
            input_modes: None,
            output_modes: None,
            security_requirements: None,
        }],
        provider: None,
        documentation_url: None,
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    }
}

pub async fn run(port: u16, grpc_port: u16) -> Result<(), Trouble> {
    let root = format!("http://127.0.0.1:{port}");
    let card = card(
        "Greeter",
        &[
            ("JSONRPC", format!("{root}/rpc")),
            ("HTTP+JSON", format!("{root}/rest")),
            ("GRPC", format!("127.0.0.1:{grpc_port}")),
        ],
        true,
    );
    // The webhooks are on this machine, which the SDK refuses by default.
    let sender = HttpPushSender::new(Some(HttpPushSenderConfig { validate_urls: false, ..Default::default() }));
    let handler = DefaultRequestHandler::new(Greeter, InMemoryTaskStore::new())
        .with_capabilities(card.capabilities.clone())
        .with_push_notifications(InMemoryPushConfigStore::new(), sender);
    let handler = Arc::new(handler);
    let routes = Router::new()
        .nest("/rpc", jsonrpc_router(handler.clone()))
        .nest("/rest", rest_router(handler.clone()))
        .merge(agent_card_router(Arc::new(StaticAgentCard::new(card))));
    // gRPC listens first: who finds the other port open finds this one too.
    let grpc = TcpIncoming::from(listen(grpc_port).await?);
    let http = listen(port).await?;
    let grpc =
        Server::builder().add_service(A2aServiceServer::new(GrpcHandler::new(handler))).serve_with_incoming(grpc);
    tokio::try_join!(async { grpc.await.map_err(Trouble::from) }, async {
        axum::serve(http, routes).await.map_err(Trouble::from)
    })?;
    Ok(())
}
