//! A policy whose files change while it decides.

use crate::bed::{allow_if, call, folder, write};
use duologue_policy::{Input, Outcome};
use duologue_policy_engine::{Embedded, Limits, PolicyPaths, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

fn loaded(body: &str) -> (TempDir, Arc<Embedded>) {
    let folder = folder(&[("p.rego", &allow_if(body))]);
    let policy = Embedded::load(PolicyPaths::one(folder.path()), Limits::default()).expect("loaded");
    (folder, Arc::new(policy))
}

fn outcome(policy: &Embedded) -> Outcome {
    policy.decide(&call().document()).outcome()
}

#[test]
fn what_does_not_compile_leaves_the_last_good_one_deciding_and_says_so() {
    let (folder, policy) = loaded("input.request.method == \"count_words\"");
    let before = policy.status().borrow().clone();
    assert_eq!((outcome(&policy), &before.stale), (Outcome::Allow, &None));

    write(&folder, &[("p.rego", "package duologue.authz\n\nallow if {\n  input.x ==\n}\n")]);
    let error = policy.reload().expect_err("it does not compile");
    assert!(error.to_string().starts_with("p.rego:5: "), "{error}");
    assert_eq!(outcome(&policy), Outcome::Allow);
    let stale = policy.status().borrow().stale.clone().expect("it says so");
    assert_eq!((stale.error.clone(), &policy.status().borrow().policy), (error, &before.policy));

    // Broken in another way it is still broken since then.
    write(&folder, &[("p.rego", "package duologue.authz\n\nallow if http.send({})\n")]);
    assert!(policy.reload().is_err());
    let still = policy.status().borrow().stale.clone().expect("it says so");
    assert_eq!(still.since, stale.since);
    assert_ne!(still.error, stale.error);

    std::fs::remove_file(folder.path().join("p.rego")).expect("removed");
    assert!(policy.reload().is_err());
    assert_eq!(outcome(&policy), Outcome::Allow);

    write(&folder, &[("p.rego", &allow_if("input.request.method == \"something_else\""))]);
    policy.reload().expect("it compiles");
    assert_eq!(outcome(&policy), Outcome::Deny);
    let after = policy.status().borrow().clone();
    assert_eq!(after.stale, None);
    assert_ne!(after.policy, before.policy);
}

#[test]
fn taking_the_mistake_back_mends_it() {
    let (folder, policy) = loaded("true");
    let text = std::fs::read_to_string(folder.path().join("p.rego")).expect("text");
    write(&folder, &[("p.rego", "nonsense")]);
    assert!(policy.reload().is_err());
    write(&folder, &[("p.rego", &text)]);
    policy.reload().expect("it compiles");
    assert_eq!((policy.status().borrow().stale.clone(), outcome(&policy)), (None, Outcome::Allow));
}

#[test]
fn data_that_cannot_be_read_is_a_mistake_too() {
    let (folder, policy) = loaded("true");
    write(&folder, &[("data.json", "{")]);
    assert!(policy.reload().is_err());
    assert_eq!(outcome(&policy), Outcome::Allow);
}

async fn becomes(policy: &Embedded, fits: impl FnMut(&Status) -> bool) {
    let mut status = policy.status();
    timeout(PATIENCE, status.wait_for(fits)).await.expect("in time").expect("a policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen() {
    let (folder, policy) = loaded("true");
    let first = policy.status().borrow().policy.clone();
    let watcher = tokio::spawn(Arc::clone(&policy).watch(Duration::from_millis(10)));

    write(&folder, &[("p.rego", &allow_if("false"))]);
    becomes(&policy, |status| status.policy != first).await;
    assert_eq!(outcome(&policy), Outcome::Deny);

    write(&folder, &[("p.rego", "nonsense")]);
    becomes(&policy, |status| status.stale.is_some()).await;
    assert_eq!(outcome(&policy), Outcome::Deny);

    // A new file of data counts, too.
    write(&folder, &[("p.rego", &allow_if("data.open")), ("data.json", "{\"open\": true}")]);
    becomes(&policy, |status| status.stale.is_none()).await;
    timeout(PATIENCE, async {
        while outcome(&policy) != Outcome::Allow {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("in time");
    watcher.abort();
}

/// Under one policy `a` and `b` hold, under the other neither: whoever decides sees one of them, never half of each.
#[test]
fn nobody_sees_half_a_policy() {
    let text = |on: &str| format!("package duologue.authz\nallow := {{\"allow\": {on}, \"rule\": \"{on}\"}}\n");
    let (folder, policy) = loaded("true");
    write(&folder, &[("p.rego", &text("true"))]);
    policy.reload().expect("it compiles");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let decider = scope.spawn(|| {
            let input = Input::default();
            let document = input.document();
            let mut seen = [0u32; 2];
            while !is_over.load(Ordering::Relaxed) {
                let decision = policy.decide(&document);
                let allows = decision.outcome() == Outcome::Allow;
                assert!(decision.rule().is_some_and(|rule| rule.starts_with(if allows { "true" } else { "false" })));
                seen[usize::from(allows)] += 1;
            }
            seen
        });
        for at in 0..40 {
            write(&folder, &[("p.rego", &text(if at % 2 == 0 { "false" } else { "true" }))]);
            policy.reload().expect("it compiles");
        }
        is_over.store(true, Ordering::Relaxed);
        let seen = decider.join().expect("no contradiction");
        assert!(seen[0] + seen[1] > 0, "{seen:?}");
    });
}
