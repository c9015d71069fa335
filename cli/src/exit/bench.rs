//! Exit codes of what concerns measurements alone.
//!
//! These errors pass their sources' words on as their own, so the codes of the sources are asked for here by name.

use blink_benches::launch::LaunchError;
use blink_benches::load::LoadError;
use blink_benches::measure::MeasureError;
use blink_benches::measurement::ReadError;
use blink_benches::setup::SetupError;
use blink_benches::sweep::SweepError;

use super::known as code;
use crate::verbs::bench::{AgentError, BudgetsBroken, Regressed, ReportError, WrongAnswer, WrongUse};

/// The code of `cause`, where it is such an error and calls for one.
pub(super) fn known(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(AgentError::Failed { code, .. }) = cause.downcast_ref() {
        return Some(*code);
    }
    if cause.is::<WrongAnswer>() {
        return Some(5);
    }
    if cause.is::<BudgetsBroken>() || cause.is::<Regressed>() {
        return Some(3);
    }
    if cause.is::<ReadError>() || cause.is::<ReportError>() || cause.is::<WrongUse>() {
        return Some(2);
    }
    let code = cause.downcast_ref().and_then(setup);
    let code = code.or_else(|| cause.downcast_ref().and_then(launch));
    let code = code.or_else(|| cause.downcast_ref().and_then(load));
    code.or_else(|| cause.downcast_ref().and_then(sweep)).or_else(|| cause.downcast_ref().and_then(measure))
}

fn setup(error: &SetupError) -> Option<u8> {
    match error {
        SetupError::Model(error) => code(error),
        SetupError::Library(error) => code(error),
        SetupError::Golden(error) => code(error),
        SetupError::Guest(error) => code(error),
        SetupError::Worker(error) => code(error),
        SetupError::Launcher(error) => code(error),
        SetupError::Snapshot(error) => code(error),
        SetupError::Launch { source, .. } => launch(source),
        SetupError::Answer { .. } => Some(5),
        SetupError::NoInputs { .. } | SetupError::NoGuest { .. } | SetupError::Twice { .. } => Some(2),
        SetupError::Inputs(_) | SetupError::Random { .. } | SetupError::Npy { .. } | SetupError::Io { .. } => None,
    }
}

fn launch(error: &LaunchError) -> Option<u8> {
    match error {
        LaunchError::WrongOutput { .. } | LaunchError::Far { .. } => Some(5),
        LaunchError::Launcher(error) => code(error),
        LaunchError::Worker(error) => code(error),
        _ => None,
    }
}

fn load(error: &LoadError) -> Option<u8> {
    match error {
        LoadError::WrongAnswer { .. } | LoadError::OtherLine { .. } => Some(5),
        LoadError::Rate { .. } | LoadError::NoServers => Some(2),
        LoadError::Start { source, .. } | LoadError::Worker { source, .. } => launch(source),
        _ => None,
    }
}

fn sweep(error: &SweepError) -> Option<u8> {
    match error {
        SweepError::NoSymbolicDim { .. } | SweepError::NoGolden { .. } | SweepError::GuestBatch => Some(2),
        SweepError::Model(error) => code(error),
        SweepError::Setup { source, .. } => setup(source),
        SweepError::Launch { source, .. } => launch(source),
        SweepError::Load { source, .. } => load(source),
        SweepError::Inputs(_) | SweepError::Io { .. } => None,
    }
}

fn measure(error: &MeasureError) -> Option<u8> {
    match error {
        MeasureError::Launch { source, .. } => launch(source),
        MeasureError::PageCache(_) | MeasureError::Cached { .. } => None,
    }
}
