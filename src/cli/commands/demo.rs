pub fn run(_: &crate::cli::Context, _: crate::cli::args::DemoArgs) -> Result<u8, crate::app::AppError> {
    Ok(0)
}
