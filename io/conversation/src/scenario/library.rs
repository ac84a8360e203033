//! The scenarios and personas that come with the product, compiled in so that they work from any folder.

/// A file of the library.
pub(super) struct Built {
    pub(super) id: &'static str,
    pub(super) text: &'static str,
}

macro_rules! built {
    ($folder:literal: $($id:literal),* $(,)?) => {
        &[$(Built { id: $id, text: include_str!(concat!("../../../../", $folder, "/", $id, ".yaml")) }),*]
    };
}

pub(super) const SCENARIOS: &[Built] = built!(
    "scenarios":
    "car-claim",
    "card-block",
    "card-reader",
    "dentist-appointment",
    "electricity-bill",
    "flight-rebooking",
    "hotel-change",
    "internet-outage",
    "missing-parcel",
    "prescription-refill",
    "subscription-cancel",
    "table-allergies",
);

pub(super) const PERSONAS: &[Built] =
    built!("personas": "anna", "danny", "joe", "nadia", "priya", "rosa", "victor", "walter");

/// The names of the scenarios that come with the product, for `--scenario`.
pub fn scenario_names() -> impl Iterator<Item = &'static str> {
    SCENARIOS.iter().map(|b| b.id)
}

/// The names of the personas that come with the product.
pub fn persona_names() -> impl Iterator<Item = &'static str> {
    PERSONAS.iter().map(|b| b.id)
}

/// The file of a scenario that comes with the product, to begin one's own with.
pub fn scenario_text(id: &str) -> Option<&'static str> {
    text(SCENARIOS, id)
}

/// A file of the library by name.
pub(super) fn text(shelf: &'static [Built], id: &str) -> Option<&'static str> {
    shelf.iter().find(|b| b.id == id).map(|b| b.text)
}
