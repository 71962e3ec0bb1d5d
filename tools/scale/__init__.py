"""Stores under the load of a province: a year of generated incidents in, the console's own questions out."""
