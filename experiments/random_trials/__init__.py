"""The parts of trials.py: tables, options, damages and kills at random, and what judges how the program takes them."""
