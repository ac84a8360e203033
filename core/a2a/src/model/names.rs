/// An enum of the protocol: written by its name, read by its name or its number (ProtoJSON). The first has the number 0.
macro_rules! names {
    ($(#[$meta:meta])* pub enum $name:ident { $(#[$zero_doc:meta])* $zero:ident = $zero_name:literal, $($(#[$doc:meta])* $variant:ident = $json:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[$zero_doc])*
            #[default]
            $zero,
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them, by number.
            pub const ALL: &'static [$name] = &[$name::$zero, $($name::$variant,)+];

            /// The name in the protocol's definition and in the JSON of 1.0.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $name::$zero => $zero_name,
                    $($name::$variant => $json,)+
                }
            }

            /// That of the given name.
            pub fn named(name: &str) -> Option<$name> {
                match name {
                    $zero_name => Some($name::$zero),
                    $($json => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;

                impl serde::de::Visitor<'_> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("one of `", $zero_name, "`" $(, ", `", $json, "`")+))
                    }

                    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<$name, E> {
                        $name::named(name).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(name), &self))
                    }

                    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<$name, E> {
                        let known = usize::try_from(number).ok().and_then(|at| $name::ALL.get(at));
                        known.copied().ok_or_else(|| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
                    }
                }

                deserializer.deserialize_any(Reader)
            }
        }
    };
}
pub(super) use names;
