use super::*;
use async_trait::async_trait;
use duologue_models::{HeardStream, ModelError, StreamingStt, TranscribeRequest};
use futures::stream;
use std::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Answers each question with how many samples it got, or as `how` says.
struct Counting(How);

#[derive(Clone, Copy, PartialEq)]
enum How {
    Well,
    Never,
    BreakingAfterOne,
}

#[async_trait]
impl Stt for Counting {
    async fn transcribe(&self, _: TranscribeRequest) -> Result<Transcript, ModelError> {
        unreachable!("the listener asks the stream only")
    }

    fn streaming(&self) -> Option<&dyn StreamingStt> {
        Some(self)
    }
}

#[async_trait]
impl StreamingStt for Counting {
    async fn listen(&self, _: Arc<str>, sound: SoundStream) -> Result<HeardStream, ModelError> {
        let how = self.0;
        let state = (sound, 0, 0);
        let heard = stream::unfold(state, move |(mut sound, mut samples, answers)| async move {
            loop {
                match sound.next().await? {
                    Sound::Samples(more) => {
                        samples += more.len();
                        return Some((Ok(Heard::Interim(samples.to_string())), (sound, samples, answers)));
                    }
                    Sound::Finalize if how == How::Never => {}
                    Sound::Finalize if how == How::BreakingAfterOne && answers == 1 => return None,
                    Sound::Finalize => {
                        let words = Transcript { text: samples.to_string(), confidence: None };
                        return Some((Ok(Heard::Final(words)), (sound, samples, answers + 1)));
                    }
                }
            }
        });
        Ok(heard.boxed())
    }
}

type Overheard = (u32, String);

fn open(how: How) -> (Listener, UnboundedReceiver<Overheard>) {
    let (tell, told): (UnboundedSender<Overheard>, _) = unbounded_channel();
    let tell = Mutex::new(tell);
    let overheard = move |utterance, text| drop(tell.lock().map(|t| t.send((utterance, text))));
    (Listener::open(&Handle::current(), (Arc::new(Counting(how)), "en".into()), silent(), overheard), told)
}

fn silent() -> Arc<Streams> {
    Arc::new(Streams::new(|_| {}))
}

async fn words(question: Option<Question>) -> Option<String> {
    Some(question?.answer().await?.text)
}

#[tokio::test]
async fn each_question_is_answered_with_all_sound_so_far() {
    let (mut listener, mut told) = open(How::Well);
    assert!(listener.hear(1, 0, vec![0; 100]));
    assert_eq!(words(listener.ask(&[0; 150])).await.as_deref(), Some("150"));
    // A question that nobody waits for any more takes its answer along.
    drop(listener.ask(&[0; 150]));
    assert!(listener.hear(2, 150, vec![0; 50]));
    assert_eq!(words(listener.ask(&[0; 200])).await.as_deref(), Some("200"));
    assert_eq!(told.recv().await, Some((1, "100".into())));
}

#[tokio::test]
async fn a_gap_in_the_sound_is_noticed() {
    let (mut listener, _told) = open(How::Well);
    assert!(listener.hear(1, 0, vec![0; 100]));
    assert!(!listener.hear(1, 200, vec![0; 100]));
    assert!(listener.ask(&[0; 50]).is_none(), "less than it got already");
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_never_answers_is_given_up() {
    let (mut listener, _told) = open(How::Never);
    assert!(listener.hear(1, 0, vec![0; 100]));
    assert_eq!(words(listener.ask(&[0; 100])).await, None);
    tokio::task::yield_now().await;
    assert_eq!(words(listener.ask(&[0; 100])).await, None, "one request will do it from now on");
}

#[tokio::test]
async fn a_recogniser_that_breaks_leaves_its_questions_unanswered() {
    let (mut listener, _told) = open(How::BreakingAfterOne);
    assert!(listener.hear(1, 0, vec![0; 100]));
    assert_eq!(words(listener.ask(&[0; 100])).await.as_deref(), Some("100"));
    assert_eq!(words(listener.ask(&[0; 100])).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_recogniser_that_fails_is_told_once_and_left_alone_in_the_end() {
    let (tell, mut told) = unbounded_channel();
    let streams = Arc::new(Streams::new(move |why| drop(tell.send(why))));
    let turn = async |how: How| {
        let recogniser: (Arc<dyn Stt>, _) = (Arc::new(Counting(how)), "en".into());
        let mut listener = Listener::open(&Handle::current(), recogniser, streams.clone(), |_, _| {});
        assert!(listener.hear(1, 0, vec![0; 100]));
        words(listener.ask(&[0; 100])).await
    };
    assert_eq!(turn(How::Never).await, None);
    assert!(turn(How::Well).await.is_some() && streams.are_worth_it());
    assert_eq!((turn(How::Never).await, streams.are_worth_it()), (None, true));
    assert_eq!((turn(How::Never).await, streams.are_worth_it()), (None, false), "two in a row");
    let told: Vec<String> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    assert!(told.len() == 1 && told[0].contains("did not answer within 3s") && told[0].contains("slower"), "{told:?}");
}
