//! What the fuzz targets feed with any bytes.

pub use crate::conversations::ogg_pages;
