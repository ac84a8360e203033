use crate::bed::{Told, at, here, nowhere, outcome};
use crate::receiver::{Receiver, Reply};
use duologue_gateway::push::{AddressError, Answer, Class, DiallerConfig, PushRules, Webhook, class};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn refused(url: &str, rules: &PushRules) -> Option<AddressError> {
    Webhook::read(url, rules).err()
}

#[test]
fn what_an_address_says_is_looked_at_when_it_is_set() {
    let strict = PushRules::default();
    for fine in [
        "https://example.org/",
        "https://example.org:8443/a?b=c#d",
        "https://8.8.8.8/",
        "HTTPS://EXAMPLE.ORG",
        "https://bücher.example/",
    ] {
        assert_eq!(refused(fine, &strict), None, "{fine}");
    }
    for (wrong, class) in [
        ("https://localhost/", Class::Loopback),
        ("https://LOCALHOST./", Class::Loopback),
        ("https://a.localhost/", Class::Loopback),
        ("https://127.0.0.1/", Class::Loopback),
        ("https://127.1/", Class::Loopback),
        ("https://2130706433/", Class::Loopback),
        ("https://0x7f000001/", Class::Loopback),
        ("https://0177.0.0.1/", Class::Loopback),
        ("https://１２７.0.0.1/", Class::Loopback),
        ("https://[::1]/", Class::Loopback),
        ("https://[::ffff:127.0.0.1]/", Class::Loopback),
        ("https://[64:ff9b::7f00:1]/", Class::Loopback),
        ("https://[2002:7f00:1::]/", Class::Loopback),
        ("https://10.0.0.1/", Class::Private),
        ("https://100.64.0.1/", Class::Private),
        ("https://172.16.0.1/", Class::Private),
        ("https://192.168.0.1/", Class::Private),
        ("https://[fd00::1]/", Class::Private),
        ("https://[::ffff:10.0.0.1]/", Class::Private),
        ("https://169.254.169.254/latest/meta-data/", Class::Metadata),
        ("https://[fd00:ec2::254]/", Class::Metadata),
        ("https://metadata.google.internal/", Class::Metadata),
        ("https://169.254.1.1/", Class::LinkLocal),
        ("https://[fe80::1]/", Class::LinkLocal),
        ("https://224.0.0.1/", Class::Multicast),
        ("https://[ff02::1]/", Class::Multicast),
        ("https://0.0.0.0/", Class::Unspecified),
        ("https://[::]/", Class::Unspecified),
        ("https://203.0.113.9/", Class::Documentation),
        ("https://[2001:db8::1]/", Class::Documentation),
        ("https://255.255.255.255/", Class::Reserved),
        ("https://[2001::1]/", Class::Reserved),
    ] {
        let found = refused(wrong, &strict);
        assert!(
            matches!(&found, Some(AddressError::Forbidden { class: found, .. }) if *found == class),
            "{wrong}: {found:?}"
        );
    }
    for wrong in [
        "http://example.org/",
        "http://8.8.8.8/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:1",
    ] {
        assert_eq!(refused(wrong, &strict), Some(AddressError::NotTls), "{wrong}");
    }
    for wrong in ["https://user@example.org/", "https://user:word@example.org/", "https://:word@example.org/"] {
        assert_eq!(refused(wrong, &strict), Some(AddressError::Credentials), "{wrong}");
    }
    for wrong in [
        "",
        "example.org",
        "https://",
        "/hook",
        "https://exa mple.org/",
        "https://[::1",
        "https://example.org:99999/",
        "https://./",
    ] {
        assert!(
            matches!(refused(wrong, &strict), Some(AddressError::Unreadable { .. })),
            "{wrong}: {:?}",
            refused(wrong, &strict)
        );
    }
    assert_eq!(refused("https://example.org:0/", &strict), Some(AddressError::Port));
    let long = format!("https://example.org/{}", "a".repeat(3_000));
    assert_eq!(refused(&long, &strict), Some(AddressError::TooLong));
}

proptest! {
    /// Whatever is written there: what is taken is https, without credentials, and at no address that is not public.
    #[test]
    fn no_words_lead_inside(
        scheme in "(https?|ftp|[a-z]{0,4})", host in "([a-z0-9.:%@\\[\\]-]{0,24}|[0-9a-fx.]{1,16}|\\[[0-9a-f:.]{2,30}\\])", rest in "\\PC{0,20}"
    ) {
        if let Ok(webhook) = Webhook::read(&format!("{scheme}://{host}{rest}"), &PushRules::default()) {
            let url = webhook.url();
            prop_assert_eq!((url.scheme(), url.username(), url.password()), ("https", "", None));
            if let Ok(address) = webhook.host().parse() {
                prop_assert_eq!(class(address), Class::Public, "{}", url);
            }
            prop_assert!(!webhook.host().ends_with("localhost"), "{}", url);
        }
    }
}

