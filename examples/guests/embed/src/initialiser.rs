//! What a compiler calls before a guest is ever started, by the convention of Wizer: an export `wizer-initialize` that
//! takes and gives nothing and calls nothing of the host. The memory it leaves becomes the guest's.

#[cfg(target_env = "p1")]
mod module {
    /// Reads the vocabulary.
    #[allow(unsafe_code)]
    // SAFETY: no other item of this program has this name.
    #[unsafe(export_name = "wizer-initialize")]
    extern "C" fn initialise() {
        crate::vocabulary::Vocabulary::get();
    }
}

#[cfg(target_env = "p2")]
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod component {
    wit_bindgen::generate!({
        inline: "package guests:embed; world initialised { export wizer-initialize: func(); }",
    });

    struct Initialiser;

    impl Guest for Initialiser {
        fn wizer_initialize() {
            crate::vocabulary::Vocabulary::get();
        }
    }

    export!(Initialiser);
}
