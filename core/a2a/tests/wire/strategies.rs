//! Anything that the model can hold.

use duologue_a2a::model::*;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::{option, sample};
use serde_json::Value;

pub(crate) fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z0-9/:?%.-]{1,8}", 1 => "\\PC{1,6}"]
}

fn words() -> impl Strategy<Value = Vec<String>> {
    vec(word(), 0..3)
}

fn maybe_word() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), word()]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(word(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

pub(crate) fn structure() -> impl Strategy<Value = Option<Struct>> {
    option::of(btree_map(word(), value(), 0..3).prop_map(|map| map.into_iter().collect()))
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        maybe_word().prop_map(Content::Text),
        vec(any::<u8>(), 0..9).prop_map(Content::Raw),
        maybe_word().prop_map(Content::Url),
        value().prop_map(Content::Data),
    ]
}

pub(crate) fn part() -> impl Strategy<Value = Part> {
    (content(), structure(), maybe_word(), maybe_word()).prop_map(|(content, metadata, filename, media_type)| Part {
        content,
        metadata,
        filename,
        media_type,
    })
}

pub(crate) fn message() -> impl Strategy<Value = Message> {
    let role = sample::select(vec![Role::User, Role::Agent]);
    let ids = (word(), maybe_word(), maybe_word());
    (ids, role, vec(part(), 1..3), structure(), words(), words()).prop_map(
        |((message_id, context_id, task_id), role, parts, metadata, extensions, reference_task_ids)| Message {
            message_id,
            context_id,
            task_id,
            role,
            parts,
            metadata,
            extensions,
            reference_task_ids,
        },
    )
}

pub(crate) fn timestamp() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_millis)
}

pub(crate) fn state() -> impl Strategy<Value = TaskState> {
    sample::select(TaskState::ALL)
}

fn status() -> impl Strategy<Value = TaskStatus> {
    (state(), option::of(message()), option::of(timestamp())).prop_map(|(state, message, timestamp)| TaskStatus {
        state,
        message,
        timestamp,
    })
}

pub(crate) fn artifact() -> impl Strategy<Value = Artifact> {
    (word(), maybe_word(), maybe_word(), vec(part(), 1..3), structure(), words()).prop_map(
        |(artifact_id, name, description, parts, metadata, extensions)| Artifact {
            artifact_id,
            name,
            description,
            parts,
            metadata,
            extensions,
        },
    )
}

pub(crate) fn task() -> impl Strategy<Value = Task> {
    (word(), word(), status(), vec(artifact(), 0..2), vec(message(), 0..2), structure()).prop_map(
        |(id, context_id, status, artifacts, history, metadata)| Task {
            id,
            context_id,
            status,
            artifacts,
            history,
            metadata,
        },
    )
}

pub(crate) fn event() -> impl Strategy<Value = StreamResponse> {
    let ids = || (word(), word());
    let status = (ids(), status(), structure()).prop_map(|((task_id, context_id), status, metadata)| {
        StreamResponse::StatusUpdate(TaskStatusUpdateEvent { task_id, context_id, status, metadata })
    });
    let artifact = (ids(), artifact(), any::<[bool; 2]>(), structure()).prop_map(
        |((task_id, context_id), artifact, [append, last_chunk], metadata)| {
            let update = TaskArtifactUpdateEvent { task_id, context_id, artifact, append, last_chunk, metadata };
            StreamResponse::ArtifactUpdate(update)
        },
    );
    prop_oneof![task().prop_map(StreamResponse::Task), message().prop_map(StreamResponse::Message), status, artifact,]
}

pub(crate) fn push() -> impl Strategy<Value = TaskPushNotificationConfig> {
    let authentication = option::of(
        (word(), maybe_word())
            .prop_map(|(scheme, credentials)| AuthenticationInfo { scheme, credentials: Secret::new(credentials) }),
    );
    // Ids stand in resource names in 0.3.
    ("[a-z0-9-]{1,8}", "[a-z0-9-]{1,8}", word(), maybe_word(), authentication).prop_map(
        |(id, task_id, url, token, authentication)| TaskPushNotificationConfig {
            tenant: String::new(),
            id,
            task_id,
            url,
            token: Secret::new(token),
            authentication,
        },
    )
}

pub(crate) fn send() -> impl Strategy<Value = SendMessageRequest> {
    let push = option::of(push().prop_map(|push| TaskPushNotificationConfig { task_id: String::new(), ..push }));
    let configuration = option::of((words(), push, option::of(1..9i32), any::<bool>()).prop_map(
        |(accepted_output_modes, task_push_notification_config, history_length, return_immediately)| {
            SendMessageConfiguration {
                accepted_output_modes,
                task_push_notification_config,
                history_length,
                return_immediately,
            }
        },
    ));
    (message(), configuration, structure()).prop_map(|(message, configuration, metadata)| SendMessageRequest {
        tenant: String::new(),
        message,
        configuration,
        metadata,
    })
}

