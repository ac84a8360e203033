//! Looks for the first entry of a chain that is not what was written.

use super::Chain;
use super::chain::{ANCHOR, Head, hex, read_anchor};
use crate::Unavailable;
use crate::engine::Engine;
use std::collections::BTreeMap;

/// Entries read at once.
const PAGE: u32 = 500;

/// What a look at all chains found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many chains there are.
    pub chains: usize,
    /// How many entries were right.
    pub entries: u64,
    /// The first fault of each chain that has one.
    pub broken: Vec<Broken>,
}

/// The first entry of a chain that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Whose chain.
    pub instance: String,
    /// Which place of it.
    pub seq: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is none at this place, though later ones or the chain's end say that there was.
    Missing,
    /// Its hash does not follow from what it says and from the hash before.
    Changed,
    /// The chain holds together, but another one took down another hash for this place: all of it was rewritten.
    Rewritten {
        /// The chain that remembers.
        witness: String,
        /// Where it took that down.
        at: u64,
    },
}

/// What an anchor remembers of another chain's place.
struct Memory {
    hash: String,
    witness: String,
    at: u64,
}

type Memories = BTreeMap<(String, u64), Vec<Memory>>;

/// Reads every chain twice: for what it remembers of others, and for whether it holds.
pub(crate) async fn verify(engine: &dyn Engine) -> Result<Verdict, Unavailable> {
    let chains = engine.chains().await?;
    let mut memories = Memories::new();
    for chain in &chains {
        remember(engine, chain, &mut memories).await?;
    }
    let mut verdict = Verdict { chains: chains.len(), ..Verdict::default() };
    for chain in &chains {
        follow(engine, chain, &memories, &mut verdict).await?;
    }
    for ((instance, seq), remembered) in &memories {
        let known = chains.iter().any(|chain| chain.instance == *instance && chain.seq >= *seq);
        let told = verdict.broken.iter().any(|broken| broken.instance == *instance);
        if let (false, false, Some(_)) = (known, told, remembered.first()) {
            verdict.broken.push(Broken { instance: instance.clone(), seq: *seq, fault: Fault::Missing });
        }
    }
    Ok(verdict)
}

async fn remember(engine: &dyn Engine, chain: &Chain, memories: &mut Memories) -> Result<(), Unavailable> {
    let mut after = 0;
    loop {
        let anchors = engine.links(&chain.instance, Some(ANCHOR), after, PAGE).await?;
        let Some(last) = anchors.last() else { return Ok(()) };
        after = last.seq;
        // Later ones may speak of entries that came after the chains were listed.
        for link in anchors.iter().filter(|link| link.seq <= chain.seq) {
            for (instance, seq, hash) in read_anchor(&link.entry.body) {
                let memory = Memory { hash, witness: chain.instance.clone(), at: link.seq };
                memories.entry((instance, seq)).or_default().push(memory);
            }
        }
    }
}

async fn follow(
    engine: &dyn Engine,
    chain: &Chain,
    memories: &Memories,
    verdict: &mut Verdict,
) -> Result<(), Unavailable> {
    let mut head = Head::default();
    let broken = |seq, fault| Broken { instance: chain.instance.clone(), seq, fault };
    loop {
        let links = engine.links(&chain.instance, None, head.seq, PAGE).await?;
        // What was entered since the chains were listed is looked at the next time.
        let known = links.iter().filter(|link| link.seq <= chain.seq);
        let before = head.seq;
        for link in known {
            let right = head.next(&chain.instance, &link.entry);
            let fault = if link.seq != right.seq {
                Some(Fault::Missing)
            } else if link.hash != right.hash {
                Some(Fault::Changed)
            } else {
                rewritten(memories, &chain.instance, &right)
            };
            if let Some(fault) = fault {
                verdict.broken.push(broken(right.seq, fault));
                return Ok(());
            }
            head = Head::at(&right);
            verdict.entries += 1;
        }
        if head.seq == before {
            break;
        }
    }
    if head.seq != chain.seq {
        verdict.broken.push(broken(head.seq + 1, Fault::Missing));
    } else if head.hash != chain.hash {
        verdict.broken.push(broken(head.seq, Fault::Changed));
    }
    Ok(())
}

fn rewritten(memories: &Memories, instance: &str, link: &super::Link) -> Option<Fault> {
    let remembered = memories.get(&(instance.to_owned(), link.seq))?;
    let other = remembered.iter().find(|memory| memory.hash != hex(&link.hash))?;
    Some(Fault::Rewritten { witness: other.witness.clone(), at: other.at })
}
