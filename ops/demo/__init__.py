"""Demo data: a dozen businesses whose accounts live in the sandbox, with nine weeks behind them."""
