//! The only place that turns byte counts, ratios and times into text and back.
//!
//! Sizes print in IEC units (`71.2 MiB`) unless [`Units::Si`] is chosen; they parse as people write them:
//! `10MB` is 10 000 000 bytes, `10MiB` is 10 485 760.

/// Which family of units sizes are printed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Units {
    /// Powers of 1024: KiB, MiB, GiB.
    #[default]
    Iec,
    /// Powers of 1000: kB, MB, GB.
    Si,
}

impl Units {
    /// Returns a size for people, one decimal from the first multiple on: `512 B`, `71.2 MiB`.
    pub fn size(self, bytes: u64) -> String {
        let (base, names) = match self {
            Self::Iec => (1024.0, ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]),
            Self::Si => (1000.0, ["B", "kB", "MB", "GB", "TB", "PB", "EB"]),
        };
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let mut value = bytes as f64;
        let mut step = 0;
        // 1023.96 would print as 1024.0 of the smaller unit.
        while value >= base - 0.05 && step + 1 < names.len() {
            value /= base;
            step += 1;
        }
        if step == 0 {
            format!("{bytes} B")
        } else {
            format!("{value:.1} {}", names[step])
        }
    }
}

/// Returns a ratio as a percentage with one decimal: `0.873` is `87.3 %`.
///
/// Rounds towards zero distance from the ends, so that only an exact 1 prints `100.0 %` and only an exact
/// 0 prints `0.0 %`.
pub fn percent(ratio: f64) -> String {
    let mut tenths = (ratio * 1000.0).round();
    if tenths >= 1000.0 && ratio < 1.0 {
        tenths = 999.0;
    }
    if tenths <= 0.0 && ratio > 0.0 {
        tenths = 1.0;
    }
    format!("{:.1} %", tenths / 10.0)
}

/// Returns a count with thin groups for people: `48,211`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Parses a size such as `20MB`, `1.5 GiB`, `4096`.
///
/// # Errors
/// A sentence that names the accepted forms.
pub fn parse_size(text: &str) -> Result<u64, String> {
    text.trim()
        .parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| {
            format!(
                "'{}' is not a size; write 4096, 20MB or 20MiB",
                crate::path::display_str(text)
            )
        })
}

/// Parses a ratio written as `0.05` or `5%`.
///
/// # Errors
/// A sentence that names the accepted forms. Negative, infinite and non-numeric values are refused.
pub fn parse_ratio(text: &str) -> Result<f64, String> {
    let trimmed = text.trim();
    let (number, scale) = match trimmed.strip_suffix('%') {
        Some(number) => (number.trim_end(), 100.0),
        None => (trimmed, 1.0),
    };
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() && value >= 0.0 => Ok(value / scale),
        _ => Err(format!(
            "'{}' is not a ratio; write 0.05 or 5%",
            crate::path::display_str(text)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_print_in_both_families() {
        for (bytes, iec, si) in [
            (0, "0 B", "0 B"),
            (999, "999 B", "999 B"),
            (1000, "1000 B", "1.0 kB"),
            (1023, "1023 B", "1.0 kB"),
            (1024, "1.0 KiB", "1.0 kB"),
            (1_048_575, "1.0 MiB", "1.0 MB"),
            (74_658_611, "71.2 MiB", "74.7 MB"),
            (u64::MAX, "16.0 EiB", "18.4 EB"),
        ] {
            assert_eq!(Units::Iec.size(bytes), iec);
            assert_eq!(Units::Si.size(bytes), si);
        }
    }

    #[test]
    fn sizes_parse_as_people_write_them() {
        assert_eq!(parse_size("20MB"), Ok(20_000_000));
        assert_eq!(parse_size("20MiB"), Ok(20_971_520));
        assert_eq!(parse_size("4096"), Ok(4096));
        assert!(parse_size("lots").is_err());
        assert!(parse_size("-1").is_err());
        assert!(parse_size("").is_err());
    }

    #[test]
    fn ratios_parse_in_both_forms() {
        assert_eq!(parse_ratio("0.05"), Ok(0.05));
        assert_eq!(parse_ratio("5%"), Ok(0.05));
        assert_eq!(parse_ratio(" 12.5 % "), Ok(0.125));
        for wrong in ["", "-1", "inf", "NaN", "half"] {
            assert!(parse_ratio(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn percentages_never_hide_the_last_byte() {
        assert_eq!(percent(0.873), "87.3 %");
        assert_eq!(percent(0.99999), "99.9 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.00001), "0.1 %");
        assert_eq!(percent(0.0), "0.0 %");
    }

    #[test]
    fn counts_are_grouped() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(48_211), "48,211");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
