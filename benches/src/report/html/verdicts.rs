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
    page.add(&format!("<h{level} id=\"{id}\">Read with care: the machine was not calm</h{level}>"));
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
        page.add("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Budgets\">\n<table>");
        page.add("<caption class=\"hidden\">Budgets, and what was found</caption>");
        page.add("<thead><tr><th scope=\"col\">budget</th><th scope=\"col\">verdict</th><th scope=\"col\">found</th>");
        page.add("<th scope=\"col\">at most</th><th scope=\"col\" class=\"words\">judged</th></tr></thead>\n<tbody>");
        for verdict in budgets {
            let (class, word) = if verdict.kept { ("kept", "✓ kept") } else { ("broken", "✗ broken") };
            let found = verdict.found.map_or("not measured".to_owned(), |found| verdict.unit.show(found));
            page.add(&format!(
                "<tr><th scope=\"row\"><code>{}</code></th><td class=\"{class}\">{word}</td><td>{}</td><td>{}</td>\
                 <td class=\"words\">{}</td></tr>",
                escape(&verdict.budget),
                escape(&found),
                escape(&verdict.unit.show(verdict.most)),
                escape(&verdict.judged)
            ));
        }
        page.add("</tbody>\n</table>\n</div>");
    });
}
