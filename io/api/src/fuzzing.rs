//! What the fuzz targets feed with any bytes.

pub use crate::calls::export_request;
pub use crate::conversations::ogg_pages;
