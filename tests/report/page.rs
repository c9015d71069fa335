//! The page as Chromium lays it out: nothing too wide, nothing over something else, nothing too small or too faint.

use blink_benches::measurement::Measurement;

use crate::browser::{self, Layout, Scheme, WINDOWS};
use crate::made_up;
use crate::support::Folder;

/// The page that `blink bench report` makes of `measurements`.
pub(crate) fn page(measurements: &[Measurement]) -> String {
    let folder = Folder::new();
    let mut arguments = "bench report".to_owned();
    for (index, measurement) in measurements.iter().enumerate() {
        measurement.write(&folder.path(format!("{index}.json"))).expect("the folder can be written to");
        arguments.push_str(&format!(" {index}.json"));
    }
    folder.blink(&format!("{arguments} -o page.html")).ok();
    String::from_utf8(folder.read("page.html")).expect("text")
}

/// Looks at a page in every window and in both schemes, and keeps pictures where they are wanted.
fn look(name: &str, html: &str, least_plots: usize, height: u32) {
    let Some(browser) = browser::browser() else { return };
    for scheme in [Scheme::Light, Scheme::Dark] {
        let mut layouts = browser::layouts(browser, html, scheme);
        layouts.sort_by_key(|layout| layout.width);
        let sizes: Vec<_> = layouts.iter().map(|layout| (layout.width, layout.height)).collect();
        assert_eq!(sizes, WINDOWS);
        for Layout { width, dark, plots, texts, faults, .. } in &layouts {
            assert_eq!(*faults, Vec::<String>::new(), "{name}, {width} wide, {scheme:?}");
            assert_eq!(*dark, scheme == Scheme::Dark);
            assert!(*plots >= least_plots && *texts > 50, "{plots} plots, {texts} texts");
        }
        browser::keep(browser, html, name, 360, height, scheme);
        browser::keep(browser, html, name, 1440, height / 2, scheme);
    }
}

#[test]
fn a_full_measurement_is_laid_out() {
    look("full", &page(&[made_up::full()]), 25, 13_000);
}

#[test]
fn several_measurements_are_laid_out() {
    let several = [made_up::full(), made_up::near(), made_up::bare()];
    look("several", &page(&several), 40, 20_000);
}

#[test]
fn a_measurement_with_next_to_nothing_in_it_is_laid_out() {
    look("bare", &page(&[made_up::bare()]), 2, 3_000);
}

#[test]
fn hostile_texts_and_figures_break_nothing() {
    look("hostile", &page(&[made_up::hostile(), made_up::hostile()]), 20, 14_000);
}

/// The looking itself: each fault that it is there to find is found.
#[test]
fn faults_are_found() {
    let Some(browser) = browser::browser() else { return };
    let page = page(&[made_up::bare()]);
    let text = |x: u32, style: &str| format!("<text x=\"{x}\" y=\"20\" style=\"{style}\">words</text>");
    let plot = |inside: &str| format!("<svg viewBox=\"0 0 320 100\" role=\"img\"><title>t</title>{inside}</svg>");
    for (fault, html) in [
        ("the page is", "<div style=\"width:2000px\">wide</div>".to_owned()),
        ("contrast", "<p style=\"color:#808080;background:#777\">faint</p>".to_owned()),
        ("text of 6px", "<p style=\"font-size:6px\">small</p>".to_owned()),
        ("texts overlap", plot(&format!("{}{}", text(10, ""), text(20, "")))),
        ("text leaves its plot", plot(&text(310, ""))),
        ("text of 3.", plot(&text(10, "font-size:3px"))),
        ("a plot without a name", plot("<path d=\"M0 0\"/>")),
        ("a plot with nothing in it", plot("")),
        ("a table without a caption", "<table><tr><td>1</td></tr></table>".to_owned()),
        ("a heading of level 6", "<h6>deep</h6>".to_owned()),
        ("a script of the measurement was run", "<script>window.broken = true</script>".to_owned()),
    ] {
        let broken = page.replace("</main>", &format!("{html}</main>"));
        let layouts = browser::layouts(browser, &broken, Scheme::Light);
        assert!(layouts.iter().any(|layout| layout.faults.iter().any(|found| found.contains(fault))), "{fault}");
    }
}