fn scheme() -> impl Strategy<Value = SecurityScheme> {
    let scopes = || btree_map(word(), maybe_word(), 0..2);
    let flows = prop_oneof![
        (word(), word(), maybe_word(), scopes()).prop_map(|(authorization_url, token_url, refresh_url, scopes)| {
            let pkce_required = false;
            let flow = AuthorizationCodeOAuthFlow { authorization_url, token_url, refresh_url, scopes, pkce_required };
            OAuthFlows::AuthorizationCode(flow)
        }),
        (word(), maybe_word(), scopes()).prop_map(|(token_url, refresh_url, scopes)| {
            OAuthFlows::ClientCredentials(ClientCredentialsOAuthFlow { token_url, refresh_url, scopes })
        }),
        (word(), maybe_word(), scopes()).prop_map(|(authorization_url, refresh_url, scopes)| {
            OAuthFlows::Implicit(ImplicitOAuthFlow { authorization_url, refresh_url, scopes })
        }),
        (word(), maybe_word(), scopes()).prop_map(|(token_url, refresh_url, scopes)| {
            OAuthFlows::Password(PasswordOAuthFlow { token_url, refresh_url, scopes })
        }),
    ];
    prop_oneof![
        (maybe_word(), word(), word()).prop_map(|(description, location, name)| {
            SecurityScheme::ApiKey(ApiKeySecurityScheme { description, location, name })
        }),
        (maybe_word(), word(), maybe_word()).prop_map(|(description, scheme, bearer_format)| {
            SecurityScheme::HttpAuth(HttpAuthSecurityScheme { description, scheme, bearer_format })
        }),
        (maybe_word(), flows, maybe_word()).prop_map(|(description, flows, oauth2_metadata_url)| {
            let flows = Some(flows);
            SecurityScheme::OAuth2(OAuth2SecurityScheme { description, flows, oauth2_metadata_url })
        }),
        (maybe_word(), word()).prop_map(|(description, open_id_connect_url)| {
            SecurityScheme::OpenIdConnect(OpenIdConnectSecurityScheme { description, open_id_connect_url })
        }),
        maybe_word().prop_map(|description| SecurityScheme::MutualTls(MutualTlsSecurityScheme { description })),
    ]
}

fn requirements() -> impl Strategy<Value = Vec<SecurityRequirement>> {
    let list = words().prop_map(|list| StringList { list });
    vec(btree_map(word(), list, 0..2).prop_map(|schemes| SecurityRequirement { schemes }), 0..2)
}

fn skill() -> impl Strategy<Value = AgentSkill> {
    (maybe_word(), maybe_word(), words(), words(), words(), requirements()).prop_map(
        |(id, description, tags, examples, input_modes, security_requirements)| AgentSkill {
            name: id.clone(),
            id,
            description,
            tags,
            examples,
            output_modes: input_modes.clone(),
            input_modes,
            security_requirements,
        },
    )
}

fn capabilities() -> impl Strategy<Value = AgentCapabilities> {
    let extension = (word(), maybe_word(), any::<bool>(), structure())
        .prop_map(|(uri, description, required, params)| AgentExtension { uri, description, required, params });
    (any::<[Option<bool>; 3]>(), vec(extension, 0..2)).prop_map(
        |([streaming, push_notifications, extended_agent_card], extensions)| AgentCapabilities {
            streaming,
            push_notifications,
            extensions,
            extended_agent_card,
        },
    )
}

/// Cards whose interfaces are of 0.3, so that both versions can say them.
pub(crate) fn card() -> impl Strategy<Value = AgentCard> {
    let interface = (word(), word()).prop_map(|(url, protocol_binding)| AgentInterface {
        url,
        protocol_binding,
        tenant: String::new(),
        protocol_version: "0.3".into(),
    });
    let provider = option::of((word(), word()).prop_map(|(url, organization)| AgentProvider { url, organization }));
    let texts = (word(), maybe_word(), option::of(word()), words());
    let security = (btree_map(word(), scheme(), 0..3), requirements());
    (texts, vec(interface, 1..3), provider, capabilities(), security, vec(skill(), 0..2)).prop_map(
        |(texts, mut supported_interfaces, provider, capabilities, security, skills)| {
            let (name, description, documentation_url, modes) = texts;
            supported_interfaces.dedup();
            AgentCard {
                version: name.clone(),
                name,
                description,
                supported_interfaces,
                provider,
                icon_url: documentation_url.clone(),
                documentation_url,
                capabilities,
                security_schemes: security.0,
                security_requirements: security.1,
                default_input_modes: modes.clone(),
                default_output_modes: modes,
                skills,
                signatures: Vec::new(),
            }
        },
    )
}
