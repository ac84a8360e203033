//! What kind of address an address is, by the IANA registries of special-purpose addresses (RFC 6890), with the addresses
//! on which clouds tell machines their secrets, and with the forms in which IPv6 carries an address of IPv4.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Anybody's, on the internet.
    Public,
    /// This machine.
    Loopback,
    /// In a private network.
    Private,
    /// On the same wire.
    LinkLocal,
    /// Where a cloud tells the machine its secrets.
    Metadata,
    /// To many at once.
    Multicast,
    /// No address.
    Unspecified,
    /// For examples only.
    Documentation,
    /// For purposes of the network itself.
    Reserved,
}

impl Class {
    /// What its operator can do about it, after the words that it is not allowed.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Class::Loopback => " only, unless its operator sets `allow_loopback`",
            Class::Private => " only, unless its operator sets `allow_private`",
            _ => " only",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Public => "a public address",
            Class::Loopback => "the server's own machine",
            Class::Private => "an address of a private network",
            Class::LinkLocal => "a link-local address",
            Class::Metadata => "a metadata service",
            Class::Multicast => "a multicast address",
            Class::Unspecified => "no address",
            Class::Documentation => "an address for examples",
            Class::Reserved => "a reserved address",
        })
    }
}

/// Networks of IPv4 in which webhooks are not: the first address, and how many bits of it count.
const V4: &[(Ipv4Addr, u32, Class)] = &[
    // Before the networks that they lie in: Alibaba, Oracle, Azure. The rest is link-local.
    (Ipv4Addr::new(100, 100, 100, 200), 32, Class::Metadata),
    (Ipv4Addr::new(192, 0, 0, 192), 32, Class::Metadata),
    (Ipv4Addr::new(168, 63, 129, 16), 32, Class::Metadata),
    (Ipv4Addr::new(169, 254, 169, 254), 32, Class::Metadata),
    (Ipv4Addr::new(0, 0, 0, 0), 8, Class::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Class::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Class::Private),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Class::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, Class::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Class::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Class::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Class::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, Class::Reserved),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Class::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Class::Reserved),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Class::Documentation),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Class::Documentation),
    (Ipv4Addr::new(224, 0, 0, 0), 4, Class::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, Class::Reserved),
];

/// The same of IPv6. What is in none of them and not in 2000::/3 is reserved.
const V6: &[(Ipv6Addr, u32, Class)] = &[
    // Amazon, Google, Scaleway.
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128, Class::Metadata),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128, Class::Metadata),
    (Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128, Class::Metadata),
    (Ipv6Addr::UNSPECIFIED, 128, Class::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, Class::Loopback),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Class::Private),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Class::LinkLocal),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Class::Multicast),
    // Protocol assignments, Teredo among them, which carries two addresses of IPv4.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Class::Reserved),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Class::Documentation),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Class::Documentation),
    (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3, Class::Public),
];

/// What kind of address this is.
pub fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_4(address),
        // What IPv6 carries decides: whoever translates it sends to that.
        IpAddr::V6(address) => match (translated(address), tunnelled(address)) {
            (Some(carried), _) => class_4(carried),
            (None, Some(carried)) if class_6(address) == Class::Public => class_4(carried),
            (None, _) => class_6(address),
        },
    }
}

fn class_4(address: Ipv4Addr) -> Class {
    let within = |net: Ipv4Addr, bits: u32| (address.to_bits() ^ net.to_bits()).leading_zeros() >= bits;
    V4.iter().find(|(net, bits, _)| within(*net, *bits)).map_or(Class::Public, |(.., class)| *class)
}

fn class_6(address: Ipv6Addr) -> Class {
    let within = |net: Ipv6Addr, bits: u32| (address.to_bits() ^ net.to_bits()).leading_zeros() >= bits;
    V6.iter().find(|(net, bits, _)| within(*net, *bits)).map_or(Class::Reserved, |(.., class)| *class)
}

/// The address of IPv4 that an address of IPv6 stands for: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). Of the local
/// form of NAT64 (RFC 8215) nobody but its network knows the length, so it is reserved.
fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(joined(high, low))
        }
        _ => None,
    }
}

/// The address of IPv4 at the end of a tunnel inside of a network (ISATAP, RFC 5214).
fn tunnelled(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [.., 0 | 0x200, 0x5efe, high, low] => Some(joined(high, low)),
        _ => None,
    }
}

fn joined(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::{Class, class};
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    #[test]
    fn every_class_is_told() {
        for (address, expected) in [
            ("8.8.8.8", Class::Public),
            ("100.63.255.255", Class::Public),
            ("100.128.0.0", Class::Public),
            ("172.15.255.255", Class::Public),
            ("172.32.0.0", Class::Public),
            ("198.17.255.255", Class::Public),
            ("198.20.0.0", Class::Public),
            ("223.255.255.255", Class::Public),
            ("0.0.0.0", Class::Unspecified),
            ("0.1.2.3", Class::Unspecified),
            ("10.255.0.1", Class::Private),
            ("100.64.0.1", Class::Private),
            ("100.127.255.255", Class::Private),
            ("172.31.255.255", Class::Private),
            ("192.168.1.1", Class::Private),
            ("127.0.0.1", Class::Loopback),
            ("127.255.255.254", Class::Loopback),
            ("169.254.0.7", Class::LinkLocal),
            ("169.254.170.2", Class::LinkLocal),
            ("169.254.169.254", Class::Metadata),
            ("100.100.100.200", Class::Metadata),
            ("168.63.129.16", Class::Metadata),
            ("192.0.0.192", Class::Metadata),
            ("192.0.0.8", Class::Reserved),
            ("192.88.99.1", Class::Reserved),
            ("198.19.255.255", Class::Reserved),
            ("240.0.0.1", Class::Reserved),
            ("255.255.255.255", Class::Reserved),
            ("192.0.2.1", Class::Documentation),
            ("198.51.100.1", Class::Documentation),
            ("203.0.113.1", Class::Documentation),
            ("224.0.0.1", Class::Multicast),
            ("239.255.255.255", Class::Multicast),
            ("2a00:1450:4001::1", Class::Public),
            ("2606:4700::1111", Class::Public),
            ("::", Class::Unspecified),
            ("::1", Class::Loopback),
            ("fc00::1", Class::Private),
            ("fdff::1", Class::Private),
            ("fd00:ec2::254", Class::Metadata),
            ("fe80::1", Class::LinkLocal),
            ("febf::1", Class::LinkLocal),
            ("ff02::1", Class::Multicast),
            ("2001:db8::1", Class::Documentation),
            ("3fff:fff::1", Class::Documentation),
            ("fec0::1", Class::Reserved),
            ("100::1", Class::Reserved),
            ("5f00::1", Class::Reserved),
            ("2001::1", Class::Reserved),
            ("2001:20::1", Class::Reserved),
            ("64:ff9b:1::7f00:1", Class::Reserved),
            ("::7f00:1", Class::Reserved),
            ("::ffff:0:7f00:1", Class::Reserved),
            ("fe80::5efe:808:808", Class::LinkLocal),
        ] {
            let address: IpAddr = address.parse().expect("an address");
            assert_eq!(class(address), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn what_ipv6_carries_is_what_it_is(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let (high, low) = ((bits >> 16) as u16, bits as u16);
            let expected = class(IpAddr::V4(address));
            for carrier in [
                address.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2a00, 1, 2, 3, 0, 0x5efe, high, low),
            ] {
                prop_assert_eq!(class(IpAddr::V6(carrier)), expected, "{}", carrier);
            }
        }
    }
}
