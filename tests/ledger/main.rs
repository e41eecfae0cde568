//! The ledger's arithmetic against implementations that others wrote, on random sizes.

mod oracles;
