#![no_main]

fuzz::program!(hostile::stored());
