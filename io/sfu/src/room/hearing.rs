//! What somebody hears in which section of its connection. A section goes from one track to another only by way of
//! silence that was agreed on: clients tell tracks apart by the moment at which a section begins to carry sound.

use super::numbers::Numbers;
use duologue_room::{ParticipantSid, TrackSid};
use duologue_rtc::Mid;
use std::collections::BTreeMap;

/// A track that is to be heard.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) publisher: ParticipantSid,
    /// Whether packets pass.
    pub(crate) on: bool,
}

/// A section of the connection.
#[derive(Debug)]
pub(crate) struct Section {
    /// By which descriptions know it.
    pub(crate) name: String,
    /// What the last description said that it carries.
    pub(crate) told: Option<TrackSid>,
    /// Where to send, once the other side has agreed.
    pub(crate) mid: Option<Mid>,
    /// Whether the other side wants something in it. One that it stopped keeps its numbers, should it come back.
    usable: bool,
    /// Whether it has carried anything.
    used: bool,
    pub(crate) numbers: Numbers,
}

/// What has to be known of a description before it is made.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Sections that carry something again, which is to come from another source than before.
    pub(crate) again: Vec<Mid>,
    /// Sections that are new, where we make them.
    pub(crate) added: Vec<String>,
    /// How many tracks found no section.
    pub(crate) without: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Hearing {
    wanted: BTreeMap<TrackSid, Wanted>,
    sections: Vec<Section>,
}

impl Hearing {
    /// From now on, a track is to be heard; or to rest, where packets are not to pass.
    pub(crate) fn want(&mut self, track: TrackSid, publisher: ParticipantSid, on: bool) {
        if let Some(section) = self.carrying(&track).filter(|_| !on) {
            section.numbers.interrupt();
        }
        self.wanted.insert(track, Wanted { publisher, on });
    }

    /// A track is not to be heard any more; its packets stop now, its section is free after two descriptions.
    pub(crate) fn drop_track(&mut self, track: &TrackSid) {
        self.wanted.remove(track);
    }

    /// How many tracks are to be heard.
    pub(crate) fn count(&self) -> usize {
        self.wanted.len()
    }

    pub(crate) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// How many sections can carry something.
    pub(crate) fn usable(&self) -> usize {
        self.sections.iter().filter(|section| section.usable).count()
    }

    pub(crate) fn section_mut(&mut self, name: &str) -> Option<&mut Section> {
        self.sections.iter_mut().find(|section| section.name == name)
    }

    /// One more section.
    fn add(&mut self, name: String, mid: Option<Mid>) {
        self.sections.push(Section { name, told: None, mid, usable: true, used: false, numbers: Numbers::default() });
    }

    /// The sections that there are, where the other side makes them.
    pub(crate) fn offered(&mut self, names: &[String]) {
        for section in &mut self.sections {
            section.usable = names.contains(&section.name);
            if !section.usable {
                section.told = None;
                section.numbers.interrupt();
            }
        }
        for name in names {
            if !self.sections.iter().any(|section| section.name == *name) {
                self.add(name.clone(), Some(Mid::from(name.as_str())));
            }
        }
    }

    /// Whether the last description said what is.
    pub(crate) fn is_told(&self) -> bool {
        let told = |track: &TrackSid| self.sections.iter().any(|section| section.told.as_ref() == Some(track));
        self.sections.iter().flat_map(|section| &section.told).all(|track| self.wanted.contains_key(track))
            && self.wanted.keys().all(told)
    }

