"""Find components in plugins, check their options, build them, and enforce the contract."""
