"""The range 靶场: a small plant of real protocol stacks, an attacker with ground truth, and their captures."""
