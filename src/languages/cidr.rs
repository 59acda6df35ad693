//! Networks of Internet addresses: `10.0.0.0/24`, `2001:db8::/32`.

use std::net::IpAddr;

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits an address has to share with it.
    bits: u32,
}

impl Network {
    /// Reads one; none if it isn't one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits = bits.parse().ok().filter(|bits| *bits <= width(address))?;
        Some(Self { address, bits })
    }

    /// Whether a text is an address in this network.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else {
            return false;
        };
        let rest = width(address) - self.bits.min(width(address));
        address.is_ipv4() == self.address.is_ipv4()
            && number(address).checked_shr(rest).unwrap_or(0)
                == number(self.address).checked_shr(rest).unwrap_or(0)
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn addresses_are_inside_or_not() {
        for (network, address, inside) in [
            ("10.0.0.0/24", "10.0.0.255", true),
            ("10.0.0.0/24", "10.0.1.0", false),
            ("10.0.0.0/24", "10.0.0.256", false),
            ("10.0.0.7/32", "10.0.0.7", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8:1234:1a00::/64", "2001:0db8:1234:1a00:0000:0000:0000:0000", true),
            ("2001:db8:1234:1a00::/64", "2001:0db8:123f:1a01::", false),
        ] {
            let network = Network::parse(network).expect(network);
            assert_eq!(network.contains(address), inside, "{address} in {network:?}");
        }
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x.11.y/8", "10.0.0.0/", "::/129"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
