//! What requests find in the table, and what they are told where they find nothing.

use blink_artifact::manifest::GuestKind;

use super::super::testing::model;
use super::*;

fn app(name: &str, version: u64, prefix: Option<&str>) -> Arc<Model> {
    let mut app = model(name, version);
    app.guest = Some(GuestKind::Component);
    app.settings.prefix = prefix.map(str::to_owned);
    Arc::new(app)
}

fn table(models: Vec<Arc<Model>>) -> Table {
    let table = Table::default();
    table.change(|rows| models.into_iter().for_each(|model| drop(rows.serve(model))));
    table
}

#[test]
fn without_a_version_the_highest_that_is_served() {
    let table = table(vec![Arc::new(model("a", 1)), Arc::new(model("a", 12)), Arc::new(model("a", 3))]);
    let version = |version| table.find("a", version).map(|model| model.version);
    assert_eq!((version(None), version(Some(3)), table.versions("a")), (Ok(12), Ok(3), vec![1, 3, 12]));
    table.change(|rows| rows.stop("a", 12, "unloaded"));
    assert_eq!((version(None), table.versions("a")), (Ok(3), vec![1, 3]));
    assert!(matches!(version(Some(12)), Err(RequestError::Unavailable(words)) if words.ends_with("unloaded")));
    assert!(matches!(version(Some(2)), Err(RequestError::NotFound(words)) if words.ends_with("it has 1, 3, 12")));
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let table = table(vec![Arc::new(model("resnet50", 1))]);
    let words = |name: &str| match table.find(name, None) {
        Err(RequestError::NotFound(words)) => words,
        other => panic!("{other:?}"),
    };
    assert!(words("resnet5").ends_with("did you mean 'resnet50'?"));
    assert!(words("bert").ends_with("is not here"));
    assert!(words(&"n".repeat(100_000)).len() < 300);
}

#[test]
fn states_follow_what_is_done_and_who_still_works() {
    let table = table(vec![Arc::new(model("a", 1))]);
    let state = || table.index()[0].state;
    let held = table.find("a", None).unwrap();
    assert!(state() == ModelState::Ready && table.serves(&held));
    drop(table.change(|rows| rows.stop("a", 1, "unloaded")));
    assert!(state() == ModelState::Unloading && !table.serves(&held));
    drop(held);
    assert_eq!((state(), table.index()[0].reason.as_str()), (ModelState::Unavailable, "unloaded"));
    table.change(|rows| rows.set_loading("a", 1, true));
    assert_eq!(state(), ModelState::Loading);
    table.change(|rows| rows.refuse("a", 1, &LoadError::DoesNotStart));
    assert_eq!(state(), ModelState::Unavailable);
    assert!(table.change(|rows| rows.forget("a", 1)).is_none() && table.index().is_empty());
}

#[test]
fn the_longest_prefix_wins_and_ends_with_a_segment() {
    let apps = vec![app("a", 1, None), app("b", 1, Some("/shop")), app("c", 1, Some("/shop/cart"))];
    let table = table(apps);
    let found = |path: &str| table.app(path).map(|(model, len)| (model.name.clone(), len));
    assert_eq!(found("/apps/a"), Some(("a".into(), 7)));
    assert_eq!(found("/apps/a/x/y"), Some(("a".into(), 7)));
    assert_eq!(found("/shop/cart/1"), Some(("c".into(), 10)));
    assert_eq!(found("/shop/carton"), Some(("b".into(), 5)));
    assert_eq!(found("/shop/"), Some(("b".into(), 5)));
    for path in ["", "/", "/shopping", "/apps", "/apps/ab", "shop", "//shop"] {
        assert_eq!(found(path), None, "{path}");
    }
}

#[test]
fn the_highest_version_of_an_app_answers() {
    let table = table(vec![app("a", 1, None), app("a", 2, None)]);
    let version = || table.app("/apps/a").map(|(model, _)| model.version);
    assert_eq!(version(), Some(2));
    table.change(|rows| rows.stop("a", 2, "unloaded"));
    assert_eq!(version(), Some(1));
}
