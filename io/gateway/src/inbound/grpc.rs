//! gRPC around the stages: framing and trailers are tonic's, messages and errors the protocol's.

use super::Gateway;
use super::accept::Exchange;
use super::body::Body;
use super::perform::Performed;
use super::respond::Refusal;
use crate::binding::Binding;
use crate::messages::{FIRST_EVENT, Messages};
use bytes::Bytes;
use duologue_a2a::call::grpc;
use duologue_a2a::call::jsonrpc::Id;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::version::Dialect;
use duologue_identity::Peer as Shaken;
use futures::stream::{BoxStream, StreamExt};
use http::{Request, Response};
use http_body_util::BodyExt;
use tonic::server::Grpc;
use tonic::{Code, Status};
use tower::service_fn;

type Pieces = BoxStream<'static, Result<Bytes, Status>>;

/// Answers a call over gRPC.
pub(super) async fn answer<B>(gateway: &Gateway, request: Request<B>, shaken: Option<Shaken>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let (head, body) = request.into_parts();
    let operation = match grpc::operation(head.uri.path()) {
        Ok(operation) => operation,
        Err(error) => return Status::unimplemented(error.message).into_http::<tonic::body::Body>().map(boxed),
    };
    let exchange = Exchange {
        head: head.clone(),
        shaken,
        body: Bytes::new(),
        binding: Binding::Grpc,
        dialect: Dialect::V1_0,
        id: Id::null(),
        extensions: String::new(),
    };
    let request = Request::from_parts(head, body);
    let mut server = Grpc::new(Messages).max_decoding_message_size(gateway.limits().body);
    let gateway = gateway.clone();
    let answer = if operation.is_streaming() {
        let stream = service_fn(move |message| stream(gateway.clone(), with(&exchange, message)));
        server.server_streaming(stream, request).await
    } else {
        let unary = service_fn(move |message| unary(gateway.clone(), with(&exchange, message)));
        server.unary(unary, request).await
    };
    answer.map(boxed)
}

fn boxed(body: tonic::body::Body) -> Body {
    body.map_err(Into::into).boxed_unsync()
}

fn with(exchange: &Exchange, message: tonic::Request<Bytes>) -> Exchange {
    Exchange { body: message.into_inner(), ..exchange.clone() }
}

async fn unary(gateway: Gateway, mut exchange: Exchange) -> Result<tonic::Response<Bytes>, Status> {
    match gateway.call(&mut exchange).await.map_err(refused)? {
        Performed::Reply(reply) => {
            let body = grpc::write_reply(&reply).map_err(status)?;
            Ok(with_extensions(tonic::Response::new(body.into()), &exchange))
        }
        Performed::Stream(_) => Err(status(ErrorKind::Internal.into())),
    }
}

async fn stream(gateway: Gateway, mut exchange: Exchange) -> Result<tonic::Response<Pieces>, Status> {
    let Performed::Stream(events) = gateway.call(&mut exchange).await.map_err(refused)? else {
        return Err(status(ErrorKind::Internal.into()));
    };
    let first = events.first();
    let pieces = events.map(|event| {
        let written = event.and_then(|numbered| grpc::write_event(&numbered.event));
        written.map(Bytes::from).map_err(status)
    });
    let mut answer = with_extensions(tonic::Response::new(pieces.boxed()), &exchange);
    if let Some(first) = first {
        answer.metadata_mut().insert(FIRST_EVENT, first.into());
    }
    Ok(answer)
}

fn with_extensions<T>(mut answer: tonic::Response<T>, exchange: &Exchange) -> tonic::Response<T> {
    if let (false, Ok(value)) = (exchange.extensions.is_empty(), exchange.extensions.parse()) {
        answer.metadata_mut().insert("a2a-extensions", value);
    }
    answer
}

fn refused(refusal: Refusal) -> Status {
    match refusal {
        Refusal::Error(error) => status(error),
        Refusal::WrongVerb(_) => status(ErrorKind::MethodNotFound.into()),
    }
}

fn status(error: A2aError) -> Status {
    let details = grpc::write_status(&error);
    Status::with_details(Code::from(error.kind.grpc_code() as i32), error.message, details.into())
}
