//! The bodies of the fuzz targets: each takes any bytes and must neither panic nor take long. `tests/bodies.rs` runs the
//! same ones on stable, over files of the repository with some bytes changed.

pub mod audio;
pub mod files;
pub mod rooms;
pub mod servers;

/// A body and the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; a file in `fuzz_targets` for each.
pub const TARGETS: [Target; 60] = [
    ("packet", audio::packet),
    ("ear", audio::ear),
    ("opus", audio::opus),
    ("ogg", audio::ogg),
    ("ogg_pages", duologue_api::fuzzing::ogg_pages),
    ("export_request", duologue_api::fuzzing::export_request),
    ("scenario", files::scenario),
    ("persona", files::persona),
    ("config", files::config),
    ("dialogue", files::dialogue),
    ("kept", files::kept),
    ("backup", files::backup),
    ("manifest", files::manifest),
    ("wheel", files::wheel),
    ("judged", files::judged),
    ("cassette", files::cassette),
    ("suite", files::suite),
    ("run", files::run),
    ("engine_frames", servers::engine_frames),
    ("reply", servers::reply),
    ("speech", servers::speech),
    ("refusal", servers::refusal),
    ("transcript", servers::transcript),
    ("genai_reply", servers::genai_reply),
    ("realtime", servers::realtime),
    ("recognition", servers::recognition),
    ("scribe", servers::scribe),
    ("timed_speech", servers::timed_speech),
    ("hex_speech", servers::hex_speech),
    ("clauses", servers::clauses),
    ("misheard", servers::misheard),
    ("join_request", rooms::join_request),
    ("token_and_sdp", rooms::token_and_sdp),
    ("room_messages", rooms::room_messages),
    ("redundant", rooms::redundant),
    ("peer", rooms::peer),
    ("texts", rooms::texts),
    ("twirp", rooms::twirp),
    ("signalling", rooms::signalling),
    ("data_packets", rooms::data_packets),
    ("worker_messages", rooms::worker_messages),
    ("knocking", rooms::knocking),
    ("people", rooms::people),
    ("a2a_jsonrpc", duologue_a2a::fuzzing::jsonrpc_request),
    ("a2a_codecs", duologue_a2a::fuzzing::codecs),
    ("a2a_replies", duologue_a2a::fuzzing::replies),
    ("a2a_http", duologue_a2a::fuzzing::http_request),
    ("a2a_grpc", duologue_a2a::fuzzing::grpc_messages),
    ("a2a_card", duologue_a2a::fuzzing::agent_card),
    ("a2a_jws", duologue_a2a::fuzzing::jws_header),
    ("a2a_sse", duologue_a2a::fuzzing::sse_stream),
    ("authority_header", duologue_trust::fuzzing::authority_header),
    ("bundle_document", duologue_trust::fuzzing::bundle_document),
    ("jwt_svid", duologue_trust::fuzzing::jwt_svid),
    ("notice", duologue_store::fuzzing::notice),
    ("policy_decision", duologue_policy::fuzzing::decision),
    ("policy_log", duologue_policy_engine::fuzzing::log),
    ("policy_text", duologue_policy_engine::fuzzing::policy),
    ("tool", duologue_tools::fuzzing::tool),
    ("tool_answer", duologue_tools::fuzzing::answer),
];

/// The first byte as a number, and the rest.
fn number(data: &[u8]) -> (usize, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (usize::from(*first), rest))
}
