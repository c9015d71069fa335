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
fn look(name: &str, html: &str, least_plots: usize) {
    let Some(browser) = browser::browser() else { return };
    for scheme in [Scheme::Light, Scheme::Dark] {
        let (mut layouts, console) = browser::layouts(browser, html, scheme);
        assert_eq!(console, Vec::<String>::new(), "{name}, {scheme:?}");
        layouts.sort_by_key(|layout| layout.width);
        let sizes: Vec<_> = layouts.iter().map(|layout| (layout.width, layout.height)).collect();
        assert_eq!(sizes, WINDOWS);
        for Layout { width, length, dark, plots, texts, faults, .. } in &layouts {
            assert_eq!(*faults, Vec::<String>::new(), "{name}, {width} wide, {scheme:?}");
            assert_eq!(*dark, scheme == Scheme::Dark);
            assert!(*plots >= least_plots && *texts > 50, "{plots} plots, {texts} texts");
            browser::keep(browser, html, name, (*width, *length), scheme);
        }
    }
}

#[test]
fn a_full_measurement_is_laid_out() {
    look("full", &page(&[made_up::full()]), 25);
}

#[test]
fn several_measurements_are_laid_out() {
    let several = [made_up::full(), made_up::near(), made_up::bare()];
    look("several", &page(&several), 40);
}

#[test]
fn a_measurement_with_next_to_nothing_in_it_is_laid_out() {
    look("bare", &page(&[made_up::bare()]), 2);
}

#[test]
fn answers_under_load_alone_are_laid_out() {
    let mut load = made_up::full();
    load.ways.iter_mut().for_each(|way| way.states.clear());
    (load.settings.runs, load.settings.warm_launches) = (0, 0);
    look("load", &page(&[load]), 10);
}

#[test]
fn hostile_texts_and_figures_break_nothing() {
    look("hostile", &page(&[made_up::hostile(), made_up::hostile()]), 20);
}

/// The looking itself: each fault that it is there to find is found.
#[test]
fn faults_are_found() {
    let Some(browser) = browser::browser() else { return };
    let text = |x: u32, style: &str| format!("<text x=\"{x}\" y=\"20\" style=\"{style}\">words</text>");
    let plot = |inside: &str| format!("<svg viewBox=\"0 0 320 100\" role=\"img\"><title>t</title>{inside}</svg>");
    let faults = [
        ("the page is 2", "<div style=\"width:2000px\">wide</div>".to_owned()),
        ("contrast", "<p style=\"color:#808080;background:#777\">faint</p>".to_owned()),
        ("text of 6px", "<p style=\"font-size:6px\">small</p>".to_owned()),
        ("texts overlap", plot(&format!("{}{}", text(10, ""), text(20, "")))),
        ("text leaves its plot", plot(&text(310, ""))),
        ("px: t: words", plot(&text(10, "font-size:1px"))),
        ("a plot without a name", plot("<path d=\"M0 0\"/>")),
        ("a plot with nothing in it", plot("")),
        ("a plot beyond the window", format!("<div style=\"width:2000px\">{}</div>", plot(""))),
        ("a table without a caption", "<table><tr><td>1</td></tr></table>".to_owned()),
        ("a heading of level 6", "<h6>deep</h6>".to_owned()),
        ("a link to nothing", "<a href=\"#nowhere\">there</a>".to_owned()),
        ("a script of the measurement was run", "<script>window.broken = true</script>".to_owned()),
    ];
    let fetched = "<img src=\"https://blink.invalid/picture.png\" alt=\"\">";
    let broken: String = faults.iter().map(|(_, html)| html.as_str()).collect();
    let page = page(&[made_up::bare()]).replace("</main>", &format!("{broken}{fetched}</main>"));
    let (layouts, console) = browser::layouts(browser, &page, Scheme::Light);
    assert!(console.iter().any(|line| line.contains("blink.invalid")), "{console:#?}");
    for layout in layouts {
        for (fault, _) in &faults {
            assert!(layout.faults.iter().any(|found| found.contains(fault)), "{fault}: {layout:?}");
        }
    }
}
