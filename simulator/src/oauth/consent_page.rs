//! The consent page: plain HTML and one form, no script.

use super::authorize::{AuthorizeProblem, AuthorizeRequest};
use super::scopes;
use crate::faults::Provider;
use crate::people::People;

const STYLE: &str = "
:root { color-scheme: light dark; --edge: light-dark(#c6cad3, #4a5160); --soft: light-dark(#5a6170, #aab1c0);
  --card: light-dark(#ffffff, #1b1f27); --page: light-dark(#eef1f6, #101318); --act: light-dark(#0b57d0, #a8c7fa);
  --on-act: light-dark(#ffffff, #062e6f); }
* { box-sizing: border-box; }
body { margin: 0; padding: 1.5rem 1rem; background: var(--page); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 36rem; margin: 0 auto; padding: 1.5rem; background: var(--card); border: 1px solid var(--edge);
  border-radius: 1rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .25rem; }
p { margin: .25rem 0 1rem; } .soft, small { color: var(--soft); }
fieldset { min-width: 0; border: 1px solid var(--edge); border-radius: .75rem; margin: 0 0 1.25rem; padding: .5rem 1rem .75rem; }
legend { font-weight: 600; padding: 0 .4rem; }
label { display: grid; grid-template-columns: 1.5rem minmax(0, 1fr); gap: .5rem; align-items: start; padding: .4rem 0; cursor: pointer; }
label + label { border-top: 1px solid var(--edge); }
input { width: 1.15rem; height: 1.15rem; margin: .2rem 0 0; accent-color: var(--act); }
input.who { width: 100%; height: auto; font: inherit; padding: .5rem .75rem; }
small { display: block; }
.actions { display: flex; gap: .75rem; justify-content: flex-end; flex-wrap: wrap; }
button { font: inherit; font-weight: 600; padding: .6rem 1.4rem; border-radius: 2rem; border: 1px solid var(--edge);
  background: transparent; color: inherit; cursor: pointer; }
button.act { background: var(--act); color: var(--on-act); border-color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
code, small, p { overflow-wrap: anywhere; }
";

fn brand(provider: Provider) -> &'static str {
    match provider {
        Provider::Google => "Google Health",
        Provider::Fitbit => "Fitbit",
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
}

/// The page that asks.
pub(crate) fn ask(request: &AuthorizeRequest, people: &People) -> String {
    let brand = brand(request.provider);
    let mut radios = String::new();
    for (number, person) in people.all().iter().take(people.named()).enumerate() {
        let profile = &person.profile;
        let checked = if number == 0 { " checked" } else { "" };
        radios.push_str(&format!(
            "<label><input type=\"radio\" name=\"person\" value=\"{}\"{checked}><span>{}<small>{}</small></span></label>",
            profile.id,
            escaped(profile.name),
            escaped(profile.special),
        ));
    }
    if people.all().len() > people.named() {
        let count = people.all().len() - people.named();
        radios.push_str(&format!(
            "<p><input type=\"text\" class=\"who\" name=\"who\" autocomplete=\"off\" \
             placeholder=\"or one of {count} others, by name or id\" aria-label=\"Name or id of somebody else\"></p>"
        ));
    }
    let mut boxes = String::new();
    for name in request.scopes.names(request.provider) {
        boxes.push_str(&format!(
            "<label><input type=\"checkbox\" name=\"scope\" value=\"{}\" checked><span>{}<small>{}</small></span></label>",
            escaped(&name),
            escaped(&scopes::in_words(request.provider, &name)),
            escaped(&name),
        ));
    }
    let client = escaped(&request.client_id);
    page(
        &format!("Sign in with {brand} (simulated)"),
        &format!(
            "<h1><code>{client}</code> wants to use your {brand} data</h1>\
             <p class=\"soft\">This is a simulated {brand}. The people are invented; their movement is recorded.</p>\
             <form method=\"post\"><fieldset><legend>Who are you?</legend>{radios}</fieldset>\
             <fieldset><legend>What may it do?</legend>{boxes}</fieldset>\
             <div class=\"actions\"><button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button>\
             <button class=\"act\" type=\"submit\" name=\"decision\" value=\"allow\">Allow</button></div></form>"
        ),
    )
}

/// The page for a request that cannot be asked.
pub(crate) fn refuse(provider: Provider, problem: &AuthorizeProblem) -> String {
    let brand = brand(provider);
    let message = escaped(&problem.message);
    let body = match provider {
        Provider::Google => format!(
            "<h1>Access blocked: authorization error</h1><p>{message}</p>\
             <p class=\"soft\">Error {}: {}</p>",
            problem.status, problem.code
        ),
        Provider::Fitbit => format!(
            "<h1>Developer information</h1><p>{} - {message}</p>\
             <p class=\"soft\">Visit https://dev.fitbit.com/docs/oauth2 for more information on the Fitbit Web API \
             authorization process.</p>",
            problem.code
        ),
    };
    page(&format!("{brand} (simulated): the request is refused"), &body)
}
