"""Components by name: find them in plugins, check their options, build them, hold them to the contract."""
