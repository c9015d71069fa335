//! Tells what a picture shows.
//!
//! ```text
//! classify [--model NAME] [--input NAME] [--output NAME] [--labels FILE] [--top N] [PICTURE...]
//! ```
//!
//! Pictures are JPEG or PNG files, stdin if none is named. Each gives five lines, the likeliest class first; of several
//! pictures each begins with a line that is its path. The model (`resnet50`, or what MODEL says) takes f32
//! [1, 3, 224, 224] and gives a score for each class. Labels are those of ImageNet-1k, or the lines of a file (LABELS).
//!
//! Exit codes: 1 a picture without an answer, which the others do not wait for; 2 wrong arguments.

mod input;
mod labels;
mod options;

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;

use guest_nn::{Context, DType, Input, Model, Output, f32s, softmax};
use guest_pictures::Picture;
use labels::Labels;
use options::Options;

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("classify: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("classify: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Classifies all pictures; false when one of several had no answer.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let labels = Labels::of(options.labels.as_deref())?;
    let model = Model::named(&options.model)?;
    let mut classifier = Classifier { options, labels, context: model.context()? };
    if options.pictures.is_empty() {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        print(&classifier.answer(&bytes)?)?;
        return Ok(true);
    }
    let mut all = true;
    for path in &options.pictures {
        match classifier.answer_file(path) {
            Ok(answer) if options.pictures.len() > 1 => print(&format!("{}\n{answer}", path.display()))?,
            Ok(answer) => print(&answer)?,
            Err(error) => {
                eprintln!("classify: {}: {error}", path.display());
                all = false;
            }
        }
    }
    Ok(all)
}

struct Classifier<'a> {
    options: &'a Options,
    labels: Labels,
    context: Context<'a>,
}

impl Classifier<'_> {
    fn answer_file(&mut self, path: &Path) -> Result<String, Box<dyn Error>> {
        self.answer(&std::fs::read(path)?)
    }

    /// The lines for the picture in these bytes.
    fn answer(&mut self, bytes: &[u8]) -> Result<String, Box<dyn Error>> {
        let tensor = input::tensor(&Picture::decode(bytes)?);
        let input = Input { name: &self.options.input, dtype: DType::F32, dims: &input::DIMS, bytes: &tensor };
        let output = Output { name: &self.options.output, bytes: 1000 * size_of::<f32>() };
        let scores = self.context.run(&[input], &[output])?.concat();
        let mut classes: Vec<(usize, f32)> = softmax(&f32s(&scores)).into_iter().enumerate().collect();
        classes.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        let line = |(class, probability): &(usize, f32)| {
            format!("{:6.2}%  {}\n", 100.0 * probability, self.labels.of_class(*class))
        };
        Ok(classes.iter().take(self.options.top).map(line).collect())
    }
}

fn print(text: &str) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
