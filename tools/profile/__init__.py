"""A profile of the core at work, for the compiler."""
