//! How many requests go on at the same time: more as long as all goes well, half as many when the server is busy.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;
use tokio::sync::Semaphore;

const FEWEST: usize = 4;
const FIRST: usize = 32;
const MOST: usize = 128;
/// One burst of refusals counts once.
const BURST: Duration = Duration::from_millis(500);

/// Additive increase, multiplicative decrease (Chiu and Jain, 1989).
pub struct Pace {
    turns: Semaphore,
    state: Mutex<State>,
}

struct State {
    limit: usize,
    /// Turns that go when they end.
    surplus: usize,
    /// Answers since the limit was changed.
    well: usize,
    last_cut: Option<Instant>,
    retries: u64,
}

pub struct Turn<'p>(&'p Pace);

impl Pace {
    pub fn new() -> Self {
        let state = State { limit: FIRST, surplus: 0, well: 0, last_cut: None, retries: 0 };
        Pace { turns: Semaphore::new(FIRST), state: Mutex::new(state) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn; it ends when it is dropped.
    pub async fn turn(&self) -> Turn<'_> {
        if let Ok(permit) = self.turns.acquire().await {
            permit.forget();
        }
        Turn(self)
    }

    /// A request was answered.
    pub fn well(&self) {
        let mut state = self.state();
        state.well += 1;
        if state.well >= state.limit && state.limit < MOST {
            state.well = 0;
            state.limit += 4;
            let kept = state.surplus.min(4);
            state.surplus -= kept;
            self.turns.add_permits(4 - kept);
        }
    }

    /// A request is sent again. `busy`: the server asked for less.
    pub fn again(&self, busy: bool) {
        let mut state = self.state();
        state.retries += 1;
        let just_cut = state.last_cut.is_some_and(|at| at.elapsed() < BURST);
        if !busy || just_cut {
            return;
        }
        let less = (state.limit / 2).max(FEWEST);
        state.surplus += state.limit - less;
        (state.limit, state.well, state.last_cut) = (less, 0, Some(Instant::now()));
    }

    pub fn retries(&self) -> u64 {
        self.state().retries
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        match state.surplus {
            0 => self.0.turns.add_permits(1),
            _ => state.surplus -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_gets_half_as_many_and_then_slowly_more() {
        let pace = Pace::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut turns: Vec<Turn<'_>> = (0..FIRST).map(|_| runtime.block_on(pace.turn())).collect();
        assert_eq!(pace.turns.available_permits(), 0);
        pace.again(true);
        pace.again(true); // of the same burst
        turns.drain(..FIRST / 2);
        assert_eq!(pace.turns.available_permits(), 0, "the first half that ends frees nothing");
        turns.clear();
        assert_eq!(pace.turns.available_permits(), FIRST / 2);
        (0..FIRST / 2).for_each(|_| pace.well());
        assert_eq!(pace.turns.available_permits(), FIRST / 2 + 4);
        assert_eq!(pace.retries(), 2);
    }
}
