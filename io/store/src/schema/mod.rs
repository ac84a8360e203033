//! The schema's steps, in order. A released one is never changed: what differs is a new step at the end, for both engines,
//! and a database of each released number is kept in `tests/data`.

/// One step.
pub(crate) struct Migration {
    /// Its number: 1, 2, 3 …
    pub(crate) number: u32,
    /// What SQLite runs.
    pub(crate) sqlite: &'static str,
    /// What PostgreSQL runs.
    pub(crate) postgres: &'static str,
}

/// All steps.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, sqlite: include_str!("0001.sqlite.sql"), postgres: include_str!("0001.postgres.sql") }];

/// The schema that this program writes.
pub(crate) const NEWEST: u32 = match MIGRATIONS.last() {
    Some(last) => last.number,
    None => 0,
};

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn steps_are_numbered_without_a_gap() {
        assert!(MIGRATIONS.iter().zip(1..).all(|(migration, number)| migration.number == number));
    }
}
