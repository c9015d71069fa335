//! A real Chromium, without a window and without a network, asked how it lays a page out.
//!
//! Its own windows are never narrower than 500 pixels, so the page is looked at in frames of the sizes asked for.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Folder;
pub(crate) use crate::support::browser::{Layout, Scheme, browser};
use crate::support::browser::{MEASURE, chromium as plain};

/// Windows: two phones, a tablet, a desk.
pub(crate) const WINDOWS: [(u32, u32); 4] = [(360, 740), (390, 844), (820, 1180), (1440, 900)];
/// Milliseconds of the browser's own time that a page gets.
const PATIENCE: u32 = 20_000;

/// Pixels of a picture from its upper to its lower edge, at most: a browser takes minutes for more.
const TALLEST: u32 = 12_000;
/// Pixels of a window that its own parts take.
const CHROME: u32 = 143;

/// How `html` is laid out in each of the [`WINDOWS`], and what the browser wrote to its console. The page's policy is
/// loosened for the script that looks, and for nothing else.
pub(crate) fn layouts(browser: &Path, html: &str, scheme: Scheme) -> (Vec<Layout>, Vec<String>) {
    let folder = Folder::new();
    let policy = "default-src 'none'";
    assert!(html.contains(policy), "the page forbids nothing");
    let page = html.replacen(policy, &format!("{policy}; script-src 'unsafe-inline'"), 1);
    folder.write("page.html", page.replace("</body>", &format!("<script>{MEASURE}</script></body>")));
    folder.write("frames.html", frames(&WINDOWS, "found"));
    let output = chromium(browser, &folder, scheme)
        .args(["--window-size=1600,1400", "--dump-dom", "frames.html"])
        .output()
        .expect("the browser starts");
    let (dom, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let console = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    let found = dom.split_once("<pre id=\"found\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (found, _) = found.unwrap_or_else(|| panic!("no answer from the page: {said}"));
    let layouts: Vec<Layout> = serde_json::from_str(found).unwrap_or_else(|error| panic!("{error}: {found}"));
    assert_eq!(layouts.len(), WINDOWS.len(), "not every window answered: {layouts:?} {said}");
    (layouts, console)
}

/// Keeps a picture of all of `html`, where the user wants to look at pages.
pub(crate) fn keep(browser: &Path, html: &str, name: &str, size: (u32, u32), scheme: Scheme) {
    let Some(directory) = std::env::var_os("BLINK_REPORT_SHOTS") else { return };
    std::fs::create_dir_all(&directory).expect("the directory for pictures");
    let directory = Path::new(&directory).canonicalize().expect("the directory for pictures");
    let folder = Folder::new();
    let (width, height) = (size.0, size.1.min(TALLEST));
    folder.write("page.html", html);
    folder.write("frames.html", frames(&[(width, height)], "none"));
    let file = directory.join(format!("{name}-{width}-{}.png", format!("{scheme:?}").to_lowercase()));
    let status = chromium(browser, &folder, scheme)
        .arg(format!("--window-size={width},{}", height + CHROME))
        .arg(format!("--screenshot={}", file.display()))
        .arg("frames.html")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("the browser starts").success() && file.exists(), "no picture {}", file.display());
}

fn chromium(browser: &Path, folder: &Folder, scheme: Scheme) -> Command {
    let mut command = plain(Command::new(browser), folder);
    let colours = if scheme == Scheme::Dark { 0 } else { 1 };
    command
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"])
        .arg(format!("--blink-settings=preferredColorScheme={colours}"))
        .arg(format!("--virtual-time-budget={PATIENCE}"))
        .stdin(Stdio::null());
    command
}

/// A page that shows `page.html` in frames and writes down, under `id`, what each of them finds.
fn frames(windows: &[(u32, u32)], id: &str) -> String {
    let frame = |(width, height): &(u32, u32)| {
        format!(
            "<iframe src=\"page.html\" style=\"width:{width}px;height:{height}px;border:0;display:block\"></iframe>"
        )
    };
    let frames: String = windows.iter().map(frame).collect();
    format!(
        "<!doctype html><body style=\"margin:0\"><script>const all = [];\n\
         addEventListener('message', ({{ data }}) => {{\n\
         all.push(data);\n\
         if (all.length < {}) return;\n\
         const pre = document.createElement('pre');\n\
         pre.id = '{id}';\n\
         const code = (sign) => '\\\\u' + sign.charCodeAt().toString(16).padStart(4, '0');\n\
         pre.textContent = JSON.stringify(all).replace(/[<>&\\u00a0]/g, code);\n\
         document.body.append(pre);\n\
         }});</script>{frames}",
        windows.len()
    )
}
