use super::*;
use duologue_score::{Metrics, PartyMetrics, Spread};

fn sample() -> Report {
    serde_json::from_str(include_str!("../../examples/sample_report.json")).expect("the sample is a report")
}

fn empty() -> Report {
    serde_json::from_value(serde_json::json!({
        "conversation_id": "conv_1", "version": "0.1.0", "title": "Nothing", "started_at": "2026-11-22T14:03:05Z",
        "duration_s": 0.0, "end_reason": "error", "seed": 1, "guidance": "free", "peaks_per_second": 25,
        "speakers": [{"side": "support", "name": "A"}, {"side": "customer", "name": "B"}],
    }))
    .expect("everything else has a default")
}

/// What stands between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &page[start..start + page[start..].find(to).unwrap_or_else(|| panic!("no {to} after {from}"))]
}

fn data(page: &str) -> serde_json::Value {
    serde_json::from_str(between(page, "<script type=\"application/json\" id=\"data\">", "</script>")).expect("JSON")
}

#[test]
fn a_simulated_call_has_no_date_and_the_response_time_of_its_agent() {
    let mut report = empty();
    report.started_at = "1970-01-01T00:00:00Z".into();
    let times = |ms: f64| PartyMetrics { heard_e2e_latency_ms: Spread::of([ms]), ..PartyMetrics::default() };
    report.metrics.heard_e2e_latency_ms = Spread::of([700.0]);
    report.metrics.parties = [("support".to_owned(), times(900.0)), ("customer".to_owned(), times(500.0))].into();
    let response = |report: &Report| between(&render(report), "Response time</span><strong>", "</strong>").to_owned();
    assert_eq!(response(&report), "700 ms", "two agents: both");
    report.speakers[1].models = vec![Model { stage: "llm".into(), name: SCRIPTED_CALLER.into() }];
    assert_eq!(response(&report), "900 ms", "how fast a script is says nothing");
    let (page, text) = (render(&report), render_text(&report));
    assert!(page.contains("<li>In virtual time</li>") && !page.contains("1970"), "{page}");
    assert!(text.contains("In virtual time, ") && !text.contains("1970"), "{text}");
}

