"""The example that `backprop train mnist` runs: the data set, the network and its training."""
