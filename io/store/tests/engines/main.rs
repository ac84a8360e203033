//! One suite for both engines. Tests of PostgreSQL start a server of their own; where there is none, they say so and pass,
//! unless `DUOLOGUE_TEST_POSTGRES` is `required`.

mod audit;
mod bed;
mod changes;
mod commits;
mod crash;
mod files;
mod leases;
mod lists;
mod model;
mod outbox;
mod replicas;
mod schemas;
mod server;
mod wakes;

/// Runs each of the named tests of a module on both engines.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test] fn $name() { crate::bed::on_file(super::$name); })+
        }
        mod postgres {
            $(#[test] fn $name() { crate::bed::on_server(super::$name); })+
        }
    };
}
pub(crate) use on_both;
