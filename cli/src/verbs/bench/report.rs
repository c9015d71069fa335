//! `blink bench report`: measurements as a page, a picture, a summary, or files for other programs.

use std::path::PathBuf;

use anyhow::Context;
use blink_benches::measurement::Measurement;
use blink_benches::report::{bencher, github, html, junit, markdown, svg};
use blink_benches::whole_file;
use clap::ValueEnum;

use crate::output::{self, Output};

/// Show measurements as a page, or hand one to other programs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportArgs {
    /// What `blink bench -o` wrote.
    #[arg(value_name = "FILE.json", required = true)]
    files: Vec<PathBuf>,
    /// In which form. Without it, that which the name after `-o` ends in (.html .md .xml .svg), else html.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: Option<Form>,
    /// Where to write it. Without it, stdout.
    #[arg(short, long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What a measurement can be made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// One self-contained page, with plots.
    Html,
    /// A summary for the page of a CI job.
    Markdown,
    /// Budgets as test cases; of one file.
    Junit,
    /// The median cold starts, as a picture.
    Svg,
    /// JSON for github-action-benchmark's customSmallerIsBetter; of one file.
    GithubActionBenchmark,
    /// JSON in the Bencher Metric Format; of one file.
    Bencher,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReportError {
    #[error("{form} takes one file, found {found}: run `blink bench report` once for each")]
    OneFile { form: String, found: usize },
    #[error(
        "{path} ends in neither .html, .md, .xml nor .svg: say the form with --as",
        path = path.display()
    )]
    Extension { path: PathBuf },
}

/// Reads the measurements and writes the report.
pub(crate) fn run(args: &ReportArgs, _: &Output) -> anyhow::Result<()> {
    let form = form(args)?;
    let measurements = args.files.iter().map(|path| Measurement::read(path)).collect::<Result<Vec<_>, _>>()?;
    let text = text(form, &measurements)?;
    match &args.output {
        Some(path) => whole_file::write(path, text.as_bytes()).with_context(|| super::cannot(path)),
        None => output::write(text.as_bytes()),
    }
}

/// The form that was asked for, or that the output's name asks for.
fn form(args: &ReportArgs) -> Result<Form, ReportError> {
    match (args.form, &args.output) {
        (Some(form), _) => Ok(form),
        (None, None) => Ok(Form::Html),
        (None, Some(path)) => match path.extension().and_then(|extension| extension.to_str()) {
            Some("html" | "htm") => Ok(Form::Html),
            Some("md") => Ok(Form::Markdown),
            Some("xml") => Ok(Form::Junit),
            Some("svg") => Ok(Form::Svg),
            _ => Err(ReportError::Extension { path: path.clone() }),
        },
    }
}

fn text(form: Form, measurements: &[Measurement]) -> Result<String, ReportError> {
    let one = |make: fn(&Measurement) -> String| match measurements {
        [measurement] => Ok(make(measurement)),
        _ => {
            let form = form.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
            Err(ReportError::OneFile { form, found: measurements.len() })
        }
    };
    match form {
        Form::Html => Ok(html::html(measurements)),
        Form::Markdown => Ok(markdown::markdown(measurements)),
        Form::Svg => Ok(svg::comparison(measurements)),
        Form::Junit => one(junit::junit),
        Form::GithubActionBenchmark => one(github::github),
        Form::Bencher => one(bencher::bencher),
    }
}