#[test]
fn an_operator_can_allow_more_and_less() {
    let local = PushRules { allow_loopback: true, ..PushRules::default() };
    for fine in ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:9/", "https://localhost/"] {
        assert_eq!(refused(fine, &local), None, "{fine}");
    }
    for wrong in ["http://10.0.0.1/", "https://10.0.0.1/", "http://example.org/", "https://169.254.169.254/"] {
        assert!(refused(wrong, &local).is_some(), "{wrong}");
    }
    let private = PushRules { allow_private: true, ..PushRules::default() };
    assert_eq!(refused("https://10.0.0.1/", &private), None);
    for wrong in ["http://10.0.0.1/", "https://127.0.0.1/", "https://169.254.169.254/", "https://100.100.100.200/"] {
        assert!(refused(wrong, &private).is_some(), "{wrong}");
    }
    let listed = PushRules { allow_hosts: vec!["*.Example.org".into(), "hook.test".into()], ..PushRules::default() };
    for fine in ["https://a.example.org/", "https://a.b.EXAMPLE.org./", "https://hook.test/"] {
        assert_eq!(refused(fine, &listed), None, "{fine}");
    }
    for wrong in [
        "https://example.org/",
        "https://notexample.org/",
        "https://.example.org/",
        "https://a.hook.test/",
        "https://8.8.8.8/",
    ] {
        assert!(refused(wrong, &listed).is_some(), "{wrong}");
    }
}

#[tokio::test]
async fn what_a_name_leads_to_is_looked_at_when_it_is_called() {
    for (address, class) in [
        ("10.0.0.1", Class::Private),
        ("127.0.0.1", Class::Loopback),
        ("169.254.169.254", Class::Metadata),
        ("::ffff:192.168.0.1", Class::Private),
        ("fe80::1", Class::LinkLocal),
        ("0.0.0.0", Class::Unspecified),
    ] {
        for all in [&[address][..], &["8.8.8.8", address][..]] {
            let names = Told::new(&[all]);
            let dialler = DiallerConfig { names: Arc::clone(&names) as _, ..DiallerConfig::default() };
            let answer = outcome(dialler, "https://hook.example/").await;
            let expected = AddressError::Forbidden { host: "hook.example".into(), class };
            assert_eq!(answer, Answer::Forbidden(expected), "{all:?}");
            assert_eq!(names.asked.load(Ordering::Relaxed), 1);
        }
    }
}

#[tokio::test]
async fn the_connection_goes_to_the_address_that_was_looked_at() {
    let mut receiver = Receiver::start([]).await;
    // A name server that has something else in mind for whoever asks twice.
    let names = Told::new(&[&["127.0.0.1"], &["169.254.169.254"]]);
    let dialler = DiallerConfig { names: Arc::clone(&names) as _, ..here() };
    let answer = outcome(dialler, &at(&receiver, "http", "hook.localhost")).await;
    assert_eq!(answer, Answer::Status { code: 200, retry_after: None });
    assert_eq!(receiver.next().await.text("host"), format!("hook.localhost:{}", receiver.address.port()));
    assert_eq!(names.asked.load(Ordering::Relaxed), 1);
    // Without TLS nothing leaves this machine, whatever the name says of itself.
    let names = Told::new(&[&["8.8.8.8"]]);
    let dialler = DiallerConfig { names, ..here() };
    assert_eq!(
        outcome(dialler, &at(&receiver, "http", "hook.localhost")).await,
        Answer::Forbidden(AddressError::NotTls)
    );
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn nobody_is_sent_on() {
    let mut elsewhere = Receiver::start([]).await;
    let there = Box::leak(
        format!("HTTP/1.1 307 On\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url()).into_boxed_str(),
    );
    let mut receiver = Receiver::start([Reply::Raw(there)]).await;
    assert_eq!(outcome(here(), &receiver.url()).await, Answer::Status { code: 307, retry_after: None });
    receiver.next().await;
    assert!(elsewhere.is_idle());
}

#[tokio::test]
async fn what_receivers_ask_for_and_what_they_do_not_say() {
    let waits = Reply::Raw("HTTP/1.1 503 No\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n");
    let receiver = Receiver::start([waits, Reply::Close, Reply::Raw("no HTTP at all\r\n\r\n")]).await;
    let answer = outcome(here(), &receiver.url()).await;
    assert_eq!(answer, Answer::Status { code: 503, retry_after: Some(std::time::Duration::from_secs(7)) });
    for _ in 0..2 {
        let Answer::Unreachable { what } = outcome(here(), &receiver.url()).await else { panic!("no answer") };
        assert!(!what.contains("/hook"), "the address can hold a secret: {what}");
    }
    let answer = outcome(here(), &nowhere().await).await;
    assert!(matches!(&answer, Answer::Unreachable { what } if what.contains("refused")), "{answer:?}");
}
