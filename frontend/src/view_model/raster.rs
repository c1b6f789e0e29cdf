//! Rows of bars over one axis: hours of the week, nights.

use super::table::Table;

/// A picture of rows, with its table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Raster {
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Percent of the width, and the text there.
    pub ticks: Vec<(f64, String)>,
    /// Sentences below.
    pub notes: Vec<String>,
    /// The same as a table.
    pub table: Table,
    /// The picture in a sentence.
    pub label: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its name; rows without one are unnamed in the picture.
    pub name: String,
    /// Its bars.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Left edge in percent.
    pub left: f64,
    /// Width in percent.
    pub width: f64,
    /// Its class in the stylesheet.
    pub class: &'static str,
    /// From 0 to 1.
    pub opacity: f64,
    /// What it tells.
    pub title: String,
}
