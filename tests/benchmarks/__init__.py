"""Speed and quality, measured by `just bench`: each module has a `run()` that yields figures."""
