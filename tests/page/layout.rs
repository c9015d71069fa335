//! How the page is laid out while it lives: nothing too wide, too small, too faint; nothing without a name.

use crate::support::browser::Scheme;
use crate::tab::Tab;

/// Windows: a phone, a tablet, a desk.
const WINDOWS: [(u32, u32); 3] = [(360, 740), (820, 1180), (1440, 900)];
/// A request with [`crate::support::models::X`].
const ASKED: &str = r#"{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2,3,-1,0.5,0]}]}"#;

#[test]
fn the_page_is_laid_out_in_every_window() {
    let Some(mut tab) = Tab::open() else { return };
    for _ in 0..20 {
        tab.server.infer("one", ASKED).ok();
    }
    tab.ask("document.querySelector('details').open = true");
    tab.wait("a start is drawn", "document.querySelectorAll('#start-plots svg').length === 1");
    tab.wait("numbers are listed", "document.querySelectorAll('#numbers tbody tr').length > 1");
    tab.wait("a worker is listed", "document.querySelectorAll('#worker-table tbody tr').length === 1");
    tab.ask("document.querySelector('#try').requestSubmit()");
    tab.wait("the model has answered", "document.querySelectorAll('#outputs pre').length === 1");
    for scheme in [Scheme::Light, Scheme::Dark] {
        for window in WINDOWS {
            tab.window(window, scheme);
            let layout = tab.layout();
            assert_eq!(layout.faults, Vec::<String>::new(), "{window:?}, {scheme:?}");
            assert_eq!((layout.width, layout.height, layout.dark), (window.0, window.1, scheme == Scheme::Dark));
            assert!(layout.plots == 6 && layout.texts > 100, "{layout:?}");
            tab.keep(&format!("page-{}-{}.png", window.0, format!("{scheme:?}").to_lowercase()));
        }
    }
    assert_eq!(tab.ask("getComputedStyle(document.documentElement).scrollBehavior"), "auto", "motion was not wanted");
    let shown = tab.ask("document.querySelector('#start-plots desc').textContent");
    let shown = shown.as_str().expect("words");
    assert!(shown.starts_with("First answer after ") && shown.contains("inference"), "{shown}");
    tab.close();
}

#[test]
fn a_page_before_any_request_is_laid_out() {
    let Some(mut tab) = Tab::open() else { return };
    for (window, scheme) in WINDOWS.into_iter().zip([Scheme::Light, Scheme::Dark, Scheme::Light]) {
        tab.window(window, scheme);
        let layout = tab.layout();
        assert_eq!(layout.faults, Vec::<String>::new(), "{window:?}, {scheme:?}");
        assert!(layout.plots == 5, "{layout:?}");
    }
    tab.close();
}

#[test]
fn what_the_page_may_do_is_bound() {
    let Some(mut tab) = Tab::open() else { return };
    for path in ["/", "/page/main.js", "/blink/v1/state"] {
        let reply = tab.server.get(path).ok();
        let policy = reply.header("content-security-policy").expect("a policy");
        let words: Vec<&str> = policy.split("; ").collect();
        assert_eq!(words[..4], ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"]);
        assert!(words.contains(&"frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(tab.server.post("/", "").status, 405);
    assert_eq!(tab.server.get("/page/none.js").status, 404);
    let elsewhere = "fetch('https://127.0.0.1:1/').then(() => 'asked', (error) => error.name)";
    assert_eq!(tab.ask(elsewhere), "TypeError");
    let script = "(() => { const at = document.createElement('script'); at.textContent = 'window.broken = true'; \
                  document.body.append(at); return window.broken === undefined; })()";
    assert_eq!(tab.ask(script), true, "a script of a page's own making was run");
    let state = tab.server.state();
    assert_eq!(state["schema"], "blink.state/1");
    let text = state.to_string();
    assert!(!text.contains(&std::env::temp_dir().display().to_string()) && !text.contains(".blink\""), "{text}");
}
