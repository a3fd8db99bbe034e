#error "The domain is pure: no I/O, no clock, no randomness, no heap. Give it what it needs with the command (docs/architecture.md)."
