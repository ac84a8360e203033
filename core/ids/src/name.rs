/// Makes a type of its own of each name that must not be taken for another: `name! { /** A room. */ RoomName }`. What it
/// holds is public: whoever reads it off a wire wraps it.
///
/// ```
/// duologue_ids::name! {
///     /// A room.
///     RoomName
/// }
/// assert_eq!(RoomName("kitchen".into()).to_string(), "kitchen");
/// ```
#[macro_export]
macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub String);

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}
