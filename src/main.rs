//! The edge of the edge.

fn main() -> std::process::ExitCode {
    mlprov::cli::main()
}
