//! Spans of OpenTelemetry, one for each call that comes in and for each that goes out, chained by W3C Trace Context.

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The collector answers within this time; what it does not take is lost.
const COLLECTOR_TIME: Duration = Duration::from_secs(10);
/// Spans are gathered for so long, unless `OTEL_BSP_SCHEDULE_DELAY` says otherwise: whoever looks sees calls as they happen.
const GATHERED: Duration = Duration::from_millis(500);
/// Of OpenTelemetry's SDKs, milliseconds.
const GATHERED_VARIABLE: &str = "OTEL_BSP_SCHEDULE_DELAY";

/// Why no traces can be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to {endpoint}: {why}; see observability.tracing.endpoint in the agent's file")]
pub struct TraceError {
    endpoint: String,
    why: String,
}

/// Makes spans. Without a collector they are not recorded, and still chain the ids that logs have. Copies are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(Option<Arc<Exporting>>);

/// Spans on their way to a collector; what is waiting is sent when this ends.
#[derive(Debug)]
pub(crate) struct Exporting {
    provider: SdkTracerProvider,
    tracer: opentelemetry_sdk::trace::SdkTracer,
}

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Server,
    Client,
    /// Something of the agent's own.
    Internal,
}

/// One side of one call. Ends when it is dropped.
pub(crate) struct Span {
    span: Option<opentelemetry_sdk::trace::Span>,
    traceparent: String,
}

impl Traces {
    /// Sends spans by OTLP over HTTP to a collector, such as `http://127.0.0.1:4318`, from the runtime that this is called in.
    pub(crate) fn to(endpoint: &str, agent: &str, version: &str) -> Result<Traces, TraceError> {
        let failed = |why: String| TraceError { endpoint: endpoint.to_owned(), why };
        let client = reqwest::Client::builder().timeout(COLLECTOR_TIME).build().map_err(|e| failed(e.to_string()))?;
        let collector = Collector { client, runtime: tokio::runtime::Handle::current() };
        let address = endpoint.trim_end_matches('/');
        let address = if address.ends_with("/v1/traces") { address.to_owned() } else { format!("{address}/v1/traces") };
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_http_client(collector)
            .with_endpoint(address)
            .with_timeout(COLLECTOR_TIME)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let version = KeyValue::new("service.version", version.to_owned());
        let resource = Resource::builder().with_service_name(agent.to_owned()).with_attribute(version).build();
        let mut batches = BatchConfigBuilder::default();
        if std::env::var_os(GATHERED_VARIABLE).is_none() {
            batches = batches.with_scheduled_delay(GATHERED);
        }
        let gathering = BatchSpanProcessor::builder(exporter).with_batch_config(batches.build()).build();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_span_processor(gathering).build();
        let tracer = provider.tracer("duologue");
        Ok(Traces(Some(Arc::new(Exporting { provider, tracer }))))
    }

    /// Begins a span under that of the caller, if it has sent one.
    pub(crate) fn begin(&self, kind: Kind, name: &str, parent: Option<&str>, attributes: Vec<KeyValue>) -> Span {
        let Some(exporting) = &self.0 else { return Span { span: None, traceparent: carried(parent) } };
        let context = under(parent);
        let kind = match kind {
            Kind::Server => SpanKind::Server,
            Kind::Client => SpanKind::Client,
            Kind::Internal => SpanKind::Internal,
        };
        let builder = exporting.tracer.span_builder(name.to_owned()).with_kind(kind).with_attributes(attributes);
        let span = builder.start_with_context(&exporting.tracer, &context);
        let traceparent = written(span.span_context());
        Span { span: Some(span), traceparent }
    }

    /// Something that is over, and took so long; in a trace of its own where the caller has sent none. Nothing is recorded without
    /// a collector.
    pub(crate) fn past(&self, name: String, parent: Option<&str>, attributes: Vec<KeyValue>, took: Duration) {
        let Some(exporting) = &self.0 else { return };
        let context = under(parent);
        let builder = exporting.tracer.span_builder(name).with_kind(SpanKind::Internal).with_attributes(attributes);
        let begun = SystemTime::now().checked_sub(took).unwrap_or(SystemTime::UNIX_EPOCH);
        drop(builder.with_start_time(begun).start_with_context(&exporting.tracer, &context));
    }