    /// Brings sections in line with what is wanted, as the next description will say it. A section that falls silent
    /// carries nothing new in the same description. For tracks that find none, sections are made, up to `most` in all.
    pub(crate) fn describe(&mut self, most: usize) -> Changes {
        let mut falls_silent = Vec::new();
        for section in &mut self.sections {
            let over = section.told.as_ref().is_some_and(|track| !self.wanted.contains_key(track));
            if over {
                section.told = None;
                section.numbers.interrupt();
            }
            falls_silent.push(over);
        }
        let mut changes = Changes::default();
        let wanted: Vec<_> = self.wanted.keys().cloned().collect();
        for track in wanted {
            if self.carrying(&track).is_some() {
                continue;
            }
            let full = self.sections.len() >= most;
            let mut free = self.sections.iter_mut().zip(&falls_silent);
            match free.find(|(section, falls_silent)| section.usable && section.told.is_none() && !**falls_silent) {
                Some((section, _)) => {
                    section.told = Some(track);
                    let used = std::mem::replace(&mut section.used, true);
                    changes.again.extend(section.mid.filter(|_| used));
                }
                None if !full => {
                    let name = format!("s{}", self.sections.len());
                    changes.added.push(name.clone());
                    self.add(name, None);
                    if let Some(section) = self.sections.last_mut() {
                        (section.told, section.used) = (Some(track), true);
                    }
                }
                None => changes.without += 1,
            }
        }
        changes
    }

    /// What a description says of a section: the publisher and its track, in LiveKit's spelling of a stream.
    pub(crate) fn named(&self, section: &Section) -> Option<(String, String)> {
        let track = section.told.as_ref()?;
        let publisher = &self.wanted.get(track)?.publisher;
        Some((format!("{publisher}|{track}"), track.0.clone()))
    }

    /// Where packets of a track go, if they pass.
    pub(crate) fn way_of(&mut self, track: &TrackSid) -> Option<(Mid, &mut Numbers)> {
        if !self.wanted.get(track)?.on {
            return None;
        }
        let section = self.carrying(track)?;
        section.mid.map(|mid| (mid, &mut section.numbers))
    }

    fn carrying(&mut self, track: &TrackSid) -> Option<&mut Section> {
        self.sections.iter_mut().find(|section| section.told.as_ref() == Some(track))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn track(n: u8) -> TrackSid {
        TrackSid(format!("TR_{n}"))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Want(u8, bool),
        Drop(u8),
        /// With as many sections as the other side makes, or with ours.
        Describe(bool),
        /// The other side makes as many sections.
        Offer(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..6u8, any::<bool>()).prop_map(|(n, on)| Step::Want(n, on)),
            2 => (0..6u8).prop_map(Step::Drop),
            3 => any::<bool>().prop_map(Step::Describe),
            1 => (0..7usize).prop_map(Step::Offer),
        ]
    }

    proptest! {
        #[test]
        fn a_section_is_silent_between_two_tracks(steps in prop::collection::vec(step(), 1..80)) {
            let mut hearing = Hearing::default();
            for step in steps {
                let before: BTreeMap<_, _> =
                    hearing.sections().iter().filter_map(|s| Some((s.name.clone(), s.told.clone()?))).collect();
                match step {
                    Step::Want(n, on) => hearing.want(track(n), ParticipantSid("PA_x".into()), on),
                    Step::Drop(n) => hearing.drop_track(&track(n)),
                    Step::Describe(ours) => {
                        let without = hearing.describe(if ours { 9 } else { 0 }).without;
                        let told: Vec<_> = hearing.sections().iter().filter_map(|s| s.told.clone()).collect();
                        prop_assert_eq!(told.len() + without, hearing.count());
                    }
                    Step::Offer(n) => hearing.offered(&(0..n).map(|n| n.to_string()).collect::<Vec<_>>()),
                }
                let told: Vec<_> = hearing.sections().iter().filter_map(|s| s.told.clone()).collect();
                prop_assert!(told.iter().enumerate().all(|(n, t)| !told[..n].contains(t)), "twice: {told:?}");
                for section in hearing.sections() {
                    if let (Some(was), Some(is)) = (before.get(&section.name), &section.told) {
                        prop_assert_eq!(was, is, "a section changed its track without a pause");
                    }
                }
            }
            hearing.offered(&(0..12).map(|n| n.to_string()).collect::<Vec<_>>());
            (0..2).for_each(|_| drop(hearing.describe(0)));
            prop_assert!(hearing.is_told());
            for n in (0..6).map(track) {
                let wanted = hearing.wanted.get(&n).is_some_and(|wanted| wanted.on);
                prop_assert_eq!(hearing.way_of(&n).is_some(), wanted);
            }
        }
    }
}
