use super::*;
use duologue_worker::Participant as Present;

fn who(identity: &str, sid: &str) -> Present {
    let track =
        duologue_worker::Track { sid: format!("TR_{identity}"), name: "voice".into(), audio: true, muted: false };
    Present {
        sid: sid.into(),
        identity: identity.into(),
        name: identity.to_uppercase(),
        kind: Kind::Agent,
        attributes: [("lk.agent.state".to_owned(), "listening".to_owned())].into(),
        metadata: String::new(),
        tracks: vec![track],
    }
}

fn text(segment: &str, text: &str, more: &[(&str, &str)]) -> RoomEvent {
    let attributes =
        more.iter().chain(&[("lk.segment_id", segment)]).map(|(k, v)| ((*k).into(), (*v).into())).collect();
    RoomEvent::Text(Text {
        stream: format!("ST_{text}"),
        from: "anna".into(),
        topic: TRANSCRIPTION.into(),
        attributes,
        text: text.into(),
        state: TextState::Complete,
    })
}

fn told(state: &RoomState, since: u64) -> Vec<(&'static str, serde_json::Value)> {
    state.since(since).into_iter().map(|t| (t.name, serde_json::from_str(&t.data).unwrap())).collect()
}

#[test]
fn who_comes_first_gets_all_and_later_what_changed() {
    let mut state = RoomState::new("kitchen");
    state.apply(RoomEvent::Joined(who("anna", "PA_1")));
    state.apply(text("s1", "Good", &[]));
    let all = told(&state, 0);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].1["participants"][0]["agent_state"], "listening");
    assert_eq!(all[0].1["lines"][0]["text"], "Good");
    let seen = state.version();
    state.apply(text("s1", "Good evening", &[("lk.transcription_final", "true")]));
    let news = told(&state, seen);
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!((news[0].0, &news[0].1["text"], &news[0].1["is_final"]), ("line", &"Good evening".into(), &true.into()));
    assert_eq!(told(&state, 0)[0].1["lines"].as_array().unwrap().len(), 1, "the segment was replaced");
}

#[test]
fn what_somebody_was_heard_to_say_is_theirs() {
    let mut state = RoomState::new("kitchen");
    state.apply(RoomEvent::Joined(who("anna", "PA_1")));
    state.apply(RoomEvent::Joined(who("joe", "PA_2")));
    state.apply(text("s1", "Hello", &[("lk.transcribed_track_id", "TR_joe")]));
    let line = &told(&state, 0)[0].1["lines"][0];
    assert_eq!((&line["speaker"], &line["name"]), (&"joe".into(), &"JOE".into()));
}

#[test]
fn one_who_came_back_is_not_taken_for_gone() {
    let mut state = RoomState::new("kitchen");
    state.apply(RoomEvent::Joined(who("anna", "PA_1")));
    state.apply(RoomEvent::Joined(who("anna", "PA_2")));
    state.apply(RoomEvent::Left(who("anna", "PA_1")));
    assert_eq!(state.participants().len(), 1);
    let seen = state.version();
    state.apply(RoomEvent::Changed(who("anna", "PA_2")));
    assert_eq!(state.version(), seen, "nothing changed");
    state.apply(RoomEvent::Left(who("anna", "PA_2")));
    assert_eq!(told(&state, seen), [("participants", serde_json::json!([]))]);
}

#[test]
fn a_transcript_of_any_length_takes_bounded_room() {
    let mut state = RoomState::new("kitchen");
    (0..LINES * 2).for_each(|n| state.apply(text(&n.to_string(), "word", &[])));
    assert_eq!(told(&state, 0)[0].1["lines"].as_array().unwrap().len(), LINES);
}
