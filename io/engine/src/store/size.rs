//! Bytes as a person reads them.

use std::fmt;

/// A number of bytes that prints in decimal units with three significant digits, as disks and downloads are sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0 as f64;
        let text = match self.0 {
            0..1_000 => format!("{} B", self.0),
            1_000..1_000_000 => format!("{:.0} kB", bytes / 1e3),
            1_000_000..10_000_000 => format!("{:.1} MB", bytes / 1e6),
            10_000_000..1_000_000_000 => format!("{:.0} MB", bytes / 1e6),
            _ => format!("{:.2} GB", bytes / 1e9),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn prints_the_unit_that_fits() {
        let shown = [999, 2_317, 1_240_667, 75_537_502, 1_117_320_768].map(|bytes| Size(bytes).to_string());
        assert_eq!(shown, ["999 B", "2 kB", "1.2 MB", "76 MB", "1.12 GB"]);
    }
}
