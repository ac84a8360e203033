use crate::tone::loudest;
use duologue_worker::RemoteAudio;

/// Waits until a tone is heard: on a busy machine its frames come in bursts, and some are lost, which blurs it for a while.
pub(crate) async fn hears(audio: &mut RemoteAudio, hertz: f64) {
    let mut heard = Vec::new();
    while heard.len() < 10 {
        let loudest = loudest(audio).await;
        if (loudest - hertz).abs() < 6.0 {
            return;
        }
        heard.push(loudest);
    }
    panic!("heard {heard:?} Hz instead of {hertz}");
}
