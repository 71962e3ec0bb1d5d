#![no_main]

fuzz::program!(hostile::captures());
