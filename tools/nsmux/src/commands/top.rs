// SPDX-License-Identifier: GPL-2.0

//! `nsmux top`: namespaces on a live screen.

mod detail;
mod screen;
mod state;

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::DefaultTerminal;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::cli::Top;
use crate::error::{Error, Status};
use crate::names::{About, Names};
use crate::netlink::Connection;
use crate::output::number::Numbers;
use crate::sample::Sample;
use crate::selector::{self, Target};

use state::State;

/// A signal that ends the process is noticed after this time.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// Names change seldom, and cost a walk over all processes.
const NAMES_KEPT: Duration = Duration::from_secs(5);

/// Shows the screen until the user has enough.
pub(super) fn run(options: &Top, numbers: Numbers, json: bool) -> Result<Status, Error> {
    if json || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Error::Usage(
            "top needs a terminal; for programs there is `nsmux stat --watch 1 --json`".to_string(),
        ));
    }
    let targets = selector::open_all(&options.place.netns)?;
    let mut connection = Connection::open()?;
    let sample = Sample::take(&mut connection, &targets)?;
    let names = Names::collect(About::Labels, super::inodes(&sample.namespaces));
    let mut state = State::new(numbers, names, sample);

    let ended = Arc::new(AtomicBool::new(false));
    // Not SIGHUP, which simply ends it: the terminal is gone then, needs no restoring, and to wait
    // for a key of it would never end.
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&ended))
            .map_err(Error::io("catch a signal"))?;
    }
    // From here on a panic restores the terminal before it says what happened.
    let mut terminal = ratatui::try_init().map_err(Error::io("take over the terminal"))?;
    let source = Source {
        connection: Some(connection),
        targets,
        named: Instant::now(),
    };
    let result = show(&mut terminal, &mut state, source, options.interval, &ended);
    ratatui::restore();
    result.map(|()| Status::Found)
}

/// Where samples come from.
struct Source {
    connection: Option<Connection>,
    targets: Vec<Target>,
    named: Instant,
}

impl Source {
    /// Takes a sample; if that fails, the next one begins with a new connection, since the module
    /// may have been unloaded and loaded again.
    fn refresh(&mut self, state: &mut State) {
        match self.sample() {
            Ok(sample) => state.update(sample),
            Err(error) => {
                self.connection = None;
                state.problem = Some(error.to_string());
            }
        }
        if self.named.elapsed() > NAMES_KEPT {
            state.rename(Names::collect(About::Labels, state.inodes()));
            self.named = Instant::now();
        }
    }

    fn sample(&mut self) -> Result<Sample, Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(Connection::open()?),
        };
        Sample::take(connection, &self.targets)
    }
}

fn show(
    terminal: &mut DefaultTerminal,
    state: &mut State,
    mut source: Source,
    interval: Duration,
    ended: &AtomicBool,
) -> Result<(), Error> {
    let mut next = Instant::now() + interval;
    while !state.done && !ended.load(Ordering::Relaxed) {
        terminal
            .draw(|frame| screen::draw(frame, state))
            .map_err(Error::io("draw"))?;
        let wait = next
            .saturating_duration_since(Instant::now())
            .min(LONGEST_WAIT);
        if event::poll(wait).map_err(Error::io("wait for a key"))? {
            let event = event::read().map_err(Error::io("read a key"))?;
            if let Event::Key(key) = event {
                press(state, key);
            }
        }
        if Instant::now() >= next {
            if !state.paused {
                source.refresh(state);
            }
            next = Instant::now() + interval;
        }
    }
    Ok(())
}

/// Does what a key means.
fn press(state: &mut State, key: KeyEvent) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        state.done |= key.code == KeyCode::Char('c');
        return;
    }
    if state.editing {
        match key.code {
            KeyCode::Enter => state.editing = false,
            KeyCode::Esc => state.clear_filter(),
            KeyCode::Backspace => state.shorten_filter(),
            KeyCode::Char(c) => state.lengthen_filter(c),
            _ => {}
        }
        return;
    }
    match key.code {
        KeyCode::Char('q') => state.done = true,
        KeyCode::Esc => state.back(),
        KeyCode::Enter => state.open(),
        KeyCode::Up | KeyCode::Char('k') => state.move_by(-1),
        KeyCode::Down | KeyCode::Char('j') => state.move_by(1),
        KeyCode::PageUp => state.move_by(-10),
        KeyCode::PageDown => state.move_by(10),
        KeyCode::Home | KeyCode::Char('g') => state.move_by(isize::MIN),
        KeyCode::End | KeyCode::Char('G') => state.move_by(isize::MAX),
        KeyCode::Char('/') => state.edit_filter(),
        KeyCode::Char('s') | KeyCode::Right | KeyCode::Char('>') => state.sort_by_next(1),
        KeyCode::Left | KeyCode::Char('<') => state.sort_by_next(-1),
        KeyCode::Char('r') => state.reverse(),
        KeyCode::Char('t') => state.totals = !state.totals,
        KeyCode::Char('p') | KeyCode::Char(' ') => state.paused = !state.paused,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use state::tests::{names_shown, state};

    fn type_keys(state: &mut State, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            press(state, code.into());
        }
    }

    #[test]
    fn q_ends_except_in_a_filter() {
        let mut state = state();
        type_keys(&mut state, "/q");
        assert!(!state.done);
        type_keys(&mut state, "\nq");
        assert!(state.done);
    }

    #[test]
    fn control_c_ends() {
        let mut state = state();
        press(
            &mut state,
            KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        );
        assert!(state.done);
    }

    #[test]
    fn a_filter_can_be_typed_and_taken_back() {
        let mut state = state();
        type_keys(&mut state, "/[3]\n");
        assert_eq!(names_shown(&state), ["net:[3]"]);
        type_keys(&mut state, "\u{1b}");
        assert_eq!(names_shown(&state).len(), 3);
    }
}
