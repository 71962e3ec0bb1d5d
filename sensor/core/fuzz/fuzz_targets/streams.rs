#![no_main]

fuzz::program!(hostile::streams());
