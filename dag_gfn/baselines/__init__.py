"""Methods that others compare with: the bootstrap of a point estimate, and Markov chains over DAGs and over orders."""
