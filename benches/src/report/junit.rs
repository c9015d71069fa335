//! [`junit`]: budgets as test cases, for CI systems that show those.
//!
//! A budget is a test case: kept, it passed; broken, it failed. Without budgets the suite is empty, and says so.

use std::fmt::Write;

use super::escape::escape;
use super::html::facts;
use super::markdown;
use super::view::View;
use crate::measurement::Measurement;

/// The budgets of `measurement` as a JUnit XML file.
pub fn junit(measurement: &Measurement) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let budgets = &measurement.budgets;
    let broken = budgets.iter().filter(|verdict| !verdict.kept).count();
    let artifact = escape(&measurement.subject.artifact);
    let counts = format!("tests=\"{}\" failures=\"{broken}\" errors=\"0\" skipped=\"0\"", budgets.len());
    let _ = writeln!(xml, "<testsuites {counts}>\n<testsuite name=\"blink bench {artifact}\" {counts}>\n<properties>");
    for view in View::all(std::slice::from_ref(measurement)) {
        for (name, value) in facts(&view) {
            let _ = writeln!(xml, "<property name=\"{}\" value=\"{}\"/>", escape(&name), escape(&value));
        }
    }
    xml.push_str("</properties>\n");
    for verdict in budgets {
        let budget = escape(&verdict.budget);
        let _ = write!(xml, "<testcase classname=\"{artifact}\" name=\"{budget}\"");
        let judged = escape(&verdict.judged);
        let most = escape(&verdict.unit.show(verdict.most));
        let found = verdict.found.map_or("not measured".to_owned(), |found| escape(&verdict.unit.show(found)));
        let found = format!("found {found}, expected at most {most}");
        let _ = match verdict.kept {
            true => writeln!(xml, ">\n<system-out>{judged}: {found}</system-out>\n</testcase>"),
            false => writeln!(
                xml,
                ">\n<failure type=\"budget\" message=\"{found}\">{judged}: {found}</failure>\n</testcase>"
            ),
        };
    }
    let mut said = vec![markdown::verdict(budgets)];
    said.extend(measurement.noise.doubts.iter().map(|doubt| format!("read with care: {doubt}")));
    let said: Vec<_> = said.iter().map(|line| escape(line)).collect();
    let _ = writeln!(xml, "<system-out>{}</system-out>\n</testsuite>\n</testsuites>", said.join("\n"));
    xml
}
