//! The command line of what becomes of kept conversations.

use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// Copy all kept conversations to one file.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue backup
  duologue backup --to /mnt/backup/conversations.tar.zst
  duologue backup --to /mnt/backup --json

Conversations that go on are copied as far as they are. Settings and keys are never in a backup.")]
pub(crate) struct BackupArgs {
    /// The new file, or a folder that exists; in that the file is named after the time.
    #[arg(long, value_name = "FILE.tar.gz|FILE.tar.zst|DIR", default_value = ".")]
    pub(crate) to: PathBuf,
}

/// Bring back the conversations of a backup.
#[derive(Debug, Args)]
#[command(
    after_help = "All of it is read and compared with its checksums before anything is changed. What is there already and is the
same is left alone; what differs stays unless --force is given, and the exit code is 1 then."
)]
pub(crate) struct RestoreArgs {
    /// A file that `duologue backup` wrote.
    pub(crate) file: PathBuf,
    /// Replace conversations that differ.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Find what is wrong with the set-up, or with one conversation, and how to mend it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  duologue doctor
  duologue doctor last
  duologue doctor c-20260101-120000-00abcd --json")]
pub(crate) struct DoctorArgs {
    /// A kept conversation: its id, the beginning of it, its folder, or `last`. Without it: the set-up.
    pub(crate) conversation: Option<String>,
}

/// Remove old conversations.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a rule those of `retention` in duologue.yaml hold. Conversations that go on, that are pinned, or that were kept
elsewhere with --out are never removed. --older-than spares the newest of --keep-last; --max-size spares none.

Examples:
  duologue conversation prune --dry-run --older-than 30d
  duologue conversation prune --older-than 30d --keep-last 10
  duologue conversation prune --max-size 5GiB"
)]
pub(crate) struct PruneArgs {
    /// Only say what would be removed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Remove those that began longer ago: `12h`, `30d`, `4w`.
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) older_than: Option<Duration>,
    /// Keep so many of the newest; without --older-than all others are removed.
    #[arg(long, value_name = "N")]
    pub(crate) keep_last: Option<usize>,
    /// Remove the oldest until all together take no more: `500MB`, `5GiB`.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
}

/// Remove conversations.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Ids, beginnings of ids, or folders.
    #[arg(required_unless_present = "all", value_name = "ID")]
    pub(crate) conversations: Vec<String>,
    /// All in the archive, but for those that go on or are pinned.
    #[arg(long, conflicts_with = "conversations")]
    pub(crate) all: bool,
    /// Don't ask.
    #[arg(long, short)]
    pub(crate) yes: bool,
}

/// `30d`; units are m, h, d and w.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds: u64 = match unit {
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err("it takes a number with m, h, d or w, such as 30d".to_owned()),
    };
    let number: u64 =
        number.parse().map_err(|_| "it takes a whole number with m, h, d or w, such as 30d".to_owned())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "this is too long".to_owned())
}

/// `30s`, and what [`age`] takes: how long a room or a token lasts, in seconds that a server can count (32 bits). Nothing
/// is refused, since servers take it for their own default.
pub(crate) fn lasting(text: &str) -> Result<Duration, String> {
    let time = match split(text) {
        (number, "s" | "sec") => {
            let wrong = |_| "it takes a whole number with s, m, h, d or w, such as 30s".to_owned();
            Duration::from_secs(number.parse().map_err(wrong)?)
        }
        (_, "m" | "min" | "h" | "d" | "w") => age(text)?,
        _ => return Err("it takes a number with s, m, h, d or w, such as 30s or 2h".to_owned()),
    };
    match time.as_secs() {
        0 => Err("it takes at least 1s".to_owned()),
        seconds if seconds > u32::MAX.into() => Err("this is too long; it takes at most 49710d".to_owned()),
        _ => Ok(time),
    }
}

/// `5GiB`; units are B, kB, MB, GB, TB and KiB, MiB, GiB, TiB.
fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "b" | "" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "tb" => 1e12,
        "k" | "kib" => 1_024.0,
        "m" | "mib" => 1_048_576.0,
        "g" | "gib" => 1_073_741_824.0,
        "t" | "tib" => 1_099_511_627_776.0,
        _ => return Err("it takes a number with B, kB, MB, GB, KiB, MiB or GiB, such as 5GiB".to_owned()),
    };
    match number.parse::<f64>() {
        Ok(n) if n.is_finite() && n >= 0.0 && n * factor < 1e18 => Ok((n * factor) as u64),
        _ => Err("it takes a number with a unit, such as 5GiB or 500MB".to_owned()),
    }
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_read_as_people_write_them() {
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(age("2 w"), Ok(Duration::from_secs(14 * 86_400)));
        assert_eq!(size("5GiB"), Ok(5 << 30));
        assert_eq!(size("1.5 MB"), Ok(1_500_000));
        assert_eq!(size("0"), Ok(0));
        for wrong in ["", "30", "d", "-1d", "1.5d", "30 years", "99999999999999999999d"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
        assert_eq!(lasting("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(lasting("2h"), Ok(Duration::from_secs(7_200)));
        assert_eq!(lasting("49710d").map(|time| time.as_secs()), Ok(4_294_944_000));
        for wrong in
            ["", "30", "0s", "0m", "-1s", "1.5s", "99999999999h", "49711d", "4294967296s", "99999999999999999999s"]
        {
            assert!(lasting(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "GiB", "-5GiB", "5 apples", "1e99GB", "1.2.3MB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }
}
