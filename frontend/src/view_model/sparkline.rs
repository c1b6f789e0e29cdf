//! A line the size of a word.

use std::fmt::Write;

/// Width of the drawing's own coordinates.
pub const WIDTH: f64 = 120.0;
/// Height of the drawing's own coordinates.
pub const HEIGHT: f64 = 28.0;

/// The path (SVG) of the values, with 0 at the bottom; a missing value breaks the line, a lonely one becomes a dot.
#[must_use]
pub fn path(values: &[Option<f64>]) -> String {
    let top = values.iter().flatten().copied().fold(0.0, f64::max).max(1.0);
    let step = WIDTH / (values.len().max(2) - 1) as f64;
    let mut path = String::new();
    let mut is_drawing = false;
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        let (x, y) = (i as f64 * step, 1.0 + (HEIGHT - 2.0) * (1.0 - value / top));
        let alone = !is_drawing && values.get(i + 1).is_none_or(Option::is_none);
        let pen = if is_drawing { 'L' } else { 'M' };
        let dot = if alone { "h0.01" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(path, "{pen}{x:.1} {y:.1}{dot}");
        is_drawing = true;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn missing_days_break_the_line() {
        assert_eq!(path(&[Some(0.0), Some(10.0), None, Some(5.0)]), "M0.0 27.0L40.0 1.0M120.0 14.0h0.01");
        assert_eq!(path(&[None, None]), "");
        assert_eq!(path(&[]), "");
    }
}
