//! Parts that pages are made of.

pub mod chart;
pub mod copy;
pub mod coverage_strip;
pub mod dialog;
pub mod documents;
pub mod grid;
pub mod heading;
pub mod hypnogram;
pub mod icons;
pub mod metric_card;
pub mod range_picker;
pub mod raster;
pub mod shell;
pub mod states;
pub mod table;
