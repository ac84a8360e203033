use crate::double::{Double, cut, endless, status, streamed};
use duologue_models::{ModelError, ModelErrorKind, SpeechRequest, SpokenAudio, Tts};
use futures::{StreamExt, stream};
use serde_json::json;
use std::sync::Mutex;

fn request(speed: f32) -> SpeechRequest {
    SpeechRequest { text: "Good morning.".into(), voice: "nova".into(), speed }
}

/// The rate, all samples, and the trouble at the end.
async fn listen(double: &Double) -> (u32, Vec<i16>, Option<ModelError>) {
    let (mut rate, mut samples) = (0, vec![]);
    let mut stream = match double.client().tts("tts-1").speak(request(1.0)).await {
        Ok(stream) => stream,
        Err(error) => return (rate, samples, Some(error)),
    };
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(SpokenAudio { rate: r, samples: s, .. }) => {
                rate = r;
                samples.extend(s);
            }
            Err(error) => return (rate, samples, Some(error)),
        }
    }
    (rate, samples, None)
}

fn pieces(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

#[tokio::test]
async fn raw_samples_of_24_khz_are_asked_for_and_put_together_from_any_pieces() {
    let samples: Vec<i16> = (0..1000).map(|i| i * 31 - 15_000).collect();
    let sent = bytes(&samples);
    let double =
        Double::start(move |_, _| streamed("audio/pcm", stream::iter(pieces(&sent, 7).into_iter().map(Ok)))).await;
    let (rate, heard, error) = listen(&double).await;
    assert_eq!((rate, heard), (24_000, samples));
    assert!(error.is_none());
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/audio/speech");
    let body = json!({"model": "tts-1", "input": "Good morning.", "voice": "nova", "response_format": "pcm"});
    assert_eq!(seen.json(), body);

    let _ = double.client().tts("tts-1").speak(request(9.0)).await;
    assert_eq!(double.seen()[1].json()["speed"], json!(4.0));
}

#[tokio::test]
async fn a_server_that_answers_a_wav_file_sets_the_rate() {
    let mut file = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend([22_050u32, 44_100].map(u32::to_le_bytes).concat());
    file.extend(b"\x02\0\x10\0data\xff\xff\xff\xff");
    file.extend(bytes(&[5, -5, 300]));
    let double =
        Double::start(move |_, _| streamed("audio/wav", stream::iter(pieces(&file, 5).into_iter().map(Ok)))).await;
    let (rate, heard, error) = listen(&double).await;
    assert_eq!((rate, heard), (22_050, vec![5, -5, 300]));
    assert!(error.is_none());
}

#[tokio::test]
async fn what_can_not_be_played_is_malformed() {
    for (media, body) in
        [("application/json", "{}"), ("audio/mpeg", "...."), ("audio/pcm", "OggS...."), ("audio/pcm", "x")]
    {
        let double = Double::start(move |_, _| streamed(media, stream::iter([Ok(body.into())]))).await;
        let (_, heard, error) = listen(&double).await;
        assert_eq!(error.map(|e| e.kind), Some(ModelErrorKind::Malformed), "{media} {body}");
        assert!(heard.is_empty());
    }
}

#[tokio::test]
async fn what_was_spoken_before_the_connection_broke_is_kept() {
    let double = Double::start(|_, _| cut("audio/pcm", vec![bytes(&[1, 2, 3])])).await;
    let (_, heard, error) = listen(&double).await;
    assert_eq!(heard, [1, 2, 3]);
    assert_eq!(error.map(|e| e.kind), Some(ModelErrorKind::Unavailable));
    assert_eq!(double.seen().len(), 1);
}

#[tokio::test]
async fn an_unknown_voice_is_told_in_the_servers_words() {
    let said = json!({"error": {"message": "Input should be 'nova' or 'alloy'", "type": "invalid_request_error"}});
    let double = Double::start(move |_, _| status(400, said.clone())).await;
    let error = listen(&double).await.2.expect("refused");
    assert_eq!(error.kind, ModelErrorKind::Rejected);
    assert!(error.message.contains("'nova' or 'alloy'"), "{error}");
}

#[tokio::test]
async fn a_voice_that_is_cut_off_closes_the_connection() {
    let (response, gone) = endless("audio/pcm", bytes(&[1, 2]));
    let response = Mutex::new(Some(response));
    let double = Double::start(move |_, _| response.lock().expect("unpoisoned").take().expect("one request")).await;
    let mut stream = double.client().tts("tts-1").speak(request(1.0)).await.expect("begins");
    assert_eq!(stream.next().await.expect("a chunk").expect("good").samples, [1, 2]);
    drop(stream);
    gone.await.expect("the server notices");
}

#[tokio::test]
async fn nothing_to_say_costs_nothing() {
    let double = Double::start(|_, _| status(500, json!({}))).await;
    let blank = SpeechRequest { text: " \n".into(), ..request(1.0) };
    let mut stream = double.client().tts("tts-1").speak(blank).await.expect("no trouble");
    assert!(stream.next().await.is_none() && double.seen().is_empty());
}
