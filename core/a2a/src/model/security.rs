use crate::wire::{oneof, proto};
use std::collections::BTreeMap;

proto! {
    /// A list of strings, as a message.
    pub struct StringList {
        /// The strings.
        implicit list: Vec<String>,
    }
}

proto! {
    /// Schemes that are needed together, with the scopes of each.
    pub struct SecurityRequirement {
        /// By name of the scheme.
        implicit schemes: BTreeMap<String, StringList>,
    }
}

oneof! {
    /// A way to authenticate, after the OpenAPI 3.2 Security Scheme Object.
    pub enum SecurityScheme {
        /// A key.
        "apiKeySecurityScheme" => ApiKey(ApiKeySecurityScheme),
        /// HTTP authentication.
        "httpAuthSecurityScheme" => HttpAuth(HttpAuthSecurityScheme),
        /// OAuth 2.0.
        "oauth2SecurityScheme" => OAuth2(OAuth2SecurityScheme),
        /// OpenID Connect.
        "openIdConnectSecurityScheme" => OpenIdConnect(OpenIdConnectSecurityScheme),
        /// Mutual TLS.
        "mtlsSecurityScheme" => MutualTls(MutualTlsSecurityScheme),
    }
}

proto! {
    /// A key in a header, a cookie or the query.
    pub struct ApiKeySecurityScheme {
        /// For people.
        implicit description: String,
        /// `query`, `header` or `cookie`.
        required location: String,
        /// Name of the header, cookie or parameter.
        required name: String,
    }
}

proto! {
    /// HTTP authentication (RFC 9110 §11).
    pub struct HttpAuthSecurityScheme {
        /// For people.
        implicit description: String,
        /// Such as `Bearer`.
        required scheme: String,
        /// What a bearer token looks like, such as `JWT`.
        implicit bearer_format: String,
    }
}

proto! {
    /// OAuth 2.0.
    pub struct OAuth2SecurityScheme {
        /// For people.
        implicit description: String,
        /// How to get a token.
        optional flows: OAuthFlows,
        /// Metadata of the authorization server (RFC 8414).
        implicit oauth2_metadata_url: String,
    }
}

proto! {
    /// OpenID Connect.
    pub struct OpenIdConnectSecurityScheme {
        /// For people.
        implicit description: String,
        /// Metadata of the provider (OpenID Connect Discovery 1.0).
        required open_id_connect_url: String,
    }
}

proto! {
    /// Mutual TLS.
    pub struct MutualTlsSecurityScheme {
        /// For people.
        implicit description: String,
    }
}

oneof! {
    /// How to get a token of OAuth 2.0.
    pub enum OAuthFlows {
        /// Authorization code.
        "authorizationCode" => AuthorizationCode(AuthorizationCodeOAuthFlow),
        /// Client credentials.
        "clientCredentials" => ClientCredentials(ClientCredentialsOAuthFlow),
        /// Deprecated.
        "implicit" => Implicit(ImplicitOAuthFlow),
        /// Deprecated.
        "password" => Password(PasswordOAuthFlow),
        /// Device code (RFC 8628).
        "deviceCode" => DeviceCode(DeviceCodeOAuthFlow),
    }
}

proto! {
    /// Authorization code.
    pub struct AuthorizationCodeOAuthFlow {
        /// Where to ask.
        required authorization_url: String,
        /// Where tokens come from.
        required token_url: String,
        /// Where they are renewed.
        implicit refresh_url: String,
        /// Scopes and what they mean.
        required scopes: BTreeMap<String, String>,
        /// PKCE is needed (RFC 7636).
        implicit pkce_required: bool,
    }
}

proto! {
    /// Client credentials.
    pub struct ClientCredentialsOAuthFlow {
        /// Where tokens come from.
        required token_url: String,
        /// Where they are renewed.
        implicit refresh_url: String,
        /// Scopes and what they mean.
        required scopes: BTreeMap<String, String>,
    }
}

proto! {
    /// Deprecated by the protocol.
    pub struct ImplicitOAuthFlow {
        /// Where to ask.
        implicit authorization_url: String,
        /// Where tokens are renewed.
        implicit refresh_url: String,
        /// Scopes and what they mean.
        implicit scopes: BTreeMap<String, String>,
    }
}

proto! {
    /// Deprecated by the protocol.
    pub struct PasswordOAuthFlow {
        /// Where tokens come from.
        implicit token_url: String,
        /// Where they are renewed.
        implicit refresh_url: String,
        /// Scopes and what they mean.
        implicit scopes: BTreeMap<String, String>,
    }
}

proto! {
    /// Device code (RFC 8628).
    pub struct DeviceCodeOAuthFlow {
        /// Where the device asks.
        required device_authorization_url: String,
        /// Where tokens come from.
        required token_url: String,
        /// Where they are renewed.
        implicit refresh_url: String,
        /// Scopes and what they mean.
        required scopes: BTreeMap<String, String>,
    }
}
