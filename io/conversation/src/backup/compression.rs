//! How a backup is compressed: by its name when it is written, by its first bytes when it is read.

use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;

/// How a backup is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// `.tar.gz`: RFC 1952.
    Gzip,
    /// `.tar.zst`: RFC 8878; smaller and quicker.
    Zstd,
}

impl Compression {
    /// As the name of a file says; `None` where it says nothing of the kind.
    pub fn of(path: &Path) -> Option<Compression> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let ends = |endings: [&str; 2]| endings.iter().any(|ending| name.ends_with(ending));
        match () {
            () if ends([".tar.gz", ".tgz"]) => Some(Compression::Gzip),
            () if ends([".tar.zst", ".tzst"]) => Some(Compression::Zstd),
            () => None,
        }
    }
}

/// Writes compressed.
pub(super) enum Packer {
    Gzip(GzEncoder<File>),
    Zstd(zstd::Encoder<'static, File>),
}

impl Packer {
    pub(super) fn new(compression: Compression, file: File) -> io::Result<Packer> {
        Ok(match compression {
            Compression::Gzip => Packer::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
                encoder.include_checksum(true)?;
                Packer::Zstd(encoder)
            }
        })
    }

    pub(super) fn finish(self) -> io::Result<File> {
        match self {
            Packer::Gzip(encoder) => encoder.finish(),
            Packer::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Write for Packer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Packer::Gzip(encoder) => encoder.write(bytes),
            Packer::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Packer::Gzip(encoder) => encoder.flush(),
            Packer::Zstd(encoder) => encoder.flush(),
        }
    }
}

/// What comes out of a compressed file; `None` where it is neither compressed nor a tar file. One that somebody
/// unpacked to a plain tar file is read too.
pub(super) fn unpacked<'a>(mut file: impl BufRead + 'a) -> io::Result<Option<Box<dyn io::Read + 'a>>> {
    // A tar file says what it is at the end of its first header (POSIX.1-1988, `ustar`), of 512 bytes.
    let first = file.fill_buf()?;
    Ok(match first {
        [0x1f, 0x8b, ..] => Some(Box::new(MultiGzDecoder::new(file))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Box::new(zstd::Decoder::with_buffer(file)?)),
        tar if tar.get(257..262) == Some(b"ustar") => Some(Box::new(file)),
        _ => None,
    })
}