#[test]
fn the_page_shows_everything() {
    let report = sample();
    let page = render(&report);
    for text in [
        "Moving a dentist&#39;s appointment",
        "Dana Whitfield",
        "local/whisper-base.en",
        "dental-desk",
        "Failed <span>3 of 4 criteria",
        "mail server did not answer",
        "goal reached, by Sam Okafor",
        "scenario&#39;s course, one hint per turn",
        "find_booking",
        "Sam Okafor ended the call",
        "heard_e2e_latency_ms",
        "href=\"transcript.json\" download",
        "Sam Okafor heard every word",
        ">interrupted<",
        "Model, first clause",
        "interrupts, Sam Okafor yields after 900 ms",
        "0:28: Dana Whitfield shows attention while Sam Okafor speaks (400 ms)",
        "0:47: 3.44 s of silence where Sam Okafor should speak",
        "done in 412 ms",
        "<i>code</i> &quot;47291&quot;",
        "ended at 32.69 s, not 33.10",
        "Source: EVA, docs/metrics/turn_taking.md.",
        "<b>9.1 %</b><small>1 of 11</small>",
        "2026-11-22, 14:03 UTC",
        "612 tokens read (512 cached), 24 written, 31 per second",
        "<dt>tokens</dt><dd>6120 read (4992 cached), 148 written</dd>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("{{"), "a placeholder is left");
    assert_eq!(page.matches("data-turn=").count(), report.utterances.len());
    // Differing words are marked on both sides, equal ones are not.
    assert!(page.contains("<mark class=\"missed\">waive</mark>") && page.contains("<mark class=\"wrong\">wave</mark>"));
    assert!(!page.contains("<mark class=\"wrong\">harbor"));
}

#[test]
fn an_unfinished_call_is_judged_as_one() {
    let report = Report { unfinished: true, ..sample() };
    let (page, text) = (render(&report), render_text(&report));
    assert!(page.contains("Unfinished <span>3 of 4 criteria") && !page.contains("Failed <span>"));
    for told in [&page, &text] {
        let at = told.find("Judged on an unfinished call").expect("it is said");
        assert!(at < told.find(report.verdicts[0].why.split('“').next().unwrap()).unwrap());
    }
    let finished = Report { unfinished: false, ..report };
    assert!(!render(&finished).contains("unfinished call") && !render_text(&finished).contains("unfinished call"));
    let one = Report { verdicts: finished.verdicts[..1].to_vec(), ..finished };
    assert!(render(&one).contains("<span>1 of 1 criterion<"));
}

#[test]
fn the_script_gets_times_in_the_order_of_the_transcript() {
    let mut report = sample();
    report.utterances.reverse();
    let data = data(&render(&report));
    let starts: Vec<f64> =
        data["turns"].as_array().expect("turns").iter().map(|t| t[1].as_f64().expect("a time")).collect();
    assert!(starts.is_sorted());
    assert_eq!(data["turns"][0][0], 1);
    assert_eq!(data["overlaps"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["embedded"], false);
}

#[test]
fn the_page_loads_nothing() {
    let mut report = sample();
    report.audio = Some(Audio { path: "stereo.ogg".into(), mime: "audio/ogg".into(), bytes: vec![1; 1000] });
    let page = render(&report);
    for attribute in ["src=\"", "href=\"", "url("] {
        for (at, _) in page.match_indices(attribute) {
            let target = &page[at + attribute.len()..];
            let elsewhere = ["http:", "https:", "//", "ftp:", "javascript:"].iter().any(|s| target.starts_with(s));
            assert!(!elsewhere, "{}", &target[..60.min(target.len())]);
        }
    }
    assert!(page.contains("default-src 'none'"));
    assert!(!page.contains("@import"));
}

#[test]
fn the_policy_lets_exactly_our_scripts_run() {
    use base64::Engine;
    use sha2::Digest;
    let page = render(&sample());
    let scripts = page.split("<script>").skip(1).map(|from| from.split("</script>").next().expect("its end"));
    let digest = |script: &str| {
        format!(
            "'sha256-{}'",
            base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script.as_bytes()))
        )
    };
    let digests: Vec<String> = scripts.map(digest).collect();
    assert_eq!(digests.len(), 2);
    assert_eq!(between(&page, "script-src ", ";"), digests.join(" "));
}

#[test]
fn audio_is_carried_up_to_its_limit_and_linked_beyond() {
    let mut report = sample();
    let mut audio = |bytes: usize| {
        report.audio = Some(Audio { path: "my audio.ogg".into(), mime: "audio/ogg".into(), bytes: vec![7; bytes] });
        let page = render(&report);
        (
            between(&page, "preload=\"metadata\" src=\"", "\"").chars().take(28).collect::<String>(),
            data(&page)["embedded"].clone(),
        )
    };
    assert_eq!(audio(3), ("data:audio/ogg;base64,BwcH".into(), true.into()));
    assert_eq!(audio(0), ("my%20audio.ogg".into(), false.into()));
    assert_eq!(audio(MAX_EMBEDDED_AUDIO).1, true);
    assert_eq!(audio(MAX_EMBEDDED_AUDIO + 1), ("my%20audio.ogg".into(), false.into()));
}

/// A report in which every text tries to become markup.
fn hostile() -> Report {
    let evil = || "</script><img src=x onerror=alert(1)>\"'{{data}}".to_owned();
    let mut report = sample();
    for text in [
        &mut report.conversation_id,
        &mut report.version,
        &mut report.title,
        &mut report.summary,
        &mut report.scenario,
        &mut report.started_at,
        &mut report.end_reason,
    ] {
        *text = evil();
    }
    report.ended_by = Some(evil());
    report.remarks = vec![evil()];
    report.error = Some(evil());
    for speaker in &mut report.speakers {
        for text in [&mut speaker.name, &mut speaker.agent_name, &mut speaker.persona, &mut speaker.voice] {
            *text = evil();
        }
        speaker.models = vec![Model { stage: evil(), name: evil() }];
    }
    for utterance in &mut report.utterances {
        utterance.said = evil();
        utterance.heard = Some(evil() + " more");
    }
    report.tool_calls = vec![ToolCall {
        name: evil(),
        arguments: serde_json::json!({ evil(): evil() }),
        outcome: evil(),
        ..ToolCall::default()
    }];
    report.notes = vec![Note { at_s: 0.0, text: evil() }];
    report.verdicts = vec![Verdict { criterion: evil(), passed: true, why: evil() }];
    report.files = vec![File { path: evil(), about: evil(), bytes: None }];
    report.audio = Some(Audio { path: evil(), mime: evil(), bytes: vec![1] });
    report
}

#[test]
fn nothing_said_or_named_becomes_markup() {
    let page = render(&hostile());
    assert!(!page.contains("<img"), "markup came through");
    assert!(!page.contains("x onerror=alert(1)>"));
    assert_eq!(page.matches("</script>").count(), 3, "a script element was ended early");
    assert_eq!(data(&page)["names"][0], hostile().speakers[0].name);
    assert!(!render_vtt(&hostile()).contains("<img"));
}

#[test]
fn the_page_carries_what_is_in_it() {
    use base64::Engine;
    let (report, page) = (sample(), render(&sample()));
    let carried = |mime: &str| {
        let body = between(&page, &format!("href=\"data:{mime};base64,"), "\"").to_owned();
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(body).expect("base64")).expect("text")
    };
    assert_eq!(carried("text/vtt"), render_vtt(&report));
    assert_eq!(carried("text/plain;charset=utf-8"), render_text(&report));
    let json: Report = serde_json::from_str(&carried("application/json")).expect("a report again");
    assert_eq!((json.utterances, json.metrics, json.marks), (report.utterances, report.metrics, report.marks));
}

#[test]
fn bars_are_to_scale_and_add_up() {
    let report = sample();
    let page = render(&report);
    let bars = between(&page, "id=\"bars\"", "</ol>");
    let rows: Vec<&str> = bars.split("<li ").skip(1).collect();
    let timed: Vec<_> = report.utterances.iter().filter_map(|u| u.stages).collect();
    assert_eq!(rows.len(), timed.len());
    for (row, stages) in rows.iter().zip(timed) {
        let widths = row.split("style=\"width:").skip(1).filter_map(|w| w.split('%').next()?.parse::<f64>().ok());
        // The longest turn took 3.44 s, so the axis ends at 4 s.
        assert!((widths.sum::<f64>() - stages.total_ms / 40.0).abs() < 0.6, "{row}");
        assert_eq!(row.contains(">early<"), stages.preemptive);
    }
}

#[test]
fn another_page_can_look_like_this_one() {
    let head = head("A & B", "p { color: red }", "draw()");
    assert!(head.contains("<title>A &amp; B · Duologue</title>") && head.contains("p { color: red }"));
    assert!(head.contains("content=\"default-src 'none'; script-src 'sha256-"));
    assert!(!head.contains("url(") && !head.contains("@import"), "it loads nothing");
    assert!(render(&sample()).contains(&brand("Conversation report")));
}

#[test]
fn an_empty_conversation_renders() {
    let page = render(&empty());
    assert!(page.contains("Nobody said anything.") && page.contains("Not judged"));
    assert!(page.contains("aria-labelledby=\"latency\" hidden"));
    assert!(!page.contains("<audio"));
    assert_eq!(render_vtt(&empty()), "WEBVTT\n");
    assert!(render_text(&empty()).contains("Ended: error"));
}

#[test]
fn figures_that_are_no_numbers_do_no_harm() {
    let mut report = sample();
    report.duration_s = f64::NAN;
    report.utterances[0].start_s = f64::NEG_INFINITY;
    report.utterances[1].end_s = f64::INFINITY;
    report.utterances[2].speaker = 17;
    report.metrics = Metrics { overlap_ratio: f64::NAN, ..Metrics::default() };
    report.metrics.parties.insert("customer".into(), PartyMetrics::default());
    assert_eq!(data(&render(&report))["duration"], 0.0);
    assert!(render_vtt(&report).contains("00:00:00.000 --> "));
}

#[test]
fn the_transcript_reads_line_by_line() {
    let text = render_text(&sample());
    assert!(text.contains("Dana Whitfield (customer) and Sam Okafor (support)"), "{text}");
    assert!(text.contains("Dana Whitfield: Yes, it's 47291.\n[0:23] * Sam Okafor called find_booking("));
    assert!(text.contains("       Dana Whitfield heard: great i've moved you to thursday at two fifty"));
    assert!(text.contains("FAILED: A confirmation is sent"));
    assert!(text.contains("[interrupted]"));
    let mut report = sample();
    report.utterances[0].said = "One\n[0:00] Mallory: two".into();
    assert!(render_text(&report).contains("Sam Okafor: One [0:00] Mallory: two"), "a line break forges no turn");
}

#[test]
fn captions_are_webvtt() {
    let mut report = empty();
    report.utterances = vec![
        Utterance {
            speaker: 1,
            said: "a --> b\n\n& c".into(),
            start_s: 3661.5,
            end_s: 3662.0,
            interrupted: true,
            ..Utterance::default()
        },
        Utterance { said: "Hello.".into(), start_s: 0.02, end_s: 0.02, ..Utterance::default() },
    ];
    assert_eq!(
        render_vtt(&report),
        "WEBVTT\n\n1\n00:00:00.020 --> 00:00:00.120\n<v A>Hello.\n\
         \n2\n01:01:01.500 --> 01:01:02.000\n<v B>a --&gt; b &amp; c —\n"
    );
}

#[test]
fn a_report_survives_json() {
    let report = sample();
    let json = serde_json::to_string(&report).expect("serialises");
    assert_eq!(serde_json::from_str::<Report>(&json).expect("comes back"), report);
}
