//! Cold starts, measured: what the benches and the command line share.
//!
//! A cold start is the time from just before a process is spawned to the first output in its parent's hands. Warm is
//! a later run in the same process. "Over" is cold minus warm: what the start itself costs.
//!
//! | module | what it holds |
//! |---|---|
//! | [`setup`], [`peer`] | an artifact made ready to be launched, and commands beside it |
//! | [`measure`] | starts in turns, in each state, and what is looked at after them |
//! | [`sweep`] | starts as one thing grows |
//! | [`load`] | answers while requests keep coming |
//! | [`measurement`] | the file that `blink bench` writes |
//! | [`figure`] | what can be asked of a measurement, by name |
//! | [`budget`] | what a start may cost at most |
//! | [`comparison`] | what changed between two measurements, or two ways |
//! | [`report`] | a measurement as a page, a picture, and files for other programs |
//!
//! What these are made of:
//!
//! | module | what it holds |
//! |---|---|
//! | [`way`] | one way to start a model |
//! | [`worker`], [`ask`] | a worker through the launcher, clocked by its caller; what it is asked |
//! | [`device`] | starts on a device, all in one resident worker |
//! | [`process`] | one fresh process, clocked from outside |
//! | [`launch`] | what a start gave, and why it is no measurement |
//! | [`interleave`] | several ways in turns, so that they share the machine's moods |
//! | [`statistics`] | percentiles, how sure they are, and whether two sides differ |
//! | [`usage`], [`memory`], [`held`] | what a process has used, what it has to itself, what it holds on to |
//! | [`growth`] | whether what is held grows |
//! | [`syscalls`] | the system calls of one start, counted |
//! | [`page_cache`], [`touch`] | files out of the page cache, and read again; weights touched once |
//! | [`machine`], [`noise`], [`overhead`] | what a figure was measured on, how calm that was, what the bench itself costs |
//! | [`agreement`] | whether two answers are the same answer |
//! | [`waterfall`], [`table`], [`whole_file`] | figures as text; files written whole |
//!
//! Of the project's own bench:
//!
//! | module | what it holds |
//! |---|---|
//! | [`subject`] | the models that are measured |
//! | [`record`] | its files under `benches/runs/` |
//! | [`serve`] | a server, driven as its clients drive it |
//! | [`goals`] | which goals a run has kept |
//!
//! No test asserts a speed.

pub mod agreement;
pub mod ask;
pub mod budget;
pub mod comparison;
pub mod device;
pub mod figure;
pub mod goals;
pub mod growth;
pub mod held;
pub mod interleave;
pub mod launch;
pub mod load;
pub mod machine;
pub mod measure;
pub mod measurement;
pub mod memory;
pub mod noise;
pub mod overhead;
pub mod page_cache;
pub mod peer;
pub mod process;
mod reap;
pub mod record;
pub mod report;
pub mod serve;
pub mod setup;
pub mod statistics;
pub mod subject;
pub mod sweep;
pub mod syscalls;
pub mod table;
mod timeline;
pub mod touch;
pub mod usage;
pub mod waterfall;
pub mod way;
pub mod whole_file;
pub mod worker;

pub use timeline::PhaseTime;
