//! What is served is what Fitbit's own description has: paths and parameters.

use std::collections::BTreeSet;

use pulsekeep_simulator::served_paths;
use serde_json::Value;

use crate::world::World;

fn description() -> Value {
    serde_json::from_str(include_str!("../../data/fitbit-paths.json")).unwrap()
}

#[test]
fn every_served_path_and_its_parameters_are_in_the_description() {
    let description = description();
    for template in served_paths() {
        let method = &description[template]["get"];
        assert!(method.is_array(), "{template} is not in Fitbit's description");
        let described: BTreeSet<&str> = method.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let named = template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        for name in named {
            assert!(described.contains(format!("path:{name}").as_str()), "{template}: {name}");
        }
    }
    for (path, parameters) in [
        (
            "/oauth2/token",
            vec!["query:grant_type", "query:code", "query:refresh_token", "query:redirect_uri"],
        ),
        ("/oauth2/revoke", vec!["formData:token"]),
        ("/1.1/oauth2/introspect", vec!["formData:token"]),
    ] {
        let described = description[path]["post"].as_array().unwrap_or_else(|| panic!("{path}"));
        for parameter in parameters {
            assert!(described.iter().any(|known| known == parameter), "{path} {parameter}");
        }
    }
    let list = description["/1.2/user/-/sleep/list.json"]["get"].as_array().unwrap();
    for parameter in ["beforeDate", "afterDate", "sort", "offset", "limit"] {
        assert!(list.iter().any(|known| known == &format!("query:{parameter}")), "{parameter}");
    }
}

/// A request for a template, with values that fit the placeholders.
fn instance(template: &str) -> String {
    let values = [
        ("{resource-path}", if template.contains("/body/") { "weight" } else { "steps" }),
        ("{detail-level}", "15min"),
        ("{period}", "7d"),
        ("{start-time}", "08:00"),
        ("{end-time}", "09:00"),
        ("{date}", "2026-11-20"),
        ("{start-date}", "2026-11-20"),
        ("{base-date}", "2026-11-20"),
        ("{startDate}", "2026-11-20"),
        ("{end-date}", "2026-11-20"),
        ("{endDate}", "2026-11-20"),
    ];
    let path = values.iter().fold(template.to_owned(), |path, (name, value)| path.replace(name, value));
    if path.ends_with("list.json") {
        format!("{path}?sort=desc&limit=2&offset=0&beforeDate=2026-11-20")
    } else {
        path
    }
}

#[tokio::test]
async fn every_served_path_answers_and_the_other_paths_of_the_description_do_not() {
    let world = World::new();
    let client = world.fitbit("walter").await;
    let served: BTreeSet<&str> = served_paths().collect();
    assert_eq!(served.len(), 53);
    for template in served.iter().filter(|template| !template.contains("{log-id}")) {
        client.fitbit(&instance(template)[1..]).await;
    }
    let list = client.fitbit(&instance("/1/user/-/activities/list.json")[1..]).await;
    let link = list["activities"][0]["tcxLink"].as_str().unwrap();
    let route = client.get(&format!("{}?includePartialTCX=true", &link["http://127.0.0.1".len()..])).await;
    assert!(route.text().contains("<Trackpoint>"), "{}", route.text());
    for path in [
        "/1/user/-/foods/log/date/2026-11-20.json",
        "/1/user/-/profile",
        "/1/user/-/activities/steps.json",
        "/2/x.json",
    ] {
        let answer = client.get(&format!("/fitbit{path}")).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["errors"][0]["errorType"].as_str()),
            (404, Some("not_found"))
        );
    }
}
