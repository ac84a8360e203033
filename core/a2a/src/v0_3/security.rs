//! Security schemes: told apart by `type` in the schema, by the name of a member in the proto, as in 1.0.

use super::Form;
use super::object::{Fault, Object, Writer, items};
use crate::model::{
    ApiKeySecurityScheme, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, HttpAuthSecurityScheme,
    ImplicitOAuthFlow, MutualTlsSecurityScheme, OAuth2SecurityScheme, OAuthFlows, OpenIdConnectSecurityScheme,
    PasswordOAuthFlow, SecurityRequirement, SecurityScheme, StringList,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn read_scheme(value: Value) -> Result<SecurityScheme, Fault> {
    if value.get("type").is_none() {
        return serde_json::from_value(value).map_err(|error| Fault::new(error.to_string()));
    }
    let mut object = Object::of(value)?;
    let kind = object.text("type")?;
    let description = object.text("description")?;
    Ok(match kind.as_str() {
        "apiKey" => SecurityScheme::ApiKey(ApiKeySecurityScheme {
            description,
            location: object.text("in")?,
            name: object.text("name")?,
        }),
        "http" => SecurityScheme::HttpAuth(HttpAuthSecurityScheme {
            description,
            scheme: object.text("scheme")?,
            bearer_format: object.text("bearerFormat")?,
        }),
        "oauth2" => SecurityScheme::OAuth2(OAuth2SecurityScheme {
            description,
            flows: object.one("flows", read_flows)?.flatten(),
            oauth2_metadata_url: object.text("oauth2MetadataUrl")?,
        }),
        "openIdConnect" => SecurityScheme::OpenIdConnect(OpenIdConnectSecurityScheme {
            description,
            open_id_connect_url: object.text("openIdConnectUrl")?,
        }),
        "mutualTLS" => SecurityScheme::MutualTls(MutualTlsSecurityScheme { description }),
        _ => return Err(Fault::new("is no kind of security scheme").at("type")),
    })
}

pub(super) fn write_scheme(scheme: &SecurityScheme, form: Form) -> Value {
    if form == Form::Proto {
        return serde_json::to_value(scheme).unwrap_or_default();
    }
    let (kind, description) = match scheme {
        SecurityScheme::ApiKey(scheme) => ("apiKey", &scheme.description),
        SecurityScheme::HttpAuth(scheme) => ("http", &scheme.description),
        SecurityScheme::OAuth2(scheme) => ("oauth2", &scheme.description),
        SecurityScheme::OpenIdConnect(scheme) => ("openIdConnect", &scheme.description),
        SecurityScheme::MutualTls(scheme) => ("mutualTLS", &scheme.description),
    };
    let writer = Writer::default().put("type", kind).text("description", description);
    match scheme {
        SecurityScheme::ApiKey(key) => writer.put("in", key.location.as_str()).put("name", key.name.as_str()),
        SecurityScheme::HttpAuth(http) => {
            writer.put("scheme", http.scheme.as_str()).text("bearerFormat", &http.bearer_format)
        }
        SecurityScheme::OAuth2(oauth) => writer
            .put("flows", oauth.flows.as_ref().map_or(json!({}), write_flows))
            .text("oauth2MetadataUrl", &oauth.oauth2_metadata_url),
        SecurityScheme::OpenIdConnect(open) => writer.put("openIdConnectUrl", open.open_id_connect_url.as_str()),
        SecurityScheme::MutualTls(_) => writer,
    }
    .done()
}

/// The first of the flows that there are: the model has one.
fn read_flows(value: Value) -> Result<Option<OAuthFlows>, Fault> {
    let mut object = Object::of(value)?;
    if let Some(flow) = object.one("authorizationCode", read_flow)? {
        let Flow { authorization_url, token_url, refresh_url, scopes } = flow;
        let flow =
            AuthorizationCodeOAuthFlow { authorization_url, token_url, refresh_url, scopes, pkce_required: false };
        return Ok(Some(OAuthFlows::AuthorizationCode(flow)));
    }
    if let Some(Flow { token_url, refresh_url, scopes, .. }) = object.one("clientCredentials", read_flow)? {
        return Ok(Some(OAuthFlows::ClientCredentials(ClientCredentialsOAuthFlow { token_url, refresh_url, scopes })));
    }
    if let Some(Flow { authorization_url, refresh_url, scopes, .. }) = object.one("implicit", read_flow)? {
        return Ok(Some(OAuthFlows::Implicit(ImplicitOAuthFlow { authorization_url, refresh_url, scopes })));
    }
    if let Some(Flow { token_url, refresh_url, scopes, .. }) = object.one("password", read_flow)? {
        return Ok(Some(OAuthFlows::Password(PasswordOAuthFlow { token_url, refresh_url, scopes })));
    }
    Ok(None)
}

struct Flow {
    authorization_url: String,
    token_url: String,
    refresh_url: String,
    scopes: BTreeMap<String, String>,
}

fn read_flow(value: Value) -> Result<Flow, Fault> {
    let mut object = Object::of(value)?;
    Ok(Flow {
        authorization_url: object.text("authorizationUrl")?,
        token_url: object.text("tokenUrl")?,
        refresh_url: object.text("refreshUrl")?,
        scopes: object.map("scopes", super::object::text)?,
    })
}

/// The flows that 0.3 knows, in the form that they have there; what a flow of 1.0 adds is left out.
fn write_flows(flows: &OAuthFlows) -> Value {
    let (name, authorization_url, token_url, refresh_url, scopes) = match flows {
        OAuthFlows::AuthorizationCode(flow) => {
            ("authorizationCode", Some(&flow.authorization_url), Some(&flow.token_url), &flow.refresh_url, &flow.scopes)
        }
        OAuthFlows::ClientCredentials(flow) => {
            ("clientCredentials", None, Some(&flow.token_url), &flow.refresh_url, &flow.scopes)
        }
        OAuthFlows::Implicit(flow) => {
            ("implicit", Some(&flow.authorization_url), None, &flow.refresh_url, &flow.scopes)
        }
        OAuthFlows::Password(flow) => ("password", None, Some(&flow.token_url), &flow.refresh_url, &flow.scopes),
        OAuthFlows::DeviceCode(_) => return json!({}),
    };
    let flow = Writer::default()
        .optional("authorizationUrl", authorization_url.cloned())
        .optional("tokenUrl", token_url.cloned())
        .text("refreshUrl", refresh_url)
        .put("scopes", json!(scopes));
    json!({ name: flow.done() })
}

pub(super) fn read_requirement(value: Value) -> Result<SecurityRequirement, Fault> {
    let mut object = Object::with_names(value)?;
    // The proto's form: `{"schemes": {"oauth": {"list": ["read"]}}}`; a scheme may have that name, and then has a list.
    if object.is_object("schemes") {
        let scopes = |value| Ok(StringList { list: Object::of(value)?.texts("list")? });
        return Ok(SecurityRequirement { schemes: object.map("schemes", scopes)? });
    }
    let Value::Object(schemes) = object.into_value() else { return Ok(SecurityRequirement::default()) };
    let each = |(name, scopes)| match items(scopes, super::object::text) {
        Ok(list) => Ok((name, StringList { list })),
        Err(fault) => Err(fault.at(name)),
    };
    Ok(SecurityRequirement { schemes: schemes.into_iter().map(each).collect::<Result<_, _>>()? })
}

pub(super) fn write_requirement(requirement: &SecurityRequirement, form: Form) -> Value {
    let scopes = |list: &StringList| match form {
        Form::Schema => json!(list.list),
        Form::Proto => json!({ "list": list.list }),
    };
    let schemes: Map<String, Value> =
        requirement.schemes.iter().map(|(name, list)| (name.clone(), scopes(list))).collect();
    if form == Form::Proto { json!({ "schemes": schemes }) } else { Value::Object(schemes) }
}
