use crate::double::{Double, status};
use axum::response::IntoResponse;
use duologue_models::ModelErrorKind;
use serde_json::json;

#[tokio::test]
async fn the_list_of_models_tells_that_all_is_well() {
    let double = Double::start(|_, _| {
        json!({"object": "list", "data": [{"id": "whisper-1", "owned_by": "x"}, {"id": "gpt-4o-mini"}]})
            .to_string()
            .into_response()
    })
    .await;
    let connection = double.client().connection_check().await.expect("well");
    assert_eq!(connection.models, ["gpt-4o-mini", "whisper-1"]);
    assert_eq!((connection.offers("whisper-1"), connection.offers("tts-1")), (Some(true), Some(false)));
    assert_eq!(double.seen()[0].path, "/v1/models");
}

#[tokio::test]
async fn trouble_is_told_at_once() {
    for (code, kind) in
        [(401, ModelErrorKind::Unauthorized), (404, ModelErrorKind::Configuration), (503, ModelErrorKind::Unavailable)]
    {
        let double = Double::start(move |_, _| status(code, json!({}))).await;
        let error = double.client().connection_check().await.expect_err("trouble");
        assert_eq!((error.kind, double.seen().len()), (kind, 1), "{error}");
    }
    let double = Double::start(|_, _| "It works!".into_response()).await;
    assert_eq!(double.client().connection_check().await.expect_err("no list").kind, ModelErrorKind::Malformed);
}
