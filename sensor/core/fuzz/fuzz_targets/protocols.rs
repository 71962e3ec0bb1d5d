#![no_main]

fuzz::program!(hostile::protocols());
