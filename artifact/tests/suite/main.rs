//! The artifact format from outside: every rule of `docs/format.md` kept, and broken on purpose.
//!
//! One binary, a module for each kind of question. `support` holds a second implementation of the layout, made
//! from the specification alone, so that writer and reader cannot agree on a mistake.

mod support;

mod changing;
mod damage;
mod device_rules;
mod flipped_bits;
mod goldens;
mod guest_rules;
mod header_rules;
mod interrupted;
mod keys;
mod manifest_rules;
mod manifest_text;
mod mutations;
mod publication;
mod refused_writes;
mod round_trip;
mod signature_block;
mod signatures;
mod strangers;
mod table_rules;
mod truncated;
mod trust;
