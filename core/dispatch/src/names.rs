use std::fmt;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// A worker's connection (`AW_…`). One that comes back is another worker, which brings its jobs along.
    WorkerId
}
name! {
    /// The wish that an agent be in a room (`AD_…`).
    DispatchId
}
name! {
    /// One piece of work for one worker (`AJ_…`).
    JobId
}
