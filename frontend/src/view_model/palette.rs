//! Colours of the charts, in light and in dark; the stylesheet has the same ones as variables.

/// Colours that ECharts is given, since a canvas does not see CSS variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    pub text: &'static str,
    pub muted: &'static str,
    pub line: &'static str,
    pub surface: &'static str,
    pub accent: &'static str,
    pub accent_soft: &'static str,
    pub heart: &'static str,
    pub heart_soft: &'static str,
    pub gap: &'static str,
    pub awake: &'static str,
    pub rem: &'static str,
    pub light: &'static str,
    pub deep: &'static str,
    pub asleep: &'static str,
}

/// On a light ground.
pub const LIGHT: Palette = Palette {
    text: "#17212b",
    muted: "#586674",
    line: "#dfe5ea",
    surface: "#ffffff",
    accent: "#0b7a75",
    accent_soft: "rgba(11,122,117,0.14)",
    heart: "#b4235a",
    heart_soft: "rgba(180,35,90,0.20)",
    gap: "rgba(88,102,116,0.13)",
    awake: "#d97706",
    rem: "#4aa3df",
    light: "#3f6fd1",
    deep: "#2b2a78",
    asleep: "#3f6fd1",
};

/// On a dark ground.
pub const DARK: Palette = Palette {
    text: "#e6ebf0",
    muted: "#9aa8b5",
    line: "#2a343e",
    surface: "#161d24",
    accent: "#3cc4ba",
    accent_soft: "rgba(60,196,186,0.16)",
    heart: "#f0719f",
    heart_soft: "rgba(240,113,159,0.24)",
    gap: "rgba(154,168,181,0.14)",
    awake: "#f5a524",
    rem: "#8fd0f5",
    light: "#5f92f0",
    deep: "#8b83e6",
    asleep: "#5f92f0",
};
