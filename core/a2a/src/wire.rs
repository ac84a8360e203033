//! How fields stand in ProtoJSON: null is absent, an integer may come as a string, of a `oneof` there is exactly one.

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads a field whose absence and whose `null` mean its default.
pub(crate) fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Whether a field without presence is left out.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An integer of 32 bits that may come as a string or as a number with nothing after the point; null is absent.
pub(crate) mod integer {
    use super::*;

    /// Reads one that may be absent.
    pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
        deserializer.deserialize_option(Reader)
    }

    /// Reads one that is 0 where it is absent.
    pub(crate) fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i32, D::Error> {
        optional(deserializer).map(Option::unwrap_or_default)
    }

    struct Reader;

    impl<'de> Visitor<'de> for Reader {
        type Value = Option<i32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an integer of 32 bits")
        }

        fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_any(self)
        }

        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
            i32::try_from(value).map(Some).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
            i32::try_from(value).map(Some).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
            let whole = value.fract() == 0.0 && value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX);
            // In range and whole: the cast loses nothing.
            whole.then_some(Some(value as i32)).ok_or_else(|| E::invalid_value(de::Unexpected::Float(value), &self))
        }

        fn visit_str<E: de::Error>(self, value: &str) -> Result<Self::Value, E> {
            value.parse().map(Some).map_err(|_| E::invalid_value(de::Unexpected::Str(value), &self))
        }
    }
}

/// Bytes as base64: written in the standard alphabet with padding, read in both alphabets, with padding or without.
pub(crate) mod bytes {
    use base64::Engine as _;
    use base64::alphabet::{STANDARD, URL_SAFE};
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    const EITHER: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, EITHER);
    const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, EITHER);

    pub(crate) fn write(bytes: &[u8]) -> String {
        PLAIN.encode(bytes)
    }

    /// Without padding and in the alphabet of addresses, as JWS has it (RFC 7515 §2).
    pub(crate) fn write_url(bytes: &[u8]) -> String {
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
        let engine = if text.bytes().any(|byte| byte == b'-' || byte == b'_') { URL } else { PLAIN };
        engine.decode(text).ok()
    }
}

/// Reads a member's name as one of those that are known, without copying it.
pub(crate) struct Name(pub(crate) &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Self::Value, E> {
        let name = camel(name);
        Ok(self.0.iter().copied().find(|known| *known == name))
    }
}

/// A member's name in the form in which it is written. Readers of ProtoJSON also take the name that the field has in the
/// definition: `task_id` for `taskId`.
pub(crate) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return name.into();
    }
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words
        .fold(first, |name, word| {
            let (head, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            name + &head.to_ascii_uppercase() + rest
        })
        .into()
}

/// Has a struct read from an object only, whose names may be those of the definition: a derived reader would also take an
/// array of its fields in their order.
pub(crate) struct Members<T>(pub(crate) T);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Members<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Members(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Members<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Members(map))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.0.next_key_seed(MemberName(seed))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// Reads a name, and gives it on in the form in which it is written.
struct MemberName<T>(T);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for MemberName<K> {
    type Value = K::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K::Value, D::Error> {
        self.0.deserialize(MemberName(deserializer))
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for MemberName<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_identifier(MemberName(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for MemberName<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<V::Value, E> {
        self.0.visit_str(&camel(name))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<V::Value, E> {
        self.0.visit_u64(number)
    }
}

/// A message of the protocol. Each field says what becomes of it when it is empty: `required` is written all the same,
/// `implicit` is left out, `optional` has a presence of its own; `integer` and `optional_integer` are read from strings too.
/// In reading, absent and null are the same everywhere, and unknown members are passed over (specification 1.0.1 §5.7).
macro_rules! proto {
    ($(#[$meta:meta])* pub struct $name:ident { $($body:tt)* }) => {
        $crate::wire::proto!(@ [$(#[$meta])*] $name [] $($body)*);
    };
    (@ $meta:tt $name:ident [$($done:tt)*] $(#[$doc:meta])* required $field:ident: $ty:ty, $($rest:tt)*) => {
        $crate::wire::proto!(@ $meta $name [$($done)* $(#[$doc])*
            #[serde(deserialize_with = "crate::wire::lenient")]
            pub $field: $ty,] $($rest)*);
    };
    (@ $meta:tt $name:ident [$($done:tt)*] $(#[$doc:meta])* implicit $field:ident: $ty:ty, $($rest:tt)*) => {
        $crate::wire::proto!(@ $meta $name [$($done)* $(#[$doc])*
            #[serde(deserialize_with = "crate::wire::lenient", skip_serializing_if = "crate::wire::is_default")]
            pub $field: $ty,] $($rest)*);
    };
    (@ $meta:tt $name:ident [$($done:tt)*] $(#[$doc:meta])* optional $field:ident: $ty:ty, $($rest:tt)*) => {
        $crate::wire::proto!(@ $meta $name [$($done)* $(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$ty>,] $($rest)*);
    };
    (@ $meta:tt $name:ident [$($done:tt)*] $(#[$doc:meta])* integer $field:ident, $($rest:tt)*) => {
        $crate::wire::proto!(@ $meta $name [$($done)* $(#[$doc])*
            #[serde(deserialize_with = "crate::wire::integer::plain")]
            pub $field: i32,] $($rest)*);
    };
    (@ $meta:tt $name:ident [$($done:tt)*] $(#[$doc:meta])* optional_integer $field:ident, $($rest:tt)*) => {
        $crate::wire::proto!(@ $meta $name [$($done)* $(#[$doc])*
            #[serde(deserialize_with = "crate::wire::integer::optional", skip_serializing_if = "Option::is_none")]
            pub $field: Option<i32>,] $($rest)*);
    };
    (@ [$($meta:tt)*] $name:ident [$($done:tt)*]) => {
        $($meta)*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default, remote = "Self")]
        pub struct $name { $($done)* }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $name::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $name::deserialize($crate::wire::Members(deserializer))
            }
        }
    };
}
pub(crate) use proto;

/// A `oneof` that is a message of its own: an object with one member, which says what it is.
macro_rules! oneof {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $json:literal => $variant:ident($ty:ty),)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])* $variant($ty),)+ }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serde::Serializer::serialize_map(serializer, Some(1))?;
                match self {
                    $($name::$variant(value) => serde::ser::SerializeMap::serialize_entry(&mut map, $json, value)?,)+
                }
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;

                impl<'de> serde::de::Visitor<'de> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object with exactly one of" $(, " `", $json, "`")+))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let mut found = None;
                        while let Some(name) = map.next_key_seed($crate::wire::Name(&[$($json),+]))? {
                            let value = match name {
                                $(Some($json) => map.next_value::<Option<$ty>>()?.map($name::$variant),)+
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                    None
                                }
                            };
                            let Some(value) = value else { continue };
                            if found.replace(value).is_some() {
                                return Err(serde::de::Error::custom(concat!(
                                    "more than one of" $(, " `", $json, "`")+
                                )));
                            }
                        }
                        found.ok_or_else(|| serde::de::Error::custom(concat!("none of" $(, " `", $json, "`")+)))
                    }
                }

                deserializer.deserialize_map(Reader)
            }
        }
    };
}
pub(crate) use oneof;
