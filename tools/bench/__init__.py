"""`make bench`: our own figures on traffic it generates, beside those of others on the same file."""
