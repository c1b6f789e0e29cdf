//! `/settings`

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::operations::{UpdateProfile, UpdateProfileStatus, update_profile};
use crate::api::transport::send;
use crate::components::heading::PageTitle;
use crate::components::states::sentence;
use crate::state::flash::use_flash;
use crate::state::session::use_session;
use crate::state::theme::{Theme, use_theme};
use crate::state::{tr, zone};

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let session = use_session();
    view! {
        <header class="page-head">
            <div>
                <PageTitle text=tr!(settings.title)/>
                <p class="page-caption">{move || session.email()}</p>
            </div>
        </header>
        <div class="columns">
            {move || session.user_id().map(|_| view! { <ProfileCard/> })}
            <ThemeCard/>
            <section class="card" aria-labelledby="heading-developers">
                <h2 id="heading-developers">{tr!(settings.developers)}</h2>
                <p class="note">{tr!(settings.developers_hint)}</p>
                <a class="button" rel="external" href="/playground">{tr!(settings.playground)}</a>
            </section>
        </div>
    }
    .into_any()
}

/// A field for a time zone, with the zones that the browser knows on offer.
#[component]
pub fn TimeZoneField(value: RwSignal<String>) -> impl IntoView {
    let options = zone::known().into_iter().map(|name| view! { <option value=name></option> });
    view! {
        <label class="field">
            <span>{tr!(settings.time_zone)}</span>
            <input
                type="text"
                list="time-zones"
                required
                autocomplete="off"
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            <datalist id="time-zones">{options.collect_view()}</datalist>
        </label>
    }
    .into_any()
}

#[component]
fn ProfileCard() -> impl IntoView {
    let (session, flash) = (use_session(), use_flash());
    let name = RwSignal::new(untrack(move || session.name()));
    let time_zone = RwSignal::new(untrack(move || session.time_zone()));
    let (problem, busy) = (RwSignal::new(None::<&'static str>), RwSignal::new(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        problem.set(None);
        let variables = update_profile::Variables {
            display_name: Some(name.get_untracked().trim().to_owned()),
            time_zone: Some(time_zone.get_untracked().trim().to_owned()),
        };
        leptos::task::spawn_local(async move {
            let answer = send::<UpdateProfile>(variables).await.map(|data| data.update_profile);
            busy.try_set(false);
            match answer {
                Ok(payload) => match payload.status {
                    UpdateProfileStatus::Updated => {
                        flash.say(tr!(settings.saved));
                        session.reload();
                    }
                    UpdateProfileStatus::TimeZoneUnknown => {
                        problem.set(Some(tr!(settings.time_zone_unknown)))
                    }
                    UpdateProfileStatus::NameEmpty => problem.set(Some(tr!(settings.name_empty))),
                    UpdateProfileStatus::Other(_) => problem.set(Some(tr!(error.internal))),
                },
                Err(error) => flash.warn(sentence(&error)),
            }
        });
    };
    view! {
        <section class="card" aria-labelledby="heading-profile">
            <h2 id="heading-profile">{tr!(settings.profile)}</h2>
            <form on:submit=submit>
                <label class="field">
                    <span>{tr!(settings.display_name)}</span>
                    <input
                        type="text"
                        required
                        autocomplete="name"
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                    />
                </label>
                <TimeZoneField value=time_zone/>
                <p class="note">{tr!(settings.time_zone_hint)}</p>
                <div role="alert">{move || problem.get().map(|text| view! { <p class="problem">{text}</p> })}</div>
                <button class="button primary" prop:disabled=move || busy.get()>{tr!(settings.save)}</button>
            </form>
        </section>
    }
    .into_any()
}

#[component]
fn ThemeCard() -> impl IntoView {
    let theme = use_theme();
    let choice = move |value: Theme, word: &'static str| {
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="theme"
                    prop:checked=move || theme.choice() == value
                    on:change=move |_| theme.choose(value)
                />
                <span>{word}</span>
            </label>
        }
    };
    view! {
        <section class="card" aria-labelledby="heading-theme">
            <h2 id="heading-theme">{tr!(settings.appearance)}</h2>
            <fieldset class="checks column">
                <legend>{tr!(settings.theme)}</legend>
                {choice(Theme::System, tr!(settings.theme_system))}
                {choice(Theme::Light, tr!(settings.theme_light))}
                {choice(Theme::Dark, tr!(settings.theme_dark))}
            </fieldset>
        </section>
    }
    .into_any()
}
