#![no_main]

fuzz::program!(hostile::frames());
