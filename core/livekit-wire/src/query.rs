//! The request to join a room as the address of the older `/rtc` spells it, parameter by parameter. It says less than
//! [`JoinRequest`], in whose fields it is read all the same, so that a server answers both alike.

use crate::proto::client_info::{Capability, Sdk};
use crate::proto::{ClientInfo, ConnectionSettings, JoinRequest};
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Bytes of a query at most.
pub const MAX: usize = 1 << 16;

/// Why a query is no request to join.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// Longer than anybody asks.
    #[error("a query of more than {MAX} bytes; send attributes after joining")]
    TooLong,
    /// `attributes` are not the base64 of a JSON object of texts.
    #[error("attributes are not the URL-safe base64 of a JSON object of texts")]
    Attributes,
}

/// The parameters of a request, without the token: that goes into a header.
pub fn write(request: &JoinRequest) -> String {
    let mut query = String::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing into memory does not fail.
            let _ = write!(query, "{}{name}={}", if query.is_empty() { "" } else { "&" }, encoded(value));
        }
    };
    let flag = |set: bool| if set { "1" } else { "0" };
    let settings = request.connection_settings.unwrap_or_default();
    put("auto_subscribe", flag(settings.auto_subscribe));
    put("adaptive_stream", flag(settings.adaptive_stream));
    if settings.disable_ice_lite {
        put("disable_ice_lite", "1");
    }
    let client = request.client_info.clone().unwrap_or_default();
    put("sdk", &client.sdk().as_str_name().to_ascii_lowercase());
    put("protocol", &client.protocol.to_string());
    put("client_protocol", &client.client_protocol.to_string());
    put("version", &client.version);
    put("os", &client.os);
    put("os_version", &client.os_version);
    put("device_model", &client.device_model);
    put("capabilities", &client.capabilities().map(|c| c.as_str_name()).collect::<Vec<_>>().join(","));
    if !request.participant_attributes.is_empty() {
        let ordered: BTreeMap<_, _> = request.participant_attributes.iter().collect();
        put("attributes", &URL_SAFE.encode(serde_json::to_vec(&ordered).unwrap_or_default()));
    }
    if request.reconnect {
        put("reconnect", "1");
        put("sid", &request.participant_sid);
        put("reconnect_reason", &request.reconnect_reason.to_string());
    }
    query
}

/// Reads the query of an address (what follows the question mark). What it does not know it passes over.
pub fn read(query: &str) -> Result<JoinRequest, QueryError> {
    if query.len() > MAX {
        return Err(QueryError::TooLong);
    }
    let mut settings = ConnectionSettings { auto_subscribe: true, ..Default::default() };
    let mut client = ClientInfo::default();
    let mut request = JoinRequest::default();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = decoded(value);
        let set = matches!(value.as_str(), "1" | "true");
        let number = value.parse::<i32>().unwrap_or(0);
        match name {
            "auto_subscribe" => settings.auto_subscribe = set,
            "adaptive_stream" => settings.adaptive_stream = set,
            "disable_ice_lite" => settings.disable_ice_lite = set,
            "subscriber_allow_pause" => settings.subscriber_allow_pause = Some(set),
            "auto_subscribe_data_track" => settings.auto_subscribe_data_track = Some(set),
            "sdk" => client.sdk = Sdk::from_str_name(&value.to_ascii_uppercase()).unwrap_or(Sdk::Unknown).into(),
            "protocol" => client.protocol = number,
            "client_protocol" => client.client_protocol = number,
            "version" => client.version = value,
            "os" => client.os = value,
            "os_version" => client.os_version = value,
            "device_model" => client.device_model = value,
            "browser" => client.browser = value,
            "browser_version" => client.browser_version = value,
            "capabilities" => {
                client.capabilities = value.split(',').filter_map(Capability::from_str_name).map(i32::from).collect();
            }
            "attributes" => request.participant_attributes = attributes(&value)?.into_iter().collect(),
            "reconnect" => request.reconnect = set,
            "sid" => request.participant_sid = value,
            "reconnect_reason" => request.reconnect_reason = number,
            _ => {}
        }
    }
    request.connection_settings = Some(settings);
    request.client_info = Some(client);
    Ok(request)
}

fn attributes(value: &str) -> Result<BTreeMap<String, String>, QueryError> {
    let json = URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).map_err(|_| QueryError::Attributes)?;
    serde_json::from_slice(&json).map_err(|_| QueryError::Attributes)
}

/// Everything but the unreserved characters (RFC 3986 §2.3) is escaped.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Escapes that are none stand for themselves, a plus for a space, and bytes that are no UTF-8 for a question mark.
fn decoded(value: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| hex(after)).flatten();
        bytes.push(escaped.unwrap_or(if first == b'+' { b' ' } else { first }));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| digits.get(at).and_then(|d| char::from(*d).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_survives_its_query(version in ".{0,20}", key in ".{0,9}", value in ".{0,9}", auto in any::<bool>(), again in any::<bool>()) {
            let client = ClientInfo { version, protocol: 16, sdk: Sdk::Rust.into(), ..Default::default() };
            let mut request = JoinRequest {
                client_info: Some(client),
                connection_settings: Some(ConnectionSettings { auto_subscribe: auto, ..Default::default() }),
                participant_attributes: [(key, value)].into(),
                reconnect: again,
                ..Default::default()
            };
            if again {
                request.participant_sid = "PA_1".into();
                request.reconnect_reason = 1;
            }
            prop_assert_eq!(read(&write(&request)).unwrap(), request);
        }

        #[test]
        fn any_query_is_a_request_or_an_error(query in "([a-z_]{0,12}=[%+a-zA-Z0-9]{0,8}&?){0,6}", junk in ".{0,20}") {
            let _ = read(&query);
            let _ = read(&format!("{query}&attributes={junk}"));
        }
    }

    #[test]
    fn what_livekits_clients_send_is_understood() {
        let read = read(
            "sdk=js&protocol=17&auto_subscribe=0&adaptive_stream=true&capabilities=CAP_PACKET_TRAILER,CAP_X&\
             attributes=eyJhIjoiYiJ9&reconnect=1&sid=PA_x&reconnect_reason=1&unknown=1&%zz=%zz",
        )
        .unwrap();
        let client = read.client_info.unwrap();
        assert_eq!((client.sdk(), client.protocol, client.capabilities.len()), (Sdk::Js, 17, 1));
        assert!(!read.connection_settings.unwrap().auto_subscribe);
        assert_eq!(read.participant_attributes["a"], "b");
        assert_eq!((read.reconnect, read.participant_sid.as_str(), read.reconnect_reason), (true, "PA_x", 1));
        assert!(matches!(super::read("attributes=%25"), Err(QueryError::Attributes)));
    }
}
