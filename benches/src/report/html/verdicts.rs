//! What makes the figures doubtful, and whether the budgets were kept.

use super::Page;
use crate::report::escape::escape;
use crate::report::view::View;

/// Reasons not to conclude anything, before anything is concluded; nothing where there are none.
pub(super) fn doubts(page: &mut Page, view: &View<'_>) {
    let doubts = &view.measurement.noise.doubts;
    if doubts.is_empty() {
        return;
    }
    let (id, level) = (page.id(), page.level + 1);
    page.add(&format!("<aside class=\"care\" aria-labelledby=\"{id}\">"));
    page.add(&format!("<h{level} id=\"{id}\">Read with care</h{level}>"));
    page.list("plain", doubts);
    page.add("</aside>");
}

/// What was demanded and what was found; nothing where nothing was demanded.
pub(super) fn budgets(page: &mut Page, view: &View<'_>) {
    let budgets = &view.measurement.budgets;
    if budgets.is_empty() {
        return;
    }
    page.section("Budgets", &super::super::markdown::verdict(budgets), |page| {
        page.add("<ul class=\"budgets\">");
        for verdict in budgets {
            let (class, word) = if verdict.kept { ("kept", "✓ kept") } else { ("broken", "✗ broken") };
            let found =
                verdict.found.map_or("not measured".to_owned(), |found| format!("found {}", verdict.unit.show(found)));
            page.add(&format!(
                "<li><span class=\"{class}\">{word}</span> <code>{}</code> <span>{}, at most {}</span> \
                 <small>{}</small></li>",
                escape(&verdict.budget),
                escape(&found),
                escape(&verdict.unit.show(verdict.most)),
                escape(&verdict.judged)
            ));
        }
        page.add("</ul>");
    });
}
