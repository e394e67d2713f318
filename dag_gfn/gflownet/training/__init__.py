"""Training of a policy by gradient steps: the loop, its options, replay of trajectories, checkpoints, the optimiser."""
