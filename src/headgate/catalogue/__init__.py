"""What is known about models: windows, capabilities, prices, dates. Facts as data, read once."""
