//! What the arguments ask for. Names may have colons in them: what follows the last ones is meant.

use guest_nn::DType;

/// One run of this guest.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) model: String,
    pub(crate) inputs: Vec<(String, DType, Vec<u32>)>,
    /// Names and thought lengths in bytes.
    pub(crate) outputs: Vec<(String, usize)>,
    pub(crate) repeat: u32,
    pub(crate) ballast: Option<u64>,
}

impl Plan {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Plan, String> {
        let mut plan = Plan { model: String::new(), inputs: Vec::new(), outputs: Vec::new(), repeat: 1, ballast: None };
        loop {
            match words.next() {
                Some(word) if word == "--repeat" => plan.repeat = number(&word, words.next())?,
                Some(word) if word == "--ballast" => plan.ballast = Some(number(&word, words.next())?),
                Some(word) if word.starts_with("--") => return Err(format!("option '{word}' unknown")),
                Some(word) => {
                    plan.model = word;
                    break;
                }
                None => return Err("model not named, expected MODEL NAME:DTYPE:DIMS... -- NAME:BYTES...".to_owned()),
            }
        }
        if plan.repeat == 0 {
            return Err("--repeat is 0, expected 1 or more".to_owned());
        }
        for word in words.by_ref().take_while(|word| word != "--") {
            plan.inputs.push(input(&word)?);
        }
        for word in words {
            let (name, bytes) =
                word.rsplit_once(':').ok_or_else(|| format!("output '{word}' has no length, expected NAME:BYTES"))?;
            plan.outputs.push((name.to_owned(), number("length of an output", Some(bytes.to_owned()))?));
        }
        match plan.outputs.is_empty() {
            true => Err("no output named, expected -- NAME:BYTES... after the inputs".to_owned()),
            false => Ok(plan),
        }
    }
}

fn input(word: &str) -> Result<(String, DType, Vec<u32>), String> {
    let mut parts = word.rsplitn(3, ':');
    let (Some(dims), Some(dtype), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(format!("input '{word}' not understood, expected NAME:DTYPE:DIMS"));
    };
    let dtype = dtype.parse().map_err(|error: guest_nn::Error| error.to_string())?;
    let dims = match dims {
        "" => Vec::new(),
        dims => dims.split('x').map(|dim| number("dim", Some(dim.to_owned()))).collect::<Result<_, _>>()?,
    };
    Ok((name.to_owned(), dtype, dims))
}

fn number<N: std::str::FromStr>(what: &str, word: Option<String>) -> Result<N, String> {
    let word = word.ok_or_else(|| format!("{what} has no number after it"))?;
    word.parse().map_err(|_| format!("{what} is '{word}', expected a number"))
}
