//! The page used by keys alone: all of it is reached, named and seen, and a model answers.

use crate::server::wait;
use crate::tab::{Focus, Tab};

/// Elements that keys reach, in their order, as the page itself lists them.
const REACHABLE: &str = "[...document.querySelectorAll( \
    'a[href], button, select, input, textarea, summary, [tabindex=\"0\"]')] \
    .filter((at) => at.checkVisibility() && !at.disabled).map((at) => `${at.tagName.toLowerCase()} ${at.id}`)";

/// Presses Tab until the element with this id has the focus.
fn to(tab: &mut Tab, id: &str) -> Focus {
    for _ in 0..60 {
        tab.press("Tab");
        let focus = tab.focus();
        if focus.id == id {
            return focus;
        }
    }
    panic!("keys do not reach {id}");
}

#[test]
fn every_control_is_reached_named_and_seen() {
    let Some(mut tab) = Tab::open() else { return };
    let listed = tab.ask(REACHABLE);
    let listed: Vec<&str> = listed.as_array().expect("a list").iter().filter_map(|at| at.as_str()).collect();
    let mut reached = Vec::new();
    for _ in &listed {
        tab.press("Tab");
        let focus = tab.focus();
        assert!(focus.is_seen, "nothing shows where the focus is: {focus:?}");
        assert!(!focus.name.trim().is_empty(), "a screen reader has no name for {focus:?}");
        reached.push(format!("{} {}", focus.tag, focus.id));
    }
    assert_eq!(reached, listed);
    assert!(reached.len() >= 14, "{reached:?}");
    let landmarks = tab.ask("['main', 'nav'].map((name) => document.querySelectorAll(name).length).join()");
    assert_eq!(landmarks, "1,1");
    tab.close();
}

#[test]
fn a_model_is_tried_by_keys() {
    let Some(mut tab) = Tab::open() else { return };
    assert_eq!(to(&mut tab, "try-model").name, "Model");
    assert_eq!(to(&mut tab, "input-0-shape").name, "Shape of x");
    assert_eq!(tab.ask("document.activeElement.value"), "[1, 3]");
    tab.write("[2, 3]");
    assert_eq!(to(&mut tab, "input-0-values").name, "Values of x");
    assert_eq!(tab.ask("document.activeElement.value"), "[0, 0, 0]");
    to(&mut tab, "try-run");
    tab.press("Enter");
    tab.wait("what is wrong is said", "document.querySelector('#result').textContent.includes('its shape asks for 6')");
    assert_eq!(tab.focus().id, "input-0-values", "the focus goes to what is wrong");
    tab.write("[1, 2, 3, -1, 0.5, 0]");
    to(&mut tab, "try-run");
    tab.press("Enter");
    tab.wait("the model has answered", "document.querySelectorAll('#outputs pre').length === 1");
    assert_eq!(tab.ask("document.querySelector('#outputs pre').textContent"), "5, 14, 0.5, 0");
    let heading = tab.ask("document.querySelector('#outputs h3').textContent");
    assert_eq!(heading, "y, FP32 [2, 2]");
    let said = tab.ask("document.querySelector('#result').textContent");
    assert!(said.as_str().is_some_and(|said| said.starts_with("1 output after ")), "{said}");
    tab.wait("the start is drawn", "document.querySelectorAll('#start-plots svg').length === 1");
    tab.close();
}

#[test]
fn a_refusal_is_told_in_words() {
    let Some(mut tab) = Tab::open() else { return };
    to(&mut tab, "input-0-shape");
    tab.write("[1, 4]");
    to(&mut tab, "input-0-values");
    tab.write("0");
    to(&mut tab, "try-run");
    tab.press(" ");
    let told = "document.querySelector('#result').textContent.startsWith('The server refuses (400): ')";
    tab.wait("the refusal is told", told);
    let result = tab.ask("document.querySelector('#result').textContent");
    assert!(result.as_str().is_some_and(|said| said.contains('x')), "{result}");
    assert_eq!(tab.ask("document.querySelector('#result').getAttribute('role')"), "status");
}

#[test]
fn a_pause_stops_the_questions() {
    let Some(mut tab) = Tab::open() else { return };
    to(&mut tab, "pause");
    tab.press("Enter");
    assert_eq!(tab.ask("document.activeElement.getAttribute('aria-pressed')"), "true");
    let before = tab.asked("/blink/v1/state");
    tab.ask("new Promise((resolve) => setTimeout(resolve, 2500))");
    assert_eq!(tab.asked("/blink/v1/state"), before);
    tab.press("Enter");
    wait("it asks again", || (tab.asked("/blink/v1/state") > before).then_some(()));
    tab.close();
}
