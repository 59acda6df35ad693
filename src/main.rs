//! The program.

fn main() -> std::process::ExitCode {
    evstack::cli::main()
}
