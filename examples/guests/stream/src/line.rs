//! A line to numbers.

/// The numbers of a line: a JSON list, or numbers with commas between them.
pub(crate) fn numbers(line: &[u8]) -> Result<Vec<f32>, String> {
    let line = std::str::from_utf8(line).map_err(|error| format!("line is not UTF-8: {error}"))?.trim();
    if line.starts_with('[') {
        return serde_json::from_str(line).map_err(|error| format!("line is no JSON list of numbers: {error}"));
    }
    line.split(',')
        .map(|word| match word.trim().parse() {
            Ok(number) => Ok(number),
            Err(_) => Err(format!("line has '{}' where a number was expected", word.trim())),
        })
        .collect()
}
