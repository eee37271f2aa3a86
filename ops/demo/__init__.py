"""Demo data: a dozen businesses whose accounts live in the sandbox, with four weeks behind them."""
