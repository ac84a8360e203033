use crate::{JobId, JobKind};
use duologue_ids::SeededRng;
use std::collections::BTreeSet;

/// What a worker says of itself when it registers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerSpec {
    /// The agent that it runs; empty for one that serves every room which names no agent.
    pub agent_name: String,
    /// What it is asked for.
    pub kind: JobKind,
    /// Which of several deployments of the agent this is; empty for the usual one.
    pub deployment: String,
    /// What its participants may do in a room.
    pub permissions: Permissions,
}

impl WorkerSpec {
    /// Whether both are asked for the same jobs.
    pub(crate) fn serves_as(&self, other: &WorkerSpec) -> bool {
        (self.kind, &self.agent_name, &self.deployment) == (other.kind, &other.agent_name, &other.deployment)
    }
}

/// What the participant of a job may do in its room (`ParticipantPermission` of LiveKit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// Publish tracks.
    pub publish: bool,
    /// The sources that it may publish, as tokens spell them (`microphone`); all where empty.
    pub publish_sources: Vec<String>,
    /// Hear others.
    pub subscribe: bool,
    /// Send data.
    pub publish_data: bool,
    /// Change its own metadata, name and attributes.
    pub update_metadata: bool,
    /// Be seen by nobody.
    pub hidden: bool,
}

impl Default for Permissions {
    /// What LiveKit's servers allow a worker that asks for nothing in particular.
    fn default() -> Self {
        Permissions {
            publish: true,
            publish_sources: Vec::new(),
            subscribe: true,
            publish_data: true,
            update_metadata: true,
            hidden: false,
        }
    }
}

/// A worker that is connected.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// What it registered as.
    pub spec: WorkerSpec,
    /// Whether it takes jobs. One that drains says no and keeps those it has.
    pub available: bool,
    /// How busy it says it is: 0 idle, 1 full.
    pub load: f32,
    /// What it is asked for, or has.
    pub jobs: BTreeSet<JobId>,
}

/// An index into `loads`, drawn with the weight `1 − load`, which is how LiveKit's servers spread jobs; uniformly where
/// everybody is as busy as can be.
pub(crate) fn draw(loads: &[f32], rng: &mut SeededRng) -> Option<usize> {
    let weight = |load: &f32| f64::from(1.0 - load.clamp(0.0, 1.0));
    let total: f64 = loads.iter().map(weight).sum();
    if total <= 0.0 {
        return (!loads.is_empty()).then(|| rng.below(loads.len()));
    }
    let mut left = rng.unit() * total;
    // Rounding may leave a trace beyond the last weight: then it is the last that has any.
    let last = loads.iter().rposition(|load| weight(load) > 0.0);
    let drawn = loads.iter().position(|load| {
        left -= weight(load);
        left < 0.0
    });
    drawn.or(last)
}

#[cfg(test)]
mod tests {
    use super::draw;
    use duologue_ids::Seed;
    use proptest::prelude::*;

    #[test]
    fn the_idle_are_drawn_more_often() {
        let mut rng = Seed(3).rng();
        let mut counts = [0u32; 4];
        for _ in 0..4_000 {
            counts[draw(&[0.75, 0.25, 1.0, f32::INFINITY], &mut rng).unwrap()] += 1;
        }
        assert_eq!((counts[2], counts[3]), (0, 0));
        assert!((900..1_100).contains(&counts[0]), "a quarter of the draws: {counts:?}");
    }

    #[test]
    fn of_the_fully_loaded_somebody_is_drawn() {
        let mut rng = Seed(3).rng();
        assert_eq!(draw(&[1.0], &mut rng), Some(0));
        assert_eq!(draw(&[], &mut rng), None);
    }

    proptest! {
        #[test]
        fn whatever_the_loads_somebody_is_drawn(loads in prop::collection::vec(0.0f32..1.5, 1..6), seed in any::<u64>()) {
            prop_assert!(draw(&loads, &mut Seed(seed).rng()).unwrap() < loads.len());
        }
    }
}
