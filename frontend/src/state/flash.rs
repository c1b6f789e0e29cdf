//! A message that outlives a change of page.

use leptos::prelude::*;

/// The message of the moment, announced to screen readers.
#[derive(Debug, Clone, Copy)]
pub struct Flash(RwSignal<Option<Message>>);

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub text: String,
    pub is_error: bool,
}

impl Flash {
    /// No message yet.
    #[must_use]
    pub fn start() -> Self {
        Self(RwSignal::new(None))
    }

    /// Good news.
    pub fn say(self, text: impl Into<String>) {
        self.0.set(Some(Message { text: text.into(), is_error: false }));
    }

    /// Bad news.
    pub fn warn(self, text: impl Into<String>) {
        self.0.set(Some(Message { text: text.into(), is_error: true }));
    }

    /// Takes the message away.
    pub fn clear(self) {
        self.0.set(None);
    }

    /// The message.
    #[must_use]
    pub fn get(self) -> Option<Message> {
        self.0.get()
    }
}

/// The app's message.
#[must_use]
pub fn use_flash() -> Flash {
    expect_context()
}
