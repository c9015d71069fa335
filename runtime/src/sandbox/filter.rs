//! The program that the kernel runs at each call: a search through the written list.
//!
//! The list is cut into ranges of numbers that are judged alike, and searched by halves: the kernel runs the program
//! once for each call there is when it takes it, so a long one would cost a start more than all the rest.

use std::ops::Deref;

use libc::sock_filter;

use super::calls::{NEWEST, Rule, SORTED};
use super::{Sandbox, Walls};

/// What the kernel calls this machine's calls; `None` where the list was not written for it.
pub(super) const ARCHITECTURE: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else {
    None
};

/// From here on numbers are those of another calling convention (x32), or of none.
const OTHERS: u32 = 1 << 30;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;

/// Where the kernel puts the call's number, its machine, and its arguments.
const NUMBER: u32 = 0;
const MACHINE: u32 = 4;
const ARGUMENTS: u32 = 16;

/// The most instructions of a program, and the most ranges of numbers.
const MOST: usize = 400;
const MOST_RANGES: usize = 160;

/// A program. It is made where it stands: a worker that is restored has no heap to spare.
pub(super) struct Program {
    instructions: [sock_filter; MOST],
    len: usize,
}

impl Program {
    fn push(&mut self, instruction: sock_filter) {
        // One that is too long is told by its length, and not used.
        if let Some(place) = self.instructions.get_mut(self.len) {
            *place = instruction;
        }
        self.len += 1;
    }

    fn extend<const N: usize>(&mut self, instructions: [sock_filter; N]) {
        instructions.into_iter().for_each(|instruction| self.push(instruction));
    }
}

impl Deref for Program {
    type Target = [sock_filter];

    fn deref(&self) -> &[sock_filter] {
        &self.instructions[..self.len]
    }
}

/// The program for `walls` at `level`, in this process; `None` where there is none for this machine.
pub(super) fn program(walls: &Walls, level: Sandbox) -> Option<Program> {
    let judge = Judge { refused: refusal(level), own: std::process::id() };
    let mut program = Program { instructions: [statement(0, 0); MOST], len: 0 };
    program.extend([
        statement(LOAD, MACHINE),
        jump(JUMP_EQUAL, ARCHITECTURE?, 1, 0),
        statement(RETURN, judge.refused),
        statement(LOAD, NUMBER),
    ]);
    judge.search(&Ranges::of(walls), &mut program)?;
    (program.len <= MOST).then_some(program)
}

/// What becomes of a call that is not on the list.
fn refusal(level: Sandbox) -> u32 {
    match level {
        Sandbox::Strict => libc::SECCOMP_RET_KILL_PROCESS,
        Sandbox::Standard | Sandbox::Off => error(libc::EPERM as u16),
    }
}

fn error(number: u16) -> u32 {
    libc::SECCOMP_RET_ERRNO | u32::from(number)
}

/// Numbers from `first` on, up to the next range, are judged alike: by a rule, or refused.
#[derive(Clone, Copy, PartialEq)]
struct Range {
    first: u32,
    rule: Option<&'static Rule>,
}

/// All numbers there are, in order.
struct Ranges {
    all: [Range; MOST_RANGES],
    len: usize,
}

impl Ranges {
    fn of(walls: &Walls) -> Ranges {
        let mut ranges = Ranges { all: [Range { first: 0, rule: None }; MOST_RANGES], len: 1 };
        let mut next = 0;
        for (number, rule, _) in SORTED.iter().filter(|(_, _, who)| who.is_behind(walls)) {
            let number = *number as u32;
            if number > next {
                ranges.add(Range { first: next, rule: None });
            }
            ranges.add(Range { first: number, rule: Some(rule) });
            next = number + 1;
        }
        ranges.add(Range { first: next, rule: None });
        ranges.add(Range { first: NEWEST + 1, rule: Some(&Rule::Error(libc::ENOSYS as u16)) });
        ranges.add(Range { first: OTHERS, rule: None });
        ranges
    }

    /// Adds `range` behind those that are there, of which it may be the rest.
    fn add(&mut self, range: Range) {
        if self.last().is_some_and(|last| last.first == range.first) {
            self.len -= 1;
        }
        if self.last().is_none_or(|last| last.rule != range.rule) {
            self.all[self.len] = range;
            self.len += 1;
        }
    }
}

impl Deref for Ranges {
    type Target = [Range];

    fn deref(&self) -> &[Range] {
        &self.all[..self.len]
    }
}

/// What is judged by.
struct Judge {
    /// What becomes of a call that is not allowed.
    refused: u32,
    /// The process's own id.
    own: u32,
}

impl Judge {
    /// Writes the search for the number that is loaded through `ranges`, of which the first holds whatever is below the
    /// second. `None` where they are too many.
    fn search(&self, ranges: &[Range], program: &mut Program) -> Option<()> {
        let (lower, upper) = ranges.split_at(ranges.len() / 2);
        let Some(middle) = upper.first().filter(|_| !lower.is_empty()) else {
            ranges.iter().for_each(|range| self.verdict(range.rule, program));
            return Some(());
        };
        let at = program.len;
        program.push(jump(JUMP_AT_LEAST, middle.first, 0, 0));
        self.search(lower, program)?;
        program.instructions.get_mut(at)?.jt = u8::try_from(program.len - at - 1).ok()?;
        self.search(upper, program)
    }

    /// Writes the end of a search.
    fn verdict(&self, rule: Option<&Rule>, program: &mut Program) {
        let (allow, refuse) = (libc::SECCOMP_RET_ALLOW, self.refused);
        let load = |argument: u8| statement(LOAD, ARGUMENTS + 8 * u32::from(argument));
        match rule.copied() {
            None => program.push(statement(RETURN, refuse)),
            Some(Rule::Any) => program.push(statement(RETURN, allow)),
            Some(Rule::Error(number)) => program.push(statement(RETURN, error(number))),
            Some(Rule::Bits(argument, mask, value)) => {
                program.extend([load(argument), statement(AND, mask)]);
                one_of(&[value], refuse, program);
            }
            Some(Rule::Both((first, mask, value), (second, other_mask, other))) => {
                program.extend([load(first), statement(AND, mask), jump(JUMP_EQUAL, value, 1, 0)]);
                program.extend([statement(RETURN, refuse), load(second), statement(AND, other_mask)]);
                one_of(&[other], refuse, program);
            }
            Some(Rule::OneOf(argument, values)) => {
                program.push(load(argument));
                one_of(values, refuse, program);
            }
            Some(Rule::OneOfOr(argument, values, number)) => {
                program.push(load(argument));
                one_of(values, error(number), program);
            }
            Some(Rule::Own(argument)) => {
                program.push(load(argument));
                one_of(&[self.own], refuse, program);
            }
            Some(Rule::Null(argument)) => {
                let upper = statement(LOAD, ARGUMENTS + 8 * u32::from(argument) + 4);
                program.extend([upper, jump(JUMP_EQUAL, 0, 1, 0), statement(RETURN, refuse), load(argument)]);
                one_of(&[0], refuse, program);
            }
        }
    }
}

/// Allows the call where what is loaded is one of `values`; `otherwise` is what else becomes of it.
fn one_of(values: &[u32], otherwise: u32, program: &mut Program) {
    for (index, value) in values.iter().enumerate() {
        // To the very end, over the other values and the refusal.
        program.push(jump(JUMP_EQUAL, *value, (values.len() - index) as u8, 0));
    }
    program.extend([statement(RETURN, otherwise), statement(RETURN, libc::SECCOMP_RET_ALLOW)]);
}

fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
