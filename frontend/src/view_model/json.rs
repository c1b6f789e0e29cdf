//! JSON for reading. The text is laid out and nothing else, so that numbers keep the digits that were received.

/// Lays out a JSON text with line breaks and two spaces a level. What is no JSON comes out no worse than it was.
#[must_use]
pub fn indent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                let closing = if c == '{' { '}' } else { ']' };
                match chars.next_if_eq(&closing) {
                    Some(closing) => out.push(closing),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::indent;

    #[test]
    fn layout_changes_and_values_do_not() {
        let text = r#"{"a":[1.50,{"b":"x, {\"y\"}: \\"}],"c":{ },"d":123456789012345678901}"#;
        let wanted = "{\n  \"a\": [\n    1.50,\n    {\n      \"b\": \"x, {\\\"y\\\"}: \\\\\"\n    }\n  ],\n  \"c\": {},\n  \"d\": 123456789012345678901\n}";
        assert_eq!(indent(text), wanted);
        assert_eq!(indent(&indent(text)), wanted);
    }

    #[test]
    fn other_texts_survive() {
        assert_eq!(indent("]"), "\n]");
        assert_eq!(indent(""), "");
    }
}
