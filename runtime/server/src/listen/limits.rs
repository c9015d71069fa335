//! Room for descriptors: each model, connection and worker holds some, and the usual limit is made for small programs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit on open descriptors to the most that the system grants; gives what it is now, `None`: none.
pub fn raise_descriptor_limit() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum && setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok() {
        return maximum;
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_the_system_grants() {
        let raised = raise_descriptor_limit();
        assert_eq!(raised, getrlimit(Resource::Nofile).current);
        assert!(raised.is_none_or(|raised| raised >= 64));
        assert_eq!(raise_descriptor_limit(), raised);
    }
}