    /// Sends what is waiting. Blocks, for ten seconds at most.
    pub(crate) fn flush(&self) {
        if let Some(exporting) = &self.0
            && let Err(error) = exporting.provider.force_flush()
        {
            tracing::warn!(%error, "the last traces were not taken by the collector");
        }
    }
}

impl Span {
    /// `traceparent` for the calls that are made because of this one.
    pub(crate) fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// Id of the trace, 32 hexadecimal digits.
    pub(crate) fn trace_id(&self) -> &str {
        self.traceparent.split('-').nth(1).unwrap_or_default()
    }

    /// What is known only now.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<opentelemetry::Value>) {
        if let Some(span) = &mut self.span {
            span.set_attribute(KeyValue::new(name, value));
        }
    }

    /// It did not end well; a word for programs (`error.type`).
    pub(crate) fn failed(&mut self, kind: &'static str) {
        self.set("error.type", kind);
        if let Some(span) = &mut self.span {
            span.set_status(Status::error(kind));
        }
    }
}

/// Below the caller's span, if it has sent one.
fn under(parent: Option<&str>) -> Context {
    let remote = parent.and_then(read).filter(SpanContext::is_valid);
    remote.map_or_else(Context::new, |remote| Context::new().with_remote_span_context(remote))
}

/// The parent's, as it came, or a new one.
fn carried(parent: Option<&str>) -> String {
    parent.map_or_else(
        || {
            let mut bytes = [0; 24];
            if getrandom::fill(&mut bytes).is_err() {
                tracing::warn!("the system gives no random numbers: this trace has an id that others may have too");
                bytes = [1; 24];
            }
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("00-{}-{}-01", &hex[..32], &hex[32..])
        },
        str::to_owned,
    )
}

fn read(traceparent: &str) -> Option<SpanContext> {
    let mut fields = traceparent.split('-').skip(1);
    let trace = TraceId::from_hex(fields.next()?).ok()?;
    let span = SpanId::from_hex(fields.next()?).ok()?;
    let flags = u8::from_str_radix(fields.next()?, 16).ok()?;
    Some(SpanContext::new(trace, span, TraceFlags::new(flags & 1), true, TraceState::default()))
}

fn written(context: &SpanContext) -> String {
    let sampled = u8::from(context.is_sampled());
    format!("00-{:032x}-{:016x}-{sampled:02x}", context.trace_id(), context.span_id())
}

/// Posts to a collector. Spans are sent by a thread of their own, which has no runtime.
#[derive(Debug)]
struct Collector {
    client: reqwest::Client,
    runtime: tokio::runtime::Handle,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let mut response = Response::builder().status(answer.status());
            if let Some(headers) = response.headers_mut() {
                headers.extend(std::mem::take(answer.headers_mut()));
            }
            Ok::<_, HttpError>(response.body(answer.bytes().await?)?)
        });
        sent.await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn without_a_collector_the_trace_goes_on_as_it_came() {
        let span = Traces::default().begin(Kind::Server, "x", Some(PARENT), Vec::new());
        assert_eq!(span.traceparent(), PARENT);
        assert_eq!(span.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn a_call_without_a_trace_begins_one() {
        let begin = || Traces::default().begin(Kind::Server, "x", None, Vec::new());
        let (one, other) = (begin(), begin());
        assert_eq!((one.traceparent().len(), one.trace_id().len()), (55, 32));
        assert_ne!(one.trace_id(), other.trace_id());
    }

    #[test]
    fn what_is_read_is_written_alike() {
        assert_eq!(read(PARENT).map(|context| written(&context)).as_deref(), Some(PARENT));
        assert_eq!(read("00-x-y-01"), None);
    }
}
