//! [`html`]: one page that holds all it needs. No network, no script: its own policy forbids both to the browser.
//!
//! | file | what of the page it writes |
//! |---|---|
//! | `headline.rs` | what stands first: the cold start, and what it is held against |
//! | `verdicts.rs` | doubts, budgets |
//! | `figures.rs` | tables of figures: starts, loads |
//! | `pictures.rs` | the plots |
//! | `facts.rs` | machine, settings, what was left out, how to repeat it |
//! | `style.css` | how it looks; `../colours.css` is shared with pictures that stand alone |

mod facts;
mod figures;
mod headline;
mod pictures;
mod verdicts;

pub(super) use self::facts::facts;
use super::escape::escape;
use super::plots::{Plot, comparison};
use super::view::View;
use crate::measurement::{Measurement, State};

/// What the page looks like.
const STYLE: &str = concat!(include_str!("../colours.css"), include_str!("style.css"));
/// Nothing is fetched and nothing is run, whatever the page says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A page of `measurements`: a section for each, and a comparison above them where there are several.
pub fn html(measurements: &[Measurement]) -> String {
    let views = View::all(measurements);
    let mut page = Page::default();
    let title = match views.as_slice() {
        [view] => {
            page.level = 1;
            article(&mut page, view, 0);
            format!("Cold start: {}", view.label)
        }
        _ => {
            several(&mut page, &views);
            page.level = 2;
            views.iter().enumerate().for_each(|(index, view)| article(&mut page, view, index));
            format!("Cold starts of {} artifacts", views.len())
        }
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        escape(&title),
        page.text
    )
}

/// The page as far as it is written.
#[derive(Default)]
struct Page {
    text: String,
    /// The level of the heading that an article has.
    level: usize,
    /// Plots and headings so far: each gets an id of its own.
    ids: usize,
}

impl Page {
    /// Adds what is HTML already.
    fn add(&mut self, html: &str) {
        self.text.push_str(html);
        self.text.push('\n');
    }

    fn id(&mut self) -> String {
        self.ids += 1;
        format!("p{}", self.ids)
    }

    /// A part of an article with a heading and, where there is one, a sentence below. `inside` writes the rest.
    fn section(&mut self, heading: &str, sentence: &str, inside: impl FnOnce(&mut Page)) {
        let (id, level) = (self.id(), self.level + 1);
        self.add(&format!("<section aria-labelledby=\"{id}\">\n<h{level} id=\"{id}\">{}</h{level}>", escape(heading)));
        if !sentence.is_empty() {
            self.add(&format!("<p>{}</p>", escape(sentence)));
        }
        inside(self);
        self.add("</section>");
    }

    /// Plots side by side, as many as fit.
    fn plots(&mut self, plots: impl IntoIterator<Item = Plot>) {
        self.add("<div class=\"plots\">");
        for plot in plots {
            let id = self.id();
            self.text.push_str(&plot.figure(&id));
        }
        self.add("</div>");
    }

    /// A list of sentences.
    fn list(&mut self, class: &str, items: &[String]) {
        let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escape(item))).collect();
        self.add(&format!("<ul class=\"{class}\">\n{items}</ul>"));
    }
}

/// What stands above several measurements: where to find each, and their cold starts side by side.
fn several(page: &mut Page, views: &[View<'_>]) {
    page.add("<header>\n<p class=\"kicker\">BlinkVM bench</p>");
    page.add(&format!("<h1>Cold starts of {} artifacts</h1>\n</header>", views.len()));
    page.add("<nav aria-label=\"Artifacts\">\n<ul>");
    for (index, view) in views.iter().enumerate() {
        page.add(&format!("<li><a href=\"#m{index}\">{}</a></li>", escape(&view.label)));
    }
    page.add("</ul>\n</nav>");
    page.level = 1;
    let sentence = "From just before a process is spawned to its answer in the caller's hands. Each artifact has a \
                    scale of its own.";
    page.section("Side by side", sentence, |page| {
        page.plots([State::Hot, State::Disk].into_iter().filter_map(|state| comparison::plot(views, state)));
    });
}

/// Everything of one measurement.
fn article(page: &mut Page, view: &View<'_>, index: usize) {
    page.add(&format!("<article aria-labelledby=\"m{index}\">"));
    headline::write(page, view, &format!("m{index}"));
    verdicts::doubts(page, view);
    verdicts::budgets(page, view);
    if page.level == 1 {
        pictures::comparison(page, view);
    }
    figures::starts(page, view);
    pictures::waterfalls(page, view);
    pictures::distributions(page, view);
    pictures::memory(page, view);
    pictures::sweeps(page, view);
    pictures::loads(page, view);
    facts::write(page, view);
    page.add("</article>");
}
