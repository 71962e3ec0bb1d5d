"""The registry's versions, one file each; a released one is never changed again."""
