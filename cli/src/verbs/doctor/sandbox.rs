//! What this kernel gives for the walls around workers, and what each level means here.

use blink_runtime::sandbox::Standing;

use super::checks::Check;

/// One row for each wall, and one for what `--sandbox` comes to.
pub(super) fn rows(given: Standing) -> Vec<Check> {
    let Standing { no_new_privileges, landlock, filter } = given;
    let wall = |name, is_there: bool, found: String, advice: &str| match is_there {
        true => Check::ok(name, found),
        false => Check::warning(name, "not in this kernel, or switched off", advice),
    };
    let abi = landlock.unwrap_or_default();
    let rows = [
        wall(
            "Landlock",
            landlock.is_some(),
            format!("ABI {abi}: workers open no path but those granted"),
            "Linux 5.13 or later, with landlock among its security modules (lsm=landlock,...)",
        ),
        wall(
            "seccomp",
            filter,
            "workers make the calls of a written list alone".into(),
            "a kernel with CONFIG_SECCOMP_FILTER, on x86-64 or aarch64",
        ),
        wall(
            "privileges",
            no_new_privileges,
            "workers can get no new ones".into(),
            "a kernel that knows PR_SET_NO_NEW_PRIVS",
        ),
    ];
    let mut rows = Vec::from(rows);
    rows.push(levels(given));
    rows
}

fn levels(given: Standing) -> Check {
    const NAME: &str = "sandbox";
    if given.is_whole() {
        return Check::ok(NAME, "strict and standard: every wall stands; strict ends a worker that runs against one");
    }
    let found = format!("standard: {given}; strict: nothing runs, for want of {}", given.missing());
    Check::warning(NAME, found, "the rows above say what each wall needs; docs/security.md")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::doctor::checks::State;

    #[test]
    fn each_wall_has_a_row_and_what_is_missing_is_told() {
        let whole = Standing { no_new_privileges: true, landlock: Some(7), filter: true };
        let rows_of = |given| rows(given).into_iter().map(|row| (row.name, row.state, row.found)).collect::<Vec<_>>();
        assert!(rows_of(whole).iter().all(|(_, state, _)| *state == State::Ok));
        assert!(rows_of(whole)[0].2.starts_with("ABI 7"));
        let rows = rows_of(Standing { landlock: None, ..whole });
        let states: Vec<_> = rows.iter().map(|(_, state, _)| *state).collect();
        assert_eq!(states, [State::Warning, State::Ok, State::Ok, State::Warning]);
        assert_eq!(rows[3].2, "standard: seccomp, no new privileges; strict: nothing runs, for want of Landlock");
    }
}
